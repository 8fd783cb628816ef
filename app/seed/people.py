"""A person: who, how old, where from, of what build. Shares follow the census of 2022, roughly."""

from datetime import date, timedelta
from random import Random
from uuid import UUID

from app.brazil.cns import CnsKind
from app.brazil.demographics import GenderIdentity, RaceColour, Sex
from app.brazil.invented import invent_cns, invent_cpf, invent_phone
from app.seed.codes import coded
from app.seed.names import invent_first_name, invent_surnames
from app.seed.numbers import own_digits
from app.seed.places import choose_city, invent_address
from app.seed.records import Coded, Patient

_AGES = ((0, 4), (5, 14), (15, 24), (25, 39), (40, 59), (60, 74), (75, 94))
_AGE_WEIGHTS = (7, 11, 13, 22, 27, 14, 6)
_RACES = (
    *((RaceColour.BROWN, 453), (RaceColour.WHITE, 435), (RaceColour.BLACK, 102)),
    *((RaceColour.INDIGENOUS, 6), (RaceColour.YELLOW, 4)),
)
_OCCUPATIONS = (
    *("231210", "252210", "411010", "422105", "512105", "514320", "521110", "715210", "717020", "782305"),
)
_YOUNGEST = timedelta(days=45)
"""A patient has been seen at least once, and the first visit is not on the day of birth."""


def invent_id(random: Random) -> UUID:
    """An identifier from the patient's own source."""
    return UUID(int=random.getrandbits(128), version=4)


def invent_patient(random: Random, seed: int, index: int, today: date) -> Patient:
    """Patient ``index`` of a seed, alive on ``today``."""
    birth = _birth(random, today)
    age = (today - birth).days // 365
    sex = random.choice((Sex.FEMALE, Sex.MALE))
    family = invent_surnames(random)
    first = invent_first_name(random, sex, birth.year)
    social, identity = _identity(random, sex, birth, age)
    city = choose_city(random)
    own = own_digits(seed, index)
    mother_born = birth.year - random.randint(17, 40)
    mother = invent_first_name(random, Sex.FEMALE, mother_born)
    return Patient(
        id=invent_id(random),
        name=f"{first} {family}",
        social_name=f"{social} {family}" if social else None,
        mother=f"{mother} {invent_surnames(random, _last(family))}",
        birth=birth,
        sex=sex,
        gender_identity=identity,
        race_colour=random.choices([race for race, _ in _RACES], [weight for _, weight in _RACES])[0],
        cpf=invent_cpf(random, own + city.fiscal_region),
        cns=invent_cns(random, _kind(random), own) if random.random() < 0.85 else None,
        phone=invent_phone(random, city.area) if random.random() < 0.93 else None,
        address=invent_address(random, city),
        occupation=_occupation(random, age),
    )


def _birth(random: Random, today: date) -> date:
    youngest, oldest = random.choices(_AGES, _AGE_WEIGHTS)[0]
    days = random.randint(youngest * 365, (oldest + 1) * 365)
    return today - max(_YOUNGEST, timedelta(days=days))


def _last(family: str) -> str:
    """The last surname, with the particle that belongs to it."""
    *before, last = family.split()
    return f"{before[-1]} {last}" if before and before[-1] in ("da", "de", "do", "dos") else last


def _identity(random: Random, sex: Sex, birth: date, age: int) -> tuple[str | None, GenderIdentity | None]:
    """Social name and gender identity of the few who have stated one (Decreto 8.727/2016)."""
    if age < 16 or random.random() >= 0.008:
        return None, None
    if sex is Sex.FEMALE:
        return invent_first_name(random, Sex.MALE, birth.year), GenderIdentity.TRANS_MAN
    identity = random.choice((GenderIdentity.TRANS_WOMAN, GenderIdentity.TRAVESTI))
    return invent_first_name(random, Sex.FEMALE, birth.year), identity


def _kind(random: Random) -> CnsKind:
    return CnsKind.DEFINITIVE if random.random() < 0.25 else CnsKind.PROVISIONAL


def _occupation(random: Random, age: int) -> Coded | None:
    if not 18 <= age < 68 or random.random() < 0.2:
        return None
    return coded("cbo", random.choice(_OCCUPATIONS))
