"""How alike two identities are. A number for people to look at; never a decision."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

PROPOSED = 0.7
"""From here on somebody is asked to look."""
CERTAIN = 0.9
"""From here on a new registration must say that it is not the same person."""


@dataclass(frozen=True)
class Likeness:
    """Another identity, how alike it is (0 to 1), and what agrees, in fixed words."""

    other: UUID
    score: float
    reasons: tuple[str, ...]


def judge(
    other: UUID,
    births: tuple[date | None, date | None],
    name: float,
    mother: float,
    *,
    mothers_known: bool,
) -> Likeness:
    """Weigh name (half), date of birth (0.3) and mother (0.2); an unknown mother neither helps nor harms."""
    reasons = []
    if name == 1:
        reasons.append("mesmo nome")
    elif name >= 0.5:
        reasons.append("nome semelhante")
    birth = _birth_likeness(*births)
    if birth == 1:
        reasons.append("mesma data de nascimento")
    elif birth > 0:
        reasons.append("data de nascimento semelhante")
    total = 0.5 * name + 0.3 * birth
    if mothers_known:
        total += 0.2 * mother
        if mother >= 0.6:
            reasons.append("mesma mãe" if mother == 1 else "nome da mãe semelhante")
    else:
        total /= 0.8
        # Without a mother, namesakes born on one day cannot be told from one person: less than certain.
        total = min(total, CERTAIN - 0.01)
    return Likeness(other, round(total, 3), tuple(reasons))


def _birth_likeness(one: date | None, two: date | None) -> float:
    """1 for the same day; 0.6 when day and month are exchanged or one part alone differs; 0 otherwise."""
    if one is None or two is None:
        return 0
    if one == two:
        return 1
    exchanged = (one.day, one.month, one.year) == (two.month, two.day, two.year)
    same = (one.day == two.day) + (one.month == two.month) + (one.year == two.year)
    return 0.6 if exchanged or same == 2 else 0
