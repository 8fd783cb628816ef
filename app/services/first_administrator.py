"""The account that makes all others, made on the machine, once: nobody could give it rights over the net."""

from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.caller import Role
from app.domain.passwords import judge
from app.domain.refusals import Conflict
from app.repositories import accounts
from app.services.audit import Event, audit
from app.services.identity import Identity
from app.tables import Account


async def make_first_administrator(
    identity: Identity, *, username: str, name: str, cpf: str, password: str
) -> Account:
    """An active administrator who must choose another password at once.

    username: lower case; cpf: 11 digits. Raises Invalid for the password; Conflict when anybody has an
    account: from then on administrators make them.
    """
    judge(password, username)
    kept = await identity.passwords.hash(password)
    async with identity.database.transaction() as session:
        await _alone(session)
        one = uuid4()
        account = Account(
            id=one,
            version=1,
            username=username,
            name=name,
            cpf=cpf,
            roles=[Role.ADMINISTRATOR.value],
            active=True,
            # Made by itself: there is nobody before it.
            recorded_by=one,
            changed_by=one,
        )
        session.add(account)
        await session.flush()
        await accounts.keep_password(session, one, kept, temporary=True, by=one)
        await audit(session, None, Event.ACCOUNT_CREATED, subject=one, detail={"first": True})
    return account


async def _alone(session: AsyncSession) -> None:
    """Two who run the command at the same time must not both find nobody."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('first_administrator'))"))
    if await accounts.everybody(session):
        raise Conflict("Já existem contas: peça a um administrador que crie a sua.")
