"""The tables of the records as SQLAlchemy sees them; migrations make them, nothing here does."""

from app.tables.audit import AuditEntry, AuditLink, AuditPending
from app.tables.base import Base, Versioned
from app.tables.ledger import IdempotencyKey, PastVersion

__all__ = [
    "AuditEntry",
    "AuditLink",
    "AuditPending",
    "Base",
    "IdempotencyKey",
    "PastVersion",
    "Versioned",
]
