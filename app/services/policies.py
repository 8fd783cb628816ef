"""The hospital's rules of signing in, changed by administrators; they hold from the next request on."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.policies import PolicyChange, PolicyView
from app.domain.writes import Answer, Repetition, Written
from app.repositories import versions
from app.repositories.sessions import policy
from app.services.identity import Identity
from app.services.once import once
from app.tables import SecurityPolicy


async def read_policy(identity: Identity, caller: Caller) -> PolicyView:
    """The rules as they are."""
    require(caller, Action.READ_ACCOUNTS)
    async with identity.database.transaction() as session:
        return PolicyView.model_validate(await policy(session))


async def change_policy(
    identity: Identity, caller: Caller, repetition: Repetition, version: int, form: PolicyChange
) -> Answer:
    """Other rules, with the reason; the ones before stay in the history. Raises Changed."""
    require(caller, Action.CHANGE_SECURITY_POLICY)

    async def work(session: AsyncSession) -> Written:
        row = await versions.lock(session, SecurityPolicy, (await policy(session)).id, version)
        await versions.change(session, caller, row, form.model_dump(exclude={"reason"}), form.reason)
        return Written(PolicyView.model_validate(row), row.version, Event.SETTINGS_CHANGED, row.id)

    return await once(identity.database, caller, repetition, work)
