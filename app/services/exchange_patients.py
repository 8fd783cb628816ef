"""Patients as FHIR resources: read, found by their numbers, and summed up for whoever must treat them."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.allergies import AllergyView, DenialView
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.medications import MedicationView
from app.domain.observations import Category, ObservationView
from app.domain.pages import cut
from app.domain.patients import PatientSearch, PatientView
from app.domain.problems import ProblemView
from app.domain.refusals import NotFound
from app.exchange.bundle import Found
from app.exchange.outcome import there_are_more
from app.exchange.parts import Resource
from app.exchange.patient import CNS, CPF, OTHER_NAMES, patient
from app.exchange.summary import Known, Maker, summary
from app.repositories import allergies, exchange, patients
from app.repositories import summary as known
from app.services.audit import Opaque, audit
from app.services.chart_door import open_to_read
from app.tables import Patient

_KIND = "fhir:Patient"
_MORE = "Há mais pacientes do que os mostrados: informe mais do nome ou a data de nascimento."
_DIGITS = {CPF: 11, CNS: 15}


class ExchangePatients:
    """The register of patients. ``maker`` says who hands out what is handed out, at a moment."""

    def __init__(self, database: Database, maker: Callable[[datetime], Maker]) -> None:
        self._database = database
        self._maker = maker

    async def read(self, caller: Caller, identity: UUID) -> Resource:
        """One identity, merged or not."""
        require(caller, Action.FIND_PATIENT)
        async with self._database.transaction() as session:
            view = await _view(session, identity)
            await audit(session, caller, Event.RECORD_VIEWED, subject=identity, patient=identity)
            return patient(view)

    async def version(self, caller: Caller, identity: UUID, version: int) -> Resource:
        """One identity as it was. Raises NotFound."""
        require(caller, Action.FIND_PATIENT)
        async with self._database.transaction() as session:
            past = await exchange.past(session, [Patient.__tablename__], identity, version)
            if not past:
                raise NotFound
            await audit(session, caller, Event.RECORD_VIEWED, subject=identity, patient=identity)
            return patient(PatientView.model_validate(past[0].content))

    async def named(self, caller: Caller, search: PatientSearch) -> Found:
        """Who is called so, by the beginnings of names, and was born on that day; in the order of names.

        There is no second page: its address would have to name somebody. Whoever is not on the first one
        must be asked for more precisely, and the page says so.
        """
        require(caller, Action.FIND_PATIENT)
        async with self._database.transaction() as session:
            lines, more = cut(await patients.by_name(session, search, None), search.limit)
            rows = [await session.get(Patient, one.id) for one in lines]
            words: dict[str, Opaque | list[Opaque]] = {"found": len(rows), "kind": _KIND}
            await audit(session, caller, Event.RECORD_SEARCHED, detail=words)
            found = [patient(PatientView.model_validate(row)) for row in rows]
        return Found(found, told=[there_are_more(_MORE)] if more else [])

    async def search(
        self, caller: Caller, identity: UUID | None, identifier: tuple[str | None, str] | None
    ) -> list[Resource]:
        """Who has that id, that number (with its system, or without), or both.

        A number of a merged identity finds the patient whose chart it shares.
        """
        require(caller, Action.FIND_PATIENT)
        async with self._database.transaction() as session:
            found = [] if identity is None else [identity]
            if identifier is not None:
                numbered = await _numbered(session, *identifier)
                found = numbered if identity is None else [one for one in found if one in numbered]
            rows = [row for one in found if (row := await session.get(Patient, one)) is not None]
            only = rows[0].id if len(rows) == 1 else None
            words: dict[str, Opaque | list[Opaque]] = {"found": len(rows), "kind": _KIND}
            await audit(session, caller, Event.RECORD_SEARCHED, subject=only, patient=only, detail=words)
            return [patient(PatientView.model_validate(row)) for row in rows]

    async def summary(self, caller: Caller, identity: UUID) -> Resource:
        """The patient summary of a chart, as a document. It leaves the record, and the audit says so."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            chart = await open_to_read(
                session, caller, identity, event=Event.RECORD_EXPORTED, kind="fhir:summary"
            )
            content = await _known(session, chart)
        return summary(content, uuid4(), self._maker(datetime.now(UTC)))


async def _view(session: AsyncSession, identity: UUID) -> PatientView:
    row = await session.get(Patient, identity)
    if row is None:
        raise NotFound("Não há paciente com este identificador.")
    return PatientView.model_validate(row)


async def _numbered(session: AsyncSession, system: str | None, value: str) -> list[UUID]:
    if not patients.is_number(value):
        return []
    wanted = _DIGITS.get(OTHER_NAMES.get(system, system)) if system else None
    if system and wanted != sum(one.isdigit() for one in value):
        return []
    return [row.id for row in await patients.by_number(session, value)]


async def _known(session: AsyncSession, chart: UUID) -> Known:
    denial = await known.denial(session, chart)
    vital_signs = await known.measured_last(session, chart, Category.VITAL_SIGN)
    results = await known.measured_last(session, chart, Category.LABORATORY)
    return Known(
        patient=await _view(session, chart),
        problems=[ProblemView.model_validate(one) for one in await known.problems(session, chart)],
        allergies=[AllergyView.model_validate(one) for one in await allergies.active(session, chart)],
        denial=DenialView.model_validate(denial) if denial else None,
        medications=[MedicationView.model_validate(one) for one in await known.medications(session, chart)],
        vital_signs=[ObservationView.model_validate(one) for one in vital_signs],
        results=[ObservationView.model_validate(one) for one in results],
    )
