"""Allergies: none twice, and "nega alergias" holds until one becomes known."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, require
from app.domain.alerts import plain
from app.domain.allergies import (
    ACTIVE,
    ENDED,
    REFUTED,
    STANDING,
    AllergyChange,
    AllergyForm,
    AllergyView,
    DenialForm,
    DenialView,
)
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.refusals import Conflict
from app.domain.writes import Answer, Repetition, Written
from app.repositories import allergies, chart, versions
from app.services.chart import Entries
from app.services.chart_door import open_to_write
from app.services.coding import resolve
from app.services.entry_kinds import Kind, new
from app.services.once import once
from app.tables import Allergy, AllergyDenial

ALLERGIES = Kind(Allergy, AllergyView, Action.RECORD_ALLERGY)
DENIALS = Kind(AllergyDenial, DenialView, Action.RECORD_ALLERGY)


class KnownAlready(Conflict):
    """The same allergy is there: ``registro`` names it."""

    kind = "alergia-ja-registrada"
    title = "Alergia já registrada"
    detail = "Esta alergia já consta do prontuário. Se algo mudou, altere o registro existente."


class HasAllergies(Conflict):
    """Somebody with allergies cannot deny them."""

    kind = "ha-alergias"
    title = "Há alergias registradas"
    detail = "O prontuário tem alergias ativas. Refute-as ou inative-as antes de registrar que não há."


class Allergies:
    """What patients do not tolerate."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    async def add(self, caller: Caller, repetition: Repetition, patient: UUID, form: AllergyForm) -> Answer:
        """A new allergy; it ends a denial that stands. Raises KnownAlready."""
        require(caller, Action.RECORD_ALLERGY)

        async def work(session: AsyncSession) -> Written:
            whole = await open_to_write(session, caller, patient, form.encounter_id)
            await chart.hold(session, whole)
            [substance] = await resolve(session, [form.substance])
            for known in await allergies.active(session, whole):
                if _same(known, substance):
                    raise KnownAlready(registro=str(known.id))
            columns = substance | {
                "status": ACTIVE,
                "reaction": form.reaction,
                "severity": form.severity,
            }
            row = await versions.add(session, caller, new(Allergy, patient, form, columns))
            for denial in await allergies.standing_denials(session, whole):
                values = {"status": ENDED, "ended_by": row.id}
                await versions.change(session, caller, denial, values, "Alergia registrada")
            seen = AllergyView.model_validate(row)
            return Written(seen, row.version, Event.RECORD_CREATED, row.id, patient=whole, status=201)

        return await once(self._entries.database, caller, repetition, work)

    async def change(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: AllergyChange
    ) -> Answer:
        """What is now known of it."""

        async def decide(_: AsyncSession, __: Allergy) -> Mapping[str, Any]:
            status = REFUTED if form.refuted else ACTIVE
            return {"status": status, "reaction": form.reaction, "severity": form.severity}

        return await self._entries.change(
            caller, repetition, ALLERGIES, identity, version, decide=decide, reason=form.reason
        )

    async def deny(self, caller: Caller, repetition: Repetition, patient: UUID, form: DenialForm) -> Answer:
        """The patient was asked, and there is none. Raises HasAllergies, or Conflict when it stands."""
        require(caller, Action.RECORD_ALLERGY)

        async def work(session: AsyncSession) -> Written:
            whole = await open_to_write(session, caller, patient, form.encounter_id)
            await chart.hold(session, whole)
            if await allergies.active(session, whole):
                raise HasAllergies
            if await allergies.standing_denials(session, whole):
                raise Conflict("Já consta que o paciente nega alergias.")
            denial = new(AllergyDenial, patient, form, {"status": STANDING})
            row = await versions.add(session, caller, denial)
            seen = DenialView.model_validate(row)
            return Written(seen, row.version, Event.RECORD_CREATED, row.id, patient=whole, status=201)

        return await once(self._entries.database, caller, repetition, work)


def _same(known: Allergy, substance: Mapping[str, Any]) -> bool:
    """The same code, or without codes the same words."""
    if known.code is not None and substance["code"] is not None:
        return (known.system, known.code) == (substance["system"], substance["code"])
    return plain(known.original) == plain(substance["original"])
