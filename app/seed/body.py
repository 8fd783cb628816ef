"""Height, weight and vital signs at rest by sex and age, child or adult: rough medians with a spread."""

from dataclasses import dataclass
from datetime import date
from random import Random

from app.brazil.demographics import Sex

_HEIGHT = {  # cm at each birthday from birth to 18
    Sex.MALE: (50, 76, 87, 96, 103, 110, 116, 122, 127, 133, 138, 143, 149, 156, 164, 169, 173, 175, 175),
    Sex.FEMALE: (49, 74, 86, 95, 103, 109, 115, 121, 127, 133, 139, 145, 151, 156, 159, 161, 162, 162, 162),
}
_BODY_MASS_INDEX = (  # kg/m2 at each birthday from birth to 18, either sex
    *(13.4, 16.8, 16.0, 15.6, 15.3, 15.2, 15.3, 15.5, 15.8, 16.2, 16.7, 17.3, 17.9, 18.6, 19.3, 20.0),
    *(20.6, 21.2, 21.7),
)
_ADULT_BODY_MASS_INDEX = 25.5
PRESSURE_TARGET = 140
"""mmHg: below this, what is taken suffices."""

_WORKS_AFTER, _SECOND_DRUG_AFTER = 21, 205  # days
_RESTING = (  # up to this age: heart rate, respiratory rate, systolic, diastolic
    (1, 130, 36, 86, 50),
    (3, 110, 28, 92, 54),
    (6, 100, 24, 96, 58),
    (12, 88, 20, 104, 64),
    (18, 78, 17, 112, 69),
)


@dataclass(frozen=True, slots=True)
class Resting:
    """What is measured in somebody who is well: per minute, and mmHg."""

    heart_rate: float
    respiratory_rate: float
    systolic: float
    diastolic: float


@dataclass(frozen=True, slots=True)
class Body:
    """One person's build, relative to the median of sex and age."""

    birth: date
    sex: Sex
    tall: float
    heavy: float

    def age(self, day: date) -> float:
        """Years on that day."""
        return (day - self.birth).days / 365.25

    def height(self, day: date) -> float:
        """Centimetres on that day."""
        return _between(_HEIGHT[self.sex], self.age(day)) * self.tall

    def weight(self, day: date) -> float:
        """Kilograms on that day."""
        age = self.age(day)
        index = _between(_BODY_MASS_INDEX, age) if age < 18 else _ADULT_BODY_MASS_INDEX
        # A child's build shows less than an adult's.
        heavy = self.heavy if age >= 18 else 1 + (self.heavy - 1) / 2
        return index * heavy * (self.height(day) / 100) ** 2

    def resting(self, day: date) -> Resting:
        """Vital signs on that day of somebody of this age who is well."""
        age = self.age(day)
        for until, *values in _RESTING:
            if age < until:
                return Resting(*values)
        return Resting(74, 16, 114 + 0.2 * (age - 18), 72 + 0.06 * (age - 18))


@dataclass(frozen=True, slots=True)
class HighPressure:
    """A hypertensive's usual systolic pressure, wherever it is measured.

    untreated: mmHg before treatment
    since: day on which treatment began, or a few before; each of at most two drugs lowers it by a tenth
    """

    untreated: float
    since: date

    def systolic(self, day: date) -> float:
        """mmHg on that day; the second drug comes at the first visit, after half a year, if it is needed."""
        on_one = self.untreated * 0.89
        treated = (day - self.since).days
        if treated <= _WORKS_AFTER:
            return self.untreated
        if on_one < PRESSURE_TARGET or treated <= _SECOND_DRUG_AFTER:
            return on_one
        return on_one * 0.89


def invent_body(random: Random, birth: date, sex: Sex) -> Body:
    """A build: height within 9 % of the median, weight from lean to obese."""
    tall = min(1.09, max(0.91, random.gauss(1, 0.035)))
    heavy = min(1.5, max(0.78, random.gauss(1.04, 0.15)))
    return Body(birth, sex, tall, heavy)


def _between(table: tuple[float, ...], age: float) -> float:
    """The table's value at ``age``, straight between two birthdays; the last one afterwards."""
    if age >= len(table) - 1:
        return table[-1]
    whole = int(age)
    return table[whole] + (table[whole + 1] - table[whole]) * (age - whole)
