"""The hospital's invented professionals. Their councils belong to a state XX, which does not exist."""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from random import Random

from app.brazil.demographics import Sex
from app.seed.codes import coded
from app.seed.names import invent_first_name, invent_surnames
from app.seed.records import Author


class Role(StrEnum):
    """What a professional does; the value is CBO's code."""

    PHYSICIAN = "225125"
    FAMILY_PHYSICIAN = "225142"
    PAEDIATRICIAN = "225124"
    OBSTETRICIAN = "225250"
    ORTHOPAEDIST = "225270"
    NURSE = "223505"


_PER_ROLE = 5
_BORN = 1980

Staff = Mapping[Role, tuple[Author, ...]]


@lru_cache(maxsize=8)
def invent_staff(seed: int) -> Staff:
    """Five people for each role."""
    random = Random(f"{seed}/staff")
    return {role: tuple(_author(random, role, number) for number in range(_PER_ROLE)) for role in Role}


def _author(random: Random, role: Role, number: int) -> Author:
    sex = random.choice((Sex.FEMALE, Sex.MALE))
    council = "COREN" if role is Role.NURSE else "CRM"
    place = list(Role).index(role)
    return Author(
        name=f"{invent_first_name(random, sex, _BORN)} {invent_surnames(random)}",
        occupation=coded("cbo", role.value),
        registration=f"{council}-XX {place * 100 + number + 1:06d}",
    )
