"""Breaking the glass: a chart that is closed to a clinician opens for a reason and a limited time.

Nobody has to be asked first, everybody can be asked afterwards: each opening waits in a queue until somebody
else has judged it. It gives no right that the caller's roles lack.
"""

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.emergency import EmergencyView, Opening, Review
from app.domain.refusals import Conflict, Forbidden, NotFound
from app.domain.writes import Answer, Repetition, Written
from app.repositories import emergency as rows
from app.repositories import versions
from app.repositories.sessions import policy
from app.services.identity import Identity
from app.services.once import once
from app.services.target import Target
from app.tables import EmergencyAccess, Patient


async def open_emergency(identity: Identity, caller: Caller, repetition: Repetition, form: Opening) -> Answer:
    """Open a chart for as long as the policy says. Raises NotFound, or Conflict when it is open already."""
    require(caller, Action.OPEN_EMERGENCY_ACCESS)

    async def work(session: AsyncSession) -> Written:
        if await session.get(Patient, form.patient_id) is None:
            raise NotFound
        if await rows.is_open(session, caller.account, [form.patient_id]):
            raise Conflict("Seu acesso de emergência a este prontuário já está aberto.")
        lasts = timedelta(seconds=(await policy(session)).emergency_seconds)
        one = EmergencyAccess(
            id=uuid4(), patient_id=form.patient_id, reason=form.reason, expires_at=func.now() + lasts
        )
        await versions.add(session, caller, one)
        await session.refresh(one)
        return _written(one, Event.EMERGENCY_ACCESS_STARTED, 201)

    return await once(identity.database, caller, repetition, work)


async def end_emergency(identity: Identity, target: Target) -> Answer:
    """Close it before its time. Only who opened it may. Raises NotFound or Changed."""
    caller = target.caller
    require(caller, Action.READ_CHART)

    async def work(session: AsyncSession) -> Written:
        access = await versions.lock(session, EmergencyAccess, target.id, target.version)
        if access.recorded_by != caller.account:
            raise NotFound
        if access.ended_at is not None:
            raise Conflict("Este acesso de emergência já foi encerrado.")
        await versions.change(session, caller, access, {"ended_at": func.now()}, None)
        await session.refresh(access)
        return _written(access, Event.EMERGENCY_ACCESS_ENDED)

    return await once(identity.database, caller, target.repetition, work)


async def mine(identity: Identity, caller: Caller) -> list[EmergencyView]:
    """What the caller has open now."""
    require(caller, Action.READ_CHART)
    async with identity.database.transaction() as session:
        return [EmergencyView.model_validate(one) for one in await rows.open_of(session, caller.account)]


async def review_queue(identity: Identity, caller: Caller, limit: int) -> list[EmergencyView]:
    """Those that nobody has judged yet, the oldest first."""
    require(caller, Action.REVIEW_EMERGENCY_ACCESS)
    async with identity.database.transaction() as session:
        return [EmergencyView.model_validate(one) for one in await rows.waiting(session, limit)]


async def review(identity: Identity, target: Target, form: Review) -> Answer:
    """Judge one, for ever. Raises Forbidden for one's own, Conflict when it was judged, NotFound, Changed."""
    caller = target.caller
    require(caller, Action.REVIEW_EMERGENCY_ACCESS)

    async def work(session: AsyncSession) -> Written:
        access = await versions.lock(session, EmergencyAccess, target.id, target.version)
        if access.recorded_by == caller.account:
            raise Forbidden("Ninguém revisa o próprio acesso de emergência.")
        if access.verdict is not None:
            raise Conflict("Este acesso de emergência já foi revisado.")
        values = {"verdict": form.verdict.value, "remark": form.remark}
        await versions.change(session, caller, access, values, None)
        return _written(access, Event.EMERGENCY_ACCESS_REVIEWED)

    return await once(identity.database, caller, target.repetition, work)


async def has_broken_the_glass(session: AsyncSession, caller: Caller, patients: list[UUID]) -> bool:
    """Whether a chart that is closed to ``caller`` is open to them now; ``patients``: all its identities.

    For services of the record, inside the transaction that reads. One index look-up.
    """
    return await rows.is_open(session, caller.account, patients)


def _written(one: EmergencyAccess, event: Event, status: int = 200) -> Written:
    view = EmergencyView.model_validate(one)
    return Written(view, one.version, event, one.id, one.patient_id, status)
