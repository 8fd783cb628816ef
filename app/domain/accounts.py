"""Accounts: forms, and what is shown of one."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from app.domain.account_fields import OCCUPATION, REGISTRATION, USERNAME
from app.domain.caller import Role
from app.domain.fields import CpfDigits, Form, Line, Reason, View
from app.domain.refusals import Rule


def _distinct(roles: list[Role]) -> list[Role]:
    if len(set(roles)) != len(roles):
        raise Rule("o mesmo perfil aparece duas vezes")
    return sorted(roles)


Username = Annotated[str, StringConstraints(pattern=f"^{USERNAME.pattern}$")]
Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role)), AfterValidator(_distinct)]
CouncilNumber = Annotated[str, StringConstraints(pattern=f"^{REGISTRATION.pattern}$")]
Occupation = Annotated[str, StringConstraints(pattern=f"^{OCCUPATION.pattern}$")]


class NewAccount(Form):
    """A person of the hospital. Without a password nobody can sign in yet."""

    username: Username
    name: Line
    cpf: CpfDigits
    registration: CouncilNumber | None = None
    occupation: Occupation | None = None
    roles: Roles


class AccountChange(Form):
    """What may change of a person. The username stays: entries are signed with it."""

    name: Line
    cpf: CpfDigits
    registration: CouncilNumber | None = None
    occupation: Occupation | None = None
    reason: Reason


class RolesChange(Form):
    roles: Roles
    reason: Reason


class StandingChange(Form):
    """Close an account, or open it again. None is ever deleted."""

    active: bool
    reason: Reason


class PasswordReset(Form):
    """A password that its owner must replace at once."""

    password: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class AccountView(View):
    id: UUID
    version: int
    username: str
    name: str
    cpf: str
    registration: str | None
    occupation: str | None
    roles: list[Role]
    active: bool
    recorded_at: datetime
    changed_at: datetime
    changed_by: UUID
    change_reason: str | None


class AccountDetails(View):
    """An account, and whether too many tries have locked it."""

    account: AccountView
    locked: bool
    open_sessions: int
