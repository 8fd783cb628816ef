"""People who may sign in, what they prove it with, and the hospital's rules for it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Versioned


class Account(Versioned):
    """A person of the hospital. Roles are part of the version, so the history tells who gave them."""

    __tablename__ = "accounts"

    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    cpf: Mapped[str] = mapped_column(unique=True)
    registration: Mapped[str | None]
    """With the council of the profession: ``CRM-SP 123456``."""
    occupation: Mapped[str | None]
    """CBO's code."""
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    active: Mapped[bool]


class Password(Base):
    """A password's hash. The newest holds; earlier ones are kept, so that they are not taken again."""

    __tablename__ = "passwords"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    hash: Mapped[str]
    temporary: Mapped[bool]
    """Set by an administrator: good for choosing another, and for nothing else."""
    set_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    set_by: Mapped[UUID]


class SignInState(Base):
    """How signing in went for one account: what locks it, and what its owner is shown the next time."""

    __tablename__ = "sign_in_states"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    tries: Mapped[int] = mapped_column(server_default=FetchedValue())
    """Towards the lock; an administrator takes them back."""
    failures: Mapped[int] = mapped_column(server_default=FetchedValue())
    """Since the last success; the owner sees them."""
    failed_at: Mapped[datetime | None]
    locked_until: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]


class SecurityPolicy(Versioned):
    """The hospital's one set of rules. The database bounds every figure: nothing can be switched off."""

    __tablename__ = "security_policies"

    tries: Mapped[int]
    lock_seconds: Mapped[int]
    inactivity_seconds: Mapped[int]
    proof_seconds: Mapped[int]
    """For how long a proof of identity is recent enough for a critical act."""
    access_seconds: Mapped[int]
    session_seconds: Mapped[int]
    emergency_seconds: Mapped[int]
    second_factor: Mapped[bool] = mapped_column(server_default=FetchedValue())
    """Whether a password alone opens nothing but the way to a passkey."""
