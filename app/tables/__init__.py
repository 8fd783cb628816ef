"""The tables of the records as SQLAlchemy sees them; migrations make them, nothing here does."""

from app.tables.base import Base, Versioned
from app.tables.ledger import IdempotencyKey, PastVersion

__all__ = ["Base", "IdempotencyKey", "PastVersion", "Versioned"]
