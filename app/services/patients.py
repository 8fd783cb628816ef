"""Registering, finding and correcting patients."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.likeness import CERTAIN, Likeness
from app.domain.pages import Page, cut, decode_cursor, encode_cursor, word
from app.domain.patient_conflicts import LikelyDuplicate, Merged, NumberTaken
from app.domain.patients import (
    Correction,
    Demographics,
    Identity,
    PatientLine,
    PatientSearch,
    PatientView,
    Registered,
    Registration,
    Unknown,
)
from app.domain.refusals import NotFound
from app.domain.writes import Answer, Repetition, Written
from app.repositories import patients, versions
from app.services.audit import audit
from app.services.duplicates import look_for_duplicates, propose
from app.services.once import once
from app.tables import Patient


class Patients:
    """The register of patients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(self, caller: Caller, repetition: Repetition, form: Registration) -> Answer:
        """A new patient; raises NumberTaken or LikelyDuplicate when they seem to be here already."""
        require(caller, Action.IDENTIFY_PATIENT)

        async def work(session: AsyncSession) -> Written:
            await _refuse_taken(session, form, None)
            alike = await look_for_duplicates(session, form, None)
            certain = [one.other for one in alike if one.score >= CERTAIN]
            if certain and not form.certain_new:
                raise LikelyDuplicate(candidatos=[str(one) for one in certain])
            identity = uuid4()
            row = Patient(id=identity, chart_id=identity, identity=Identity.IDENTIFIED, **_columns(form))
            await versions.add(session, caller, row)
            await propose(session, caller, row.id, alike)
            return _written(row, alike, Event.RECORD_CREATED, status=201)

        return await once(self._database, caller, repetition, work)

    async def register_unknown(self, caller: Caller, repetition: Repetition, form: Unknown) -> Answer:
        """A patient whom nobody knows yet: a name the hospital gives, until the identity is corrected."""
        require(caller, Action.IDENTIFY_PATIENT)

        async def work(session: AsyncSession) -> Written:
            identity = uuid4()
            row = Patient(
                id=identity,
                chart_id=identity,
                identity=Identity.PROVISIONAL,
                name=f"Não identificado {str(identity)[:8].upper()}",
                description=form.description,
                sex=form.sex,
            )
            await versions.add(session, caller, row)
            return _written(row, [], Event.RECORD_CREATED, status=201)

        return await once(self._database, caller, repetition, work)

    async def correct(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: Correction
    ) -> Answer:
        """The identity as it now is; one that was provisional is then identified."""
        require(caller, Action.IDENTIFY_PATIENT)

        async def work(session: AsyncSession) -> Written:
            row = await versions.lock(session, Patient, identity, version)
            if row.merged_into is not None:
                raise Merged(prontuario=str(row.chart_id))
            await _refuse_taken(session, form, identity)
            values = _columns(form) | {"identity": Identity.IDENTIFIED}
            await versions.change(session, caller, row, values, form.reason)
            alike = await look_for_duplicates(session, form, identity)
            await propose(session, caller, identity, alike)
            return _written(row, alike, Event.RECORD_CHANGED)

        return await once(self._database, caller, repetition, work)

    async def read(self, caller: Caller, identity: UUID) -> PatientView:
        """One identity as it was entered, merged or not."""
        require(caller, Action.FIND_PATIENT)
        async with self._database.transaction() as session:
            row = await session.get(Patient, identity)
            if row is None:
                raise NotFound
            await audit(session, caller, Event.RECORD_VIEWED, subject=row.id, patient=row.id)
            return PatientView.model_validate(row)

    async def search(self, caller: Caller, search: PatientSearch) -> Page[PatientLine]:
        """Patients by number, or by name in their alphabetical order; names nearly so when none is so."""
        require(caller, Action.FIND_PATIENT)
        after = decode_cursor(search.cursor, word, UUID)
        async with self._database.transaction() as session:
            if search.text and patients.is_number(search.text):
                rows = await patients.by_number(session, search.text)
            else:
                rows = await patients.by_name(session, search, after)
                if not rows and search.text and not (search.birth or search.mother or after):
                    rows = await patients.sounding_like(session, search.text, search.limit)
            await audit(session, caller, Event.RECORD_SEARCHED, detail={"found": len(rows)})
        lines, more = cut(rows, search.limit)
        cursor = encode_cursor(str(lines[-1].plain), str(lines[-1].id)) if more else None
        return Page(items=[PatientLine.model_validate(row) for row in lines], next=cursor)


async def _refuse_taken(session: AsyncSession, form: Demographics, but: UUID | None) -> None:
    taken = await patients.numbered(session, form.cpf, form.cns, but)
    if taken is not None:
        raise NumberTaken(paciente=str(taken))


def _columns(form: Demographics) -> dict[str, Any]:
    values = form.model_dump(exclude={"certain_new", "reason", "address"})
    return values | {"address": form.address.model_dump() if form.address else None}


def _written(row: Patient, alike: list[Likeness], event: Event, status: int = 200) -> Written:
    seen = PatientView.model_validate(row).model_dump()
    entry = Registered(**seen, possible_duplicates=tuple(one.other for one in alike))
    return Written(entry, row.version, event, row.id, patient=row.id, status=status)
