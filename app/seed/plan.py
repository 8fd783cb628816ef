"""Which courses a patient goes through: likely by age and sex, and possible together."""

from datetime import date, datetime, timedelta
from random import Random

from app.brazil.demographics import Sex
from app.seed.body import HighPressure, invent_body
from app.seed.chart import HOSPITAL_ZONE, Chart
from app.seed.courses import asthma, diabetes, fracture, hypertension, pneumonia, pregnancy, routine
from app.seed.drugs import ALLERGENS, Allergen
from app.seed.people import invent_id, invent_patient
from app.seed.records import Allergy, PatientRecord
from app.seed.staff import invent_staff

NOW = datetime(2026, 11, 1, 12, tzinfo=HOSPITAL_ZONE)
"""When the records are looked at, unless told otherwise: fixed, so that bytes do not depend on it."""

_DENIES, _HAS = 0.70, 0.15  # the rest has not been asked
_YEARS_BACK = 3


def invent_record(seed: int, index: int, now: datetime = NOW) -> PatientRecord:
    """The whole record of patient ``index`` (from 0) of a seed, as it is at ``now`` (with an offset)."""
    random = Random(f"{seed}/{index}")
    now = now.astimezone(HOSPITAL_ZONE)
    patient = invent_patient(random, seed, index, now.date())
    chart = Chart(patient, invent_body(random, patient.birth, patient.sex), random, invent_staff(seed), now)
    answer = random.random()
    allergens = random.sample(ALLERGENS, random.choice((1, 1, 2))) if answer < _HAS else []
    chart.forbidden = frozenset().union(*(one.families for one in allergens))
    _go_through(chart)
    seen = chart.first_seen
    if seen is None:
        raise RuntimeError(f"patient {index} of seed {seed} was never seen: a course must see everybody")
    asked = seen + timedelta(minutes=9)
    return chart.finish(
        tuple(_allergy(random, one, asked) for one in allergens),
        asked if _HAS <= answer < _HAS + _DENIES else None,
    )


def _go_through(chart: Chart) -> None:
    """Admissions come first, so that consultations are planned around them."""
    random, age = chart.random, chart.body.age(chart.today)
    hypertensive = age >= 30 and random.random() < min(0.6, (age - 25) * 0.011)
    diabetic = age >= 35 and random.random() < min(0.22, (age - 30) * 0.006) * (1.6 if hypertensive else 0.7)
    pregnant = (
        chart.patient.sex is Sex.FEMALE
        and chart.patient.gender_identity is None
        and 19 <= age <= 41
        and not (hypertensive or diabetic)
        and random.random() < 0.22
    )
    found = _day(chart, latest=5, from_age=28)
    if hypertensive:
        chart.high_pressure = HighPressure(random.uniform(150, 176), found)
    if age >= 16 and not pregnant and random.random() < (0.08 if age >= 60 else 0.03):
        pneumonia.course(chart, _day(chart, latest=14, from_age=15))
    if pregnant:
        pregnancy.course(chart, _day(chart, latest=70, from_age=18, back=900))
    if age >= 6 and random.random() < 0.05:
        fracture.course(chart, _day(chart, latest=3, from_age=5))
    if 5 <= age < 55 and random.random() < 0.08:
        asthma.course(chart, _day(chart, latest=3, from_age=4))
    if hypertensive:
        hypertension.course(chart, found)
    if diabetic:
        diabetes.course(chart, _day(chart, latest=5, from_age=33))
    chronic = hypertensive or diabetic
    if chart.first_seen is None or (not chronic and random.random() < 0.1):
        routine.course(chart, _day(chart, latest=10, from_age=0))


def _day(chart: Chart, *, latest: int, from_age: int, back: int = _YEARS_BACK * 365) -> date:
    """A day between ``back`` and ``latest`` days ago, the patient being at least that many years old."""
    ago = chart.random.randint(latest, back)
    earliest = chart.patient.birth + timedelta(days=30 + round(from_age * 365.25))
    return max(earliest, chart.today - timedelta(days=ago))


def _allergy(random: Random, allergen: Allergen, asked: datetime) -> Allergy:
    reaction = random.choice(allergen.reactions)
    return Allergy(
        invent_id(random), allergen.substance, reaction, reaction in ("anafilaxia", "angioedema"), asked
    )
