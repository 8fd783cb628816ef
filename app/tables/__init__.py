"""The tables of the records as SQLAlchemy sees them; migrations make them, nothing here does."""

from app.tables.accounts import Account, Password, SecurityPolicy, SignInState
from app.tables.audit import AuditEntry, AuditLink, AuditPending
from app.tables.base import Base, Versioned
from app.tables.chart import (
    Allergy,
    AllergyDenial,
    Encounter,
    Entry,
    Medication,
    Note,
    Observation,
    Prescription,
    Problem,
    Task,
)
from app.tables.documents import Document, SignatureRequest, SignedDocument
from app.tables.emergency import EmergencyAccess
from app.tables.ledger import IdempotencyKey, PastVersion
from app.tables.patients import DuplicateProposal, Patient, PatientMerge
from app.tables.proofs import Face, Passkey, ProviderLink
from app.tables.rights import Consent, ConsentRevocation, ErasureRequest, LegalHold, Restriction
from app.tables.sessions import Challenge, Session, SessionToken
from app.tables.terminology import TerminologyConcept, TerminologyEdition
from app.tables.terms import Terms, TermsAcceptance

__all__ = [
    "Account",
    "Allergy",
    "AllergyDenial",
    "AuditEntry",
    "AuditLink",
    "AuditPending",
    "Base",
    "Challenge",
    "Consent",
    "ConsentRevocation",
    "Document",
    "DuplicateProposal",
    "EmergencyAccess",
    "Encounter",
    "Entry",
    "ErasureRequest",
    "Face",
    "IdempotencyKey",
    "LegalHold",
    "Medication",
    "Note",
    "Observation",
    "Passkey",
    "Password",
    "PastVersion",
    "Patient",
    "PatientMerge",
    "Prescription",
    "Problem",
    "ProviderLink",
    "Restriction",
    "SecurityPolicy",
    "Session",
    "SessionToken",
    "SignInState",
    "SignatureRequest",
    "SignedDocument",
    "Task",
    "TerminologyConcept",
    "TerminologyEdition",
    "Terms",
    "TermsAcceptance",
    "Versioned",
]
