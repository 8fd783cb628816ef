"""The one door to every chart: whose it is, who reads of it, who may add to it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.patient_conflicts import Merged
from app.domain.refusals import Invalid, NotFound
from app.repositories import chart
from app.services.audit import audit
from app.services.closed_charts import refuse_closed


async def open_to_read(
    session: AsyncSession,
    caller: Caller,
    patient: UUID,
    *,
    event: Event = Event.RECORD_VIEWED,
    subject: UUID | None = None,
    kind: str | None = None,
) -> UUID:
    """The chart that identity belongs to. Nobody reads of a chart but through here, and the audit says so.

    subject: the one entry that is read
    kind: which entries are
    Raises NotFound, and ChartClosed when the patient does not want the caller to read it.
    """
    whole = await chart_of(session, patient)
    await refuse_closed(session, caller, whole)
    detail = {"kind": kind} if kind else None
    await audit(session, caller, event, subject=subject, patient=whole, detail=detail)
    return whole


async def chart_of(session: AsyncSession, patient: UUID, encounter: UUID | None = None) -> UUID:
    """Whose chart that identity's is; Invalid when ``encounter`` is not one of that chart."""
    found = await chart.whose(session, patient, encounter)
    if found is None:
        raise NotFound("Não há paciente com este identificador.")
    identity, _, of_encounter = found._tuple()
    if encounter is not None and of_encounter != identity:
        raise Invalid("O atendimento informado não é deste paciente.")
    return identity


async def open_to_write(
    session: AsyncSession, caller: Caller, patient: UUID, encounter: UUID | None = None
) -> UUID:
    """The chart, to add to; ``once`` audits it. Raises what ``own_chart`` does, and ChartClosed."""
    whole = await own_chart(session, patient, encounter)
    await refuse_closed(session, caller, whole)
    return whole


async def open_chart(session: AsyncSession, caller: Caller, patient: UUID) -> UUID:
    """The chart of what is there already: its identity may be another's by now. Who calls it audits.

    Raises NotFound, and ChartClosed.
    """
    whole = await chart_of(session, patient)
    await refuse_closed(session, caller, whole)
    return whole


async def own_chart(session: AsyncSession, patient: UUID, encounter: UUID | None = None) -> UUID:
    """The chart of an identity that is not another's now; nothing clinical is read. Raises Merged."""
    identity = await chart_of(session, patient, encounter)
    if identity != patient:
        raise Merged(prontuario=str(identity))
    return identity
