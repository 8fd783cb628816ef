"""A whole chart: its head, and words anywhere in it."""

from datetime import datetime, timedelta, timezone
from uuid import UUID

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.allergies import Allergies
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.header import ChartSearch, Header, Hit, age
from app.domain.pages import Page
from app.domain.refusals import NotFound
from app.repositories import header, notes
from app.services.audit import audit
from app.services.chart import open_chart
from app.services.closed_charts import refuse_closed

_HOSPITAL = timezone(timedelta(hours=-3))
"""Whose midnight makes a patient a day older; Brasília's time, without summer time since 2019."""


class Charts:
    """What is asked of a chart as a whole."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def header(self, caller: Caller, patient: UUID) -> Header:
        """Who it is and what must not be overlooked; a merged identity gets its chart's."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            row = await header.header(session, patient)
            if row is None:
                raise NotFound("Não há paciente com este identificador.")
            whole = row["patient_id"]
            await refuse_closed(session, caller, whole)
            await audit(session, caller, Event.RECORD_VIEWED, subject=whole, patient=whole)
        if row["allergy_list"]:
            known = Allergies.KNOWN
        else:
            known = Allergies.DENIED if row["denied"] else Allergies.NOT_ASKED
        birth = row["birth"]
        years = age(birth, datetime.now(_HOSPITAL).date()) if birth else None
        return Header.model_validate({**row, "allergies": known, "age": years})

    async def search(self, caller: Caller, patient: UUID, search: ChartSearch) -> Page[Hit]:
        """Entries with those words, the best matches first."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            whole = await open_chart(session, patient)
            await refuse_closed(session, caller, whole)
            rows = await notes.search(session, whole, search.text, caller.account, search.limit)
            await audit(session, caller, Event.RECORD_SEARCHED, patient=whole)
        return Page(items=[Hit.model_validate(row) for row in rows])
