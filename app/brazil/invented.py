"""Identifiers for test data, from a random source: valid by their rules, marked as invented.

No range of CPF or CNS is set aside for tests, so an invented number may by chance be somebody's. Whatever
holds one must carry the mark on, and nothing may be looked up in a national service by it.
"""

from random import Random

from app.brazil.cns import Cns, CnsKind
from app.brazil.contact import Phone
from app.brazil.cpf import Cpf


def invent_cpf(random: Random, prefix: str = "") -> Cpf:
    """A CPF that begins with ``prefix`` (at most 9 digits; not nine equal ones)."""
    while True:
        base = prefix + _digits(random, 9 - len(prefix))
        if len(set(base)) > 1:
            return Cpf.from_base(base, invented=True)
        if len(prefix) == 9:
            raise ValueError("a CPF does not begin with nine equal digits: choose another prefix")


def invent_cns(random: Random, kind: CnsKind, middle: str = "") -> Cns:
    """A CNS of that kind whose digits after the first begin with ``middle`` (at most 8)."""
    if kind is CnsKind.DEFINITIVE:
        base = random.choice("12") + middle
        return Cns.from_base(base + _digits(random, 11 - len(base)), invented=True)
    # CADSUS gives out numbers that begin with 7; 8 and 9 are what older registrations still have.
    start = random.choices("789", (8, 1, 1))[0] + middle
    while True:
        base = start + _digits(random, 14 - len(start))
        try:
            return Cns.from_base(base, invented=True)
        except ValueError:
            continue  # one base in eleven has no check digit


def invent_phone(random: Random, area: str) -> Phone:
    """A mobile number with area code ``area`` in 90000-0000 to 90000-9999.

    The numbering plan allows these; calling one should reach nobody, though no rule reserves them.
    """
    return Phone(f"+55{area}90000{_digits(random, 4)}")


def _digits(random: Random, count: int) -> str:
    return f"{random.randrange(10**count):0{count}d}" if count else ""
