"""A patient's record while it is being made up: courses add to it, and nothing in it lies in the future."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from random import Random
from uuid import UUID

from app.seed.body import Body, HighPressure
from app.seed.people import invent_id
from app.seed.records import (
    Allergy,
    Coded,
    Encounter,
    EncounterKind,
    Medication,
    Note,
    Observation,
    Patient,
    PatientRecord,
    Problem,
)
from app.seed.staff import Role, Staff
from app.seed.visit import Visit

HOSPITAL_ZONE = timezone(timedelta(hours=-3))
"""The hospital stands in São Paulo; there has been no summer time since 2019."""

_SATURDAY = 5


class Chart:
    """Grows by visits; ``finish`` gives the record.

    now: after this, nothing has happened yet
    forbidden: families of drugs that the patient's allergies forbid
    high_pressure: what every course measures in a hypertensive
    """

    def __init__(self, patient: Patient, body: Body, random: Random, staff: Staff, now: datetime) -> None:
        self.patient, self.body, self.random, self.now = patient, body, random, now
        self.forbidden: frozenset[str] = frozenset()
        self.high_pressure: HighPressure | None = None
        self.problems: dict[UUID, Problem] = {}
        self.medications: dict[UUID, Medication] = {}
        self.observations: list[Observation] = []
        self.notes: list[Note] = []
        self._staff = staff
        self._encounters: list[Encounter] = []

    @property
    def today(self) -> date:
        """The day of ``now``."""
        return self.now.date()

    @property
    def first_seen(self) -> datetime | None:
        """When the earliest encounter began; None before there is one."""
        return min((one.started for one in self._encounters), default=None)

    def ambulatory(self, day: date, role: Role, reason: Coded) -> Visit | None:
        """A consultation on a working day, that day or soon after; None when it is still to come."""
        started = at(day, time(self.random.randint(8, 16), self.random.choice((0, 20, 40))))
        length = timedelta(minutes=self.random.randint(15, 40))
        return self._begin(EncounterKind.AMBULATORY, started, length, role, reason)

    def emergency(self, day: date, role: Role, reason: Coded) -> Visit | None:
        """A few hours in the emergency room, on that day or soon after; None when it is still to come."""
        started = at(day, self.clock())
        length = timedelta(minutes=self.random.randint(120, 360))
        return self._begin(EncounterKind.EMERGENCY, started, length, role, reason)

    def admission(self, started: datetime, days: int, role: Role, reason: Coded) -> Visit | None:
        """``days`` nights in the hospital until about noon; None when the discharge is still to come."""
        leaves = at(started.date() + timedelta(days=days), time(self.random.randint(11, 14), 30))
        return self._begin(EncounterKind.INPATIENT, started, leaves - started, role, reason)

    def clock(self, earliest: int = 0, latest: int = 23) -> time:
        """Some time of the day, its hour between the two."""
        return time(self.random.randint(earliest, latest), self.random.randint(0, 59))

    def resolve(self, problem: UUID, day: date) -> None:
        """The problem is over since that day, unless that is still to come."""
        if day <= self.today:
            self.problems[problem] = replace(self.problems[problem], resolved=day)

    def stop(self, medication: UUID, day: date) -> None:
        """The drug is no longer taken since that day, unless that is still to come."""
        if day <= self.today:
            self.medications[medication] = replace(self.medications[medication], ended=day)

    def finish(self, allergies: tuple[Allergy, ...], denies_allergies_at: datetime | None) -> PatientRecord:
        """The record as it is now, everything in the order of its time."""
        return PatientRecord(
            patient=self.patient,
            allergies=allergies,
            denies_allergies_at=denies_allergies_at,
            encounters=tuple(sorted(self._encounters, key=lambda one: one.started)),
            problems=tuple(sorted(self.problems.values(), key=lambda one: (one.onset, one.recorded_at))),
            medications=tuple(sorted(self.medications.values(), key=lambda one: one.started)),
            observations=tuple(sorted(self.observations, key=lambda one: one.occurred_at)),
            notes=tuple(sorted(self.notes, key=lambda one: one.occurred_at)),
        )

    def _begin(
        self, kind: EncounterKind, started: datetime, length: timedelta, role: Role, reason: Coded
    ) -> Visit | None:
        while self._impossible(kind, started, started + length):
            started += timedelta(days=1)
        if started + length > self.now:
            return None
        author = self.random.choice(self._staff[role])
        encounter = Encounter(invent_id(self.random), kind, started, started + length, author, reason)
        self._encounters.append(encounter)
        return Visit(self, encounter)

    def _impossible(self, kind: EncounterKind, started: datetime, ended: datetime) -> bool:
        """Whether the patient is elsewhere then, or the consulting rooms are closed."""
        closed = kind is EncounterKind.AMBULATORY and started.weekday() >= _SATURDAY
        return closed or any(started < one.ended and one.started < ended for one in self._encounters)


def at(day: date, hour: time) -> datetime:
    """That hour at the hospital."""
    return datetime.combine(day, hour, HOSPITAL_ZONE)
