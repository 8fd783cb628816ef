"""Eight digits that only one patient of a seed has, so that no CPF and no CNS occurs twice.

A bijection instead of a memory of what was given out: a stream of any length needs no more of it.
"""

from functools import lru_cache
from random import Random

LIMIT = 11_111_110
"""How many patients a seed has."""

_SPACE = 10**8
_REPEATED = 11_111_111
"""Multiples of this are the eight equal digits, which would make a CPF of eleven equal ones possible."""


def own_digits(seed: int, index: int) -> str:
    """The digits of patient ``index`` (from 0); IndexError beyond ``LIMIT``."""
    if not 0 <= index < LIMIT:
        raise IndexError(f"patient {index}: a seed has {LIMIT} patients")
    factor, offset = _steps(seed)
    # index + 1 is no multiple of _REPEATED itself, so walking on along the cycle stays one to one.
    number = (factor * (index + 1) + offset) % _SPACE
    while number % _REPEATED == 0:
        number = (factor * number + offset) % _SPACE
    return f"{number:08d}"


@lru_cache(maxsize=8)
def _steps(seed: int) -> tuple[int, int]:
    """A factor that has no divisor in common with the space, and an offset."""
    random = Random(f"{seed}/numbers")
    factor = random.randrange(_SPACE // 10) * 10 + random.choice((1, 3, 7, 9))
    return factor, random.randrange(_SPACE)
