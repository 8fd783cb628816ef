"""Accounts over HTTP, for administrators."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.domain.accounts import (
    AccountChange,
    AccountDetails,
    AccountView,
    NewAccount,
    PasswordReset,
    RolesChange,
    StandingChange,
)
from app.routers.caller import Asking, Services
from app.routers.headers import Once, answered, shown
from app.routers.target import Targeted
from app.services import accounts

routes = APIRouter(prefix="/api/v1/accounts", tags=["contas"])


@routes.get("")
async def everybody(caller: Asking, identity: Services) -> list[AccountView]:
    """All accounts, by name, closed ones included."""
    return await accounts.list_accounts(identity, caller)


@routes.post("", status_code=201, response_model=AccountView)
async def create(caller: Asking, identity: Services, once: Once, form: NewAccount) -> Response:
    """A person's account; a password is set apart from it."""
    return answered(await accounts.create_account(identity, caller, once, form))


@routes.get("/{id}", response_model=AccountDetails)
async def read(caller: Asking, identity: Services, id: UUID) -> Response:
    """One account, its version in the ETag."""
    seen = await accounts.read_account(identity, caller, id)
    return shown(seen, seen.account.version)


@routes.put("/{id}", response_model=AccountView)
async def change(target: Targeted, identity: Services, form: AccountChange) -> Response:
    """Who the person is, with the reason for the change."""
    return answered(await accounts.change_account(identity, target, form))


@routes.put("/{id}/roles", response_model=AccountView)
async def change_roles(target: Targeted, identity: Services, form: RolesChange) -> Response:
    """What the person may do; nobody changes their own."""
    return answered(await accounts.change_roles(identity, target, form))


@routes.put("/{id}/standing", response_model=AccountView)
async def change_standing(target: Targeted, identity: Services, form: StandingChange) -> Response:
    """Close the account or open it again; nobody does that to their own."""
    return answered(await accounts.change_standing(identity, target, form))


@routes.put("/{id}/password", status_code=204)
async def reset_password(caller: Asking, identity: Services, id: UUID, form: PasswordReset) -> None:
    """A password that its owner must replace at once; unlocks the account and ends its sessions."""
    await accounts.reset_password(identity, caller, id, form.password.get_secret_value())


@routes.delete("/{id}/sessions", status_code=204)
async def end_sessions(caller: Asking, identity: Services, id: UUID) -> None:
    """End all sessions of the account."""
    await accounts.end_sessions(identity, caller, id)
