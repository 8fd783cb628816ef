"""The CNS, number of the national health card (Cartão Nacional de Saúde).

The Ministry's routine tells two kinds apart (reprinted by ANVISA, rni-docs.anvisa.gov.br, "Validação CNS"):
numbers that begin with 1 or 2 are a PIS/PASEP number plus ``000`` or ``001`` and a check digit, numbers that
begin with 7, 8 or 9 only need a weighted sum that 11 divides. Other first digits do not exist. Since 2025 the
card shows the CPF instead: old numbers stay in records, and a patient without one is normal.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from validate_docbr import CNS as _Rule

_WRITTEN = re.compile(r"([0-9]{3}) ?([0-9]{4}) ?([0-9]{4}) ?([0-9]{4})")
_WITH_COPY = re.compile(r"[0-9]{3} ?[0-9]{4} ?[0-9]{4} ?[0-9]{4}[ -]?[0-9]")
_FIRST_DIGITS = "12789"
_RULE = _Rule()


class CnsKind(StrEnum):
    """Which of the two rules a number follows.

    ``PROVISIONAL`` is the routine's word. CADSUS also gives numbers that begin with 7 to people whose
    registration is complete, so it says nothing about how long a number lasts.
    """

    DEFINITIVE = "definitive"
    PROVISIONAL = "provisional"


@dataclass(frozen=True, slots=True, repr=False)
class Cns:
    """A CNS that passes the Ministry's routine; ``str`` is the written form.

    digits: 15 digits, no spaces
    invented: made up for test data; not part of the value
    """

    digits: str
    invented: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if not (len(self.digits) == 15 and self.digits.isascii() and self.digits.isdigit()):
            raise ValueError("CNS inválido: são 15 dígitos.")
        if self.digits[0] not in _FIRST_DIGITS:
            raise ValueError("CNS inválido: o número começa com 1, 2, 7, 8 ou 9.")
        if not _RULE.validate(self.digits):
            raise ValueError("CNS inválido: o dígito verificador não confere.")

    @property
    def kind(self) -> CnsKind:
        """The rule that this number follows."""
        return CnsKind.DEFINITIVE if self.digits[0] in "12" else CnsKind.PROVISIONAL

    def __str__(self) -> str:
        return f"{self.digits[:3]} {self.digits[3:7]} {self.digits[7:11]} {self.digits[11:]}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***{', invented' if self.invented else ''})"

    @classmethod
    def from_base(cls, base: str, *, invented: bool) -> Self:
        """The CNS of these first digits: 11 when they begin with 1 or 2, otherwise 14.

        ValueError when no check digit completes them, as with one base of 14 in eleven.
        """
        if base[:1] in ("1", "2"):
            return cls(base + _definitive_end(base), invented)
        missing = -_weighted(base) % 11
        if missing == 10:
            raise ValueError("CNS inválido: nenhum dígito verificador completa este número.")
        return cls(f"{base}{missing}", invented)


def parse_cns(text: str) -> Cns:
    """A CNS as people write it, with or without spaces; ValueError (Portuguese, one line) otherwise."""
    written = text.strip()
    found = _WRITTEN.fullmatch(written)
    if found is None:
        if _WITH_COPY.fullmatch(written):
            raise ValueError("CNS inválido: são 15 dígitos; o 16º do cartão é a via e não se digita.")
        raise ValueError("CNS inválido: escreva os 15 dígitos, como em 000 0000 0000 0000.")
    return Cns("".join(found.groups()))


def _weighted(digits: str) -> int:
    """The sum of digits by weights from 15 downwards."""
    return sum(int(digit) * weight for digit, weight in zip(digits, range(15, 0, -1), strict=False))


def _definitive_end(base: str) -> str:
    check = -_weighted(base) % 11
    # A check digit of 10 cannot be written: the last group becomes 001, which adds 2 to the sum, and then 8.
    return "0018" if check == 10 else f"000{check}"
