"""What entries refer to and a search brings along: their patient, their encounters."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.encounters import EncounterView
from app.domain.patients import PatientView
from app.exchange.encounter import encounter
from app.exchange.parts import Resource
from app.exchange.patient import patient
from app.services.audit import audit
from app.tables import Encounter, Patient


async def bring(
    session: AsyncSession, caller: Caller, chart: UUID, wanted: Collection[str], rows: Sequence[Any]
) -> list[Resource]:
    """The resources that ``rows`` of ``chart``, which is open to the caller, refer to; each once.

    The patient is the chart's, as in the entries themselves. Raises Forbidden for who may not know patients.
    """
    brought: list[Resource] = []
    if "patient" in wanted and rows:
        require(caller, Action.FIND_PATIENT)
        row = await session.get(Patient, chart)
        brought.append(patient(PatientView.model_validate(row)))
        await audit(session, caller, Event.RECORD_VIEWED, subject=chart, patient=chart)
    ids = {found for one in rows if (found := getattr(one, "encounter_id", None)) is not None}
    if "encounter" in wanted and ids:
        met = await session.scalars(select(Encounter).where(Encounter.id.in_(ids)).order_by(Encounter.id))
        brought += [encounter(EncounterView.model_validate(one), chart) for one in met]
        await audit(session, caller, Event.RECORD_VIEWED, patient=chart, detail={"kind": "fhir:Encounter"})
    return brought
