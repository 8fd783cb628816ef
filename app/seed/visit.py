"""One encounter while it is being written: measurements, results, diagnoses, prescriptions and notes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from app.seed.drugs import Drug
from app.seed.measurements import Measurement
from app.seed.people import invent_id
from app.seed.records import Coded, Encounter, Medication, Note, Observation, Problem, ResultStatus

if TYPE_CHECKING:
    from app.seed.chart import Chart

_UNIT_WORDS = {"mm[Hg]": "mmHg", "Cel": "°C", "{score}": "/10", "10*3/uL": "mil/µL"}
_FINAL = ResultStatus.FINAL


class Visit:
    """Adds to its chart. Measuring and deciding happen early, notes are written at the end, unless told."""

    def __init__(self, chart: Chart, encounter: Encounter) -> None:
        self.chart, self.encounter = chart, encounter
        self._found: list[str] = []

    @property
    def day(self) -> date:
        """The day on which the encounter began."""
        return self.encounter.started.date()

    def measure(self, what: Measurement, value: float, when: datetime | None = None) -> Decimal:
        """A vital sign, entered within a quarter of an hour; returns it as it was written down."""
        rounded = what.rounded(value)
        occurred = when or self.encounter.started + timedelta(minutes=self.chart.random.randint(1, 8))
        self._add(what, rounded, None, status=_FINAL, occurred=occurred, recorded=self._soon(occurred))
        self._found.append(f"{what.short} {_written(rounded)} {_UNIT_WORDS.get(what.unit, what.unit)}")
        return rounded

    def laboratory(self, what: Measurement, value: float, when: datetime | None = None) -> Decimal:
        """A result whose sample was taken ``when``, entered the same or the next day if that has come."""
        rounded = what.rounded(value)
        occurred = when or self.encounter.started + timedelta(minutes=self.chart.random.randint(5, 14))
        recorded = occurred + timedelta(minutes=self.chart.random.randint(90, 1500))
        self._add(what, rounded, None, status=_FINAL, occurred=occurred, recorded=recorded)
        return rounded

    def report(
        self, what: Measurement, text: str, status: ResultStatus, taken: datetime, after: timedelta
    ) -> None:
        """A result in words, known ``after`` the sample was taken, if that has come."""
        self._add(what, None, text, status=status, occurred=taken, recorded=taken + after)

    def diagnose(self, diagnosis: Coded, onset: date | None = None) -> UUID:
        """A new line of the problem list; it began on the day of the visit, or on ``onset``."""
        problem = Problem(
            invent_id(self.chart.random),
            self.encounter.id,
            diagnosis,
            onset or self.day,
            None,
            self._soon(self.encounter.started + timedelta(minutes=10)),
        )
        self.chart.problems[problem.id] = problem
        return problem.id

    def prescribe(self, drug: Drug, problem: UUID, *, days: int = 0, when: datetime | None = None) -> UUID:
        """A drug for that problem, taken from that day on: for ``days`` days, or for good when 0."""
        decided = when or self.encounter.started + timedelta(minutes=12)
        started = decided.date()
        medication = Medication(
            invent_id(self.chart.random),
            self.encounter.id,
            problem,
            drug.name,
            Decimal(drug.dose),
            drug.unit,
            drug.route,
            drug.frequency,
            started,
            None,
            self._soon(decided),
        )
        self.chart.medications[medication.id] = medication
        if days:
            self.chart.stop(medication.id, started + timedelta(days=days))
        return medication.id

    def note(
        self, subjective: str, assessment: str, plan: str, *, found: str = "", when: datetime | None = None
    ) -> None:
        """A note whose objective part holds what was measured since the last one, and ``found``."""
        objective = "; ".join(self._found + ([found] if found else [])) or "sem medidas"
        self._found = []
        occurred = when or self.encounter.ended - timedelta(minutes=2)
        text = f"S: {subjective}\nO: {objective}.\nA: {assessment}\nP: {plan}"
        self.chart.notes.append(
            Note(
                invent_id(self.chart.random),
                self.encounter.id,
                self.encounter.author,
                text,
                occurred,
                self._soon(occurred),
            )
        )

    def _add(
        self,
        what: Measurement,
        value: Decimal | None,
        text: str | None,
        *,
        status: ResultStatus,
        occurred: datetime,
        recorded: datetime,
    ) -> None:
        identity = invent_id(self.chart.random)
        if recorded <= self.chart.now:
            unit = what.unit if value is not None else None
            self.chart.observations.append(
                Observation(
                    identity, self.encounter.id, what.what, value, unit, text, status, occurred, recorded
                )
            )

    def _soon(self, occurred: datetime) -> datetime:
        """When it was entered: minutes later, but not after now."""
        return min(occurred + timedelta(minutes=self.chart.random.randint(0, 15)), self.chart.now)


def _written(value: Decimal) -> str:
    return str(value).replace(".", ",")
