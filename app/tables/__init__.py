"""The tables of the records as SQLAlchemy sees them; migrations make them, nothing here does."""

from app.tables.accounts import Account, Password, SecurityPolicy, SignInState
from app.tables.audit import AuditEntry, AuditLink, AuditPending
from app.tables.base import Base, Versioned
from app.tables.ledger import IdempotencyKey, PastVersion
from app.tables.patients import DuplicateProposal, Patient, PatientMerge
from app.tables.sessions import Challenge, Session, SessionToken

__all__ = [
    "Account",
    "AuditEntry",
    "AuditLink",
    "AuditPending",
    "Base",
    "Challenge",
    "DuplicateProposal",
    "IdempotencyKey",
    "Password",
    "PastVersion",
    "Patient",
    "PatientMerge",
    "SecurityPolicy",
    "Session",
    "SessionToken",
    "SignInState",
    "Versioned",
]
