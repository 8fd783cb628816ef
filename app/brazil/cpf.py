"""The CPF, Receita Federal's number of a person, and since 2025 the one that SUS identifies people by."""

import re
from dataclasses import dataclass, field
from typing import Self

from validate_docbr import CPF as _Rule

_WRITTEN = re.compile(r"([0-9]{3})\.?([0-9]{3})\.?([0-9]{3})-?([0-9]{2})")
_RULE = _Rule()


@dataclass(frozen=True, slots=True, repr=False)
class Cpf:
    """A CPF whose check digits hold; ``str`` is the written form.

    digits: 11 digits, no punctuation
    invented: made up for test data; no part of the value, so it does not take part in comparisons
    """

    digits: str
    invented: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if not (len(self.digits) == 11 and self.digits.isascii() and self.digits.isdigit()):
            raise ValueError("CPF inválido: são 11 dígitos.")
        if not _RULE.validate(self.digits):
            raise ValueError("CPF inválido: os dígitos verificadores não conferem.")

    def __str__(self) -> str:
        one, two, three = self.digits[:3], self.digits[3:6], self.digits[6:9]
        return f"{one}.{two}.{three}-{self.digits[9:]}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***{', invented' if self.invented else ''})"

    @classmethod
    def from_base(cls, base: str, *, invented: bool) -> Self:
        """The CPF of these 9 first ``digits``; ValueError when all nine are the same."""
        return cls(base + _check_digits(base), invented)


def parse_cpf(text: str) -> Cpf:
    """A CPF as people write it, with or without punctuation; ValueError (Portuguese, one line) otherwise.

    All eleven digits are wanted: the library behind this would read ``191`` as 000.000.001-91.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError("CPF inválido: escreva os 11 dígitos, como em 000.000.000-00.")
    return Cpf("".join(found.groups()))


def _check_digits(base: str) -> str:
    """Modulus 11 with weights from 10 (then 11) down to 2; a remainder of 10 counts as 0."""
    digits = [int(digit) for digit in base]
    for first in (10, 11):
        total = sum(digit * weight for digit, weight in zip(digits, range(first, 1, -1), strict=True))
        digits.append(total * 10 % 11 % 10)
    return f"{digits[-2]}{digits[-1]}"
