"""Prescriptions and their lines. A drug that a recorded allergy names is given only for a written reason."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, require
from app.domain.alerts import names_the_same
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.medications import (
    MedicationChange,
    MedicationForm,
    MedicationStatus,
    MedicationView,
    PrescriptionForm,
    PrescriptionView,
)
from app.domain.refusals import Conflict, Invalid, NotFound
from app.domain.writes import Answer, Repetition, Written
from app.repositories import allergies, chart, prescriptions, versions
from app.repositories.chart import of_chart
from app.services.audit import audit
from app.services.chart import Entries
from app.services.chart_door import open_to_read, open_to_write
from app.services.coding import resolve
from app.services.entry_kinds import Kind, new
from app.services.once import once
from app.tables import Allergy, Medication, Prescription, Problem

MEDICATIONS = Kind(Medication, MedicationView, Action.PRESCRIBE)
_VALID = "valida"


class AllergyAlert(Conflict):
    """A line names what the patient does not tolerate: ``linhas`` are their places, from 0."""

    kind = "alergia-registrada"
    title = "Alergia registrada"
    detail = "O paciente tem alergia registrada a um medicamento da prescrição. Troque-o ou justifique."


class Prescriptions:
    """What patients are to be given."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    async def prescribe(
        self, caller: Caller, repetition: Repetition, patient: UUID, form: PrescriptionForm
    ) -> Answer:
        """All lines, or none. Raises AllergyAlert for a line without the reason it needs."""
        require(caller, Action.PRESCRIBE)

        async def work(session: AsyncSession) -> Written:
            whole = await open_to_write(session, caller, patient, form.encounter_id)
            await chart.hold(session, whole)
            await _of_this_chart(session, whole, form)
            drugs = await resolve(session, [one.drug for one in form.medications])
            alerts = _alerts(await allergies.active(session, whole), drugs)
            silent = [place for place in alerts if form.medications[place].allergy_reason is None]
            if silent:
                raise AllergyAlert(linhas=silent)
            head = new(Prescription, patient, form, {"status": _VALID})
            await versions.add(session, caller, head)
            lines = [
                new(Medication, patient, form, drug | _columns(one, head.id))
                for one, drug in zip(form.medications, drugs, strict=True)
            ]
            await versions.add_all(session, caller, lines)
            for place in alerts:
                overridden = lines[place].id
                await audit(session, caller, Event.ALERT_OVERRIDDEN, subject=overridden, patient=whole)
            seen = prescription_view(head, lines)
            return Written(seen, head.version, Event.RECORD_CREATED, head.id, patient=whole, status=201)

        return await once(self._entries.database, caller, repetition, work)

    async def read(self, caller: Caller, identity: UUID) -> PrescriptionView:
        """A prescription with its lines, as they are now."""
        require(caller, Action.READ_CHART)
        async with self._entries.database.transaction() as session:
            head = await session.get(Prescription, identity)
            if head is None:
                raise NotFound
            await open_to_read(session, caller, head.patient_id, subject=identity, kind="prescriptions")
            return prescription_view(head, await prescriptions.lines(session, identity))

    async def change(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: MedicationChange
    ) -> Answer:
        """Suspend, resume or end one line."""

        async def decide(_: AsyncSession, row: Medication) -> Mapping[str, Any]:
            if row.status == MedicationStatus.ENDED:
                raise Conflict("Este medicamento já foi encerrado. Prescreva-o de novo, se for o caso.")
            if form.ended is not None and form.ended < row.started:
                raise Invalid("O fim não pode ser anterior ao início.")
            return {"status": form.status, "ended": form.ended}

        return await self._entries.change(
            caller, repetition, MEDICATIONS, identity, version, decide=decide, reason=form.reason
        )


async def _of_this_chart(session: AsyncSession, whole: UUID, form: PrescriptionForm) -> None:
    wanted = {one.problem_id for one in form.medications if one.problem_id is not None}
    if wanted:
        known = select(Problem.id).where(of_chart(Problem, whole), Problem.id.in_(wanted))
        if set(await session.scalars(known)) != wanted:
            raise Invalid("O problema informado não é deste paciente.")
    if any(one.ended is not None and one.ended < one.started for one in form.medications):
        raise Invalid("O fim não pode ser anterior ao início.")


def _alerts(known: Sequence[Allergy], drugs: list[dict[str, Any]]) -> list[int]:
    """The places of drugs that an active allergy names."""
    return [place for place, drug in enumerate(drugs) if any(_names(one, drug) for one in known)]


def _names(allergy: Allergy, drug: Mapping[str, Any]) -> bool:
    if allergy.code is not None and (allergy.system, allergy.code) == (drug["system"], drug["code"]):
        return True
    substance = f"{allergy.original} {allergy.term or ''}"
    return names_the_same(substance, f"{drug['original']} {drug['term'] or ''}")


def _columns(one: MedicationForm, prescription: UUID) -> dict[str, Any]:
    values = one.model_dump(exclude={"drug"})
    return values | {"prescription_id": prescription, "status": MedicationStatus.ACTIVE}


def prescription_view(row: Prescription, lines: Sequence[Medication]) -> PrescriptionView:
    """A prescription as it is shown."""
    names = PrescriptionView.model_fields.keys() - {"medications"}
    head = {name: getattr(row, name) for name in names}
    return PrescriptionView(**head, medications=[MedicationView.model_validate(one) for one in lines])
