"""A whole chart: its head, and words anywhere in it."""

from datetime import datetime
from uuid import UUID

from app.brazil.dates import HOSPITAL_TIME
from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.allergies import Allergies
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.header import ChartSearch, Header, Hit, age
from app.domain.pages import Page
from app.repositories import header, notes
from app.services.chart_door import open_to_read


class Charts:
    """What is asked of a chart as a whole."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def header(self, caller: Caller, patient: UUID) -> Header:
        """Who it is and what must not be overlooked; a merged identity gets its chart's."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            row = await header.header(session, await open_to_read(session, caller, patient, kind="header"))
        if row["allergy_list"]:
            known = Allergies.KNOWN
        else:
            known = Allergies.DENIED if row["denied"] else Allergies.NOT_ASKED
        birth = row["birth"]
        years = age(birth, datetime.now(HOSPITAL_TIME).date()) if birth else None
        return Header.model_validate({**row, "allergies": known, "age": years})

    async def search(self, caller: Caller, patient: UUID, search: ChartSearch) -> Page[Hit]:
        """Entries with those words, the best matches first."""
        require(caller, Action.READ_CHART)
        async with self._database.transaction() as session:
            whole = await open_to_read(session, caller, patient, event=Event.RECORD_SEARCHED)
            rows = await notes.search(session, whole, search.text, caller.account, search.limit)
        return Page(items=[Hit.model_validate(row) for row in rows])
