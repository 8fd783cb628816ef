"""Accounts, administered by administrators alone: none deleted, nobody's rights changed by themselves."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, require
from app.domain.accounts import (
    AccountChange,
    AccountDetails,
    AccountView,
    NewAccount,
    RolesChange,
    StandingChange,
)
from app.domain.caller import Caller
from app.domain.passwords import judge
from app.domain.refusals import Conflict, Forbidden, NotFound
from app.domain.sessions import End
from app.domain.writes import Answer, Repetition, Written
from app.repositories import accounts as rows
from app.repositories import sessions, versions
from app.services.audit import Event, audit
from app.services.faces import forget
from app.services.identity import Identity
from app.services.once import once
from app.services.password_change import end_all
from app.services.target import Target
from app.tables import Account

_OWN_RIGHTS = "Ninguém altera os próprios perfis nem a própria situação. Peça a outro administrador."
_REFUSED = {
    "uq_accounts_username": "Já existe uma conta com este nome de usuário.",
    "uq_accounts_cpf": "Já existe uma conta com este CPF.",
    "one_administrator": "O sistema precisa de ao menos um administrador ativo.",
}
"""What the database refuses, by the name of its rule: it knows what others do at the same time."""


async def list_accounts(identity: Identity, caller: Caller) -> list[AccountView]:
    """Everybody, closed accounts included."""
    require(caller, Action.READ_ACCOUNTS)
    async with identity.database.transaction() as session:
        return [AccountView.model_validate(one) for one in await rows.everybody(session)]


async def read_account(identity: Identity, caller: Caller, one: UUID) -> AccountDetails:
    """One account. Raises NotFound."""
    require(caller, Action.READ_ACCOUNTS)
    async with identity.database.transaction() as session:
        account = await rows.get(session, one)
        if account is None:
            raise NotFound
        return AccountDetails(
            account=AccountView.model_validate(account),
            locked=await rows.is_locked(session, one),
            open_sessions=await sessions.open_ones(session, one),
        )


async def create_account(
    identity: Identity, caller: Caller, repetition: Repetition, form: NewAccount
) -> Answer:
    """A new account, without a password. Raises Conflict for a taken username or CPF."""
    require(caller, Action.MANAGE_ACCOUNTS)

    async def work(session: AsyncSession) -> Written:
        account = Account(id=uuid4(), active=True, **form.model_dump(mode="json"))
        async with _rules():
            await versions.add(session, caller, account)
        return _written(account, Event.ACCOUNT_CREATED, 201)

    return await once(identity.database, caller, repetition, work)


async def change_account(identity: Identity, target: Target, form: AccountChange) -> Answer:
    """Who the person is. Raises NotFound, Changed, or Conflict for a CPF that is another's."""
    values = form.model_dump(mode="json", exclude={"reason"})
    return await _change(identity, target, values, form.reason, Event.ACCOUNT_CHANGED)


async def change_roles(identity: Identity, target: Target, form: RolesChange) -> Answer:
    """What the person may do, from their next request on. Raises Forbidden for one's own."""
    _refuse_own(target.caller, target.id)
    values = {"roles": [role.value for role in form.roles]}
    return await _change(identity, target, values, form.reason, Event.ROLES_CHANGED)


async def change_standing(identity: Identity, target: Target, form: StandingChange) -> Answer:
    """Close an account, which ends its sessions, or open it again. Raises Forbidden for one's own."""
    _refuse_own(target.caller, target.id)
    event = Event.ACCOUNT_REACTIVATED if form.active else Event.ACCOUNT_INACTIVATED
    return await _change(identity, target, {"active": form.active}, form.reason, event)


async def reset_password(identity: Identity, caller: Caller, one: UUID, password: str) -> None:
    """A password for somebody who forgot theirs, good for choosing another; ends all their sessions.

    Raises Forbidden for one's own: that one is changed by showing it. Takes no key of repetition, under which
    a fingerprint of the password would be kept; done twice it changes nothing more.
    """
    require(caller, Action.MANAGE_ACCOUNTS)
    _refuse_own(caller, one)
    async with identity.database.transaction() as session:
        account = await rows.get(session, one)
    if account is None:
        raise NotFound
    judge(password, account.username)
    kept = await identity.passwords.hash(password)
    async with identity.database.transaction() as session:
        await rows.keep_password(session, one, kept, temporary=True, by=caller.account)
        await rows.unlock(session, one)
        await end_all(session, caller, one, End.PASSWORD_RESET)
        await audit(session, caller, Event.PASSWORD_RESET, subject=one)


async def end_sessions(identity: Identity, caller: Caller, one: UUID) -> None:
    """All sessions of an account end at once: a device was lost. Its owner can sign in again."""
    require(caller, Action.MANAGE_ACCOUNTS)
    async with identity.database.transaction() as session:
        if await rows.get(session, one) is None:
            raise NotFound
        await end_all(session, caller, one, End.REVOKED)


async def _change(
    identity: Identity, target: Target, values: Mapping[str, Any], reason: str, event: Event
) -> Answer:
    caller = target.caller
    require(caller, Action.MANAGE_ACCOUNTS)

    async def work(session: AsyncSession) -> Written:
        account = await versions.lock(session, Account, target.id, target.version)
        async with _rules():
            await versions.change(session, caller, account, values, reason)
        if not account.active:
            await end_all(session, caller, account.id, End.INACTIVATED)
            await forget(session, caller, account.id)
        return _written(account, event)

    return await once(identity.database, caller, target.repetition, work)


def _refuse_own(caller: Caller, one: UUID) -> None:
    if one == caller.account:
        raise Forbidden(_OWN_RIGHTS)


@asynccontextmanager
async def _rules() -> AsyncIterator[None]:
    """Tell what the database refuses in the words that a person reads."""
    try:
        yield
    except IntegrityError as error:
        driver = getattr(error.orig, "__cause__", None)
        told = _REFUSED.get(getattr(driver, "constraint_name", None) or "")
        if told is None:
            raise
        raise Conflict(told) from None


def _written(account: Account, event: Event, status: int = 200) -> Written:
    return Written(AccountView.model_validate(account), account.version, event, account.id, status=status)
