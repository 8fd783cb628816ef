"""How to reach a patient in Brazil: telephone and postal code."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_CEP = re.compile(r"([0-9]{5})-?([0-9]{3})")
_LOWEST_CEP = "01000000"
"""Correios' ranges begin in São Paulo with 01000-000."""


@dataclass(frozen=True, slots=True, repr=False)
class Phone:
    """A number of Brazil's numbering plan; ``str`` is how a Brazilian writes it.

    e164: ``+55``, area code (DDD) and 8 or 9 digits
    """

    e164: str

    def __post_init__(self) -> None:
        parsed = _read(self.e164)
        if parsed is None or _written(parsed, "E164") != self.e164:
            raise ValueError(_NOT_A_PHONE)

    def __str__(self) -> str:
        parsed = _read(self.e164)
        assert parsed is not None  # noqa: S101 (else it would not exist)
        return _written(parsed, "NATIONAL")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


@dataclass(frozen=True, slots=True)
class Cep:
    """A postal code by its form (Correios alone knows which exist); ``str`` is the written form.

    digits: 8 digits
    """

    digits: str

    def __post_init__(self) -> None:
        if not (len(self.digits) == 8 and self.digits.isascii() and self.digits.isdigit()):
            raise ValueError("CEP inválido: são 8 dígitos.")
        if self.digits < _LOWEST_CEP:
            raise ValueError("CEP inválido: nenhum CEP começa com 00.")

    def __str__(self) -> str:
        return f"{self.digits[:5]}-{self.digits[5:]}"

    @classmethod
    def from_number(cls, number: int) -> Self:
        """The CEP of those digits read as a number."""
        return cls(f"{number:08d}")


def parse_phone(text: str) -> Phone:
    """A Brazilian number with its area code, in any usual writing; ValueError in Portuguese otherwise."""
    parsed = _read(text)
    if parsed is None:
        raise ValueError(_NOT_A_PHONE)
    return Phone(_written(parsed, "E164"))


def parse_cep(text: str) -> Cep:
    """A CEP with or without the hyphen; ValueError in Portuguese otherwise."""
    found = _CEP.fullmatch(text.strip())
    if found is None:
        raise ValueError("CEP inválido: escreva os 8 dígitos, como em 00000-000.")
    return Cep("".join(found.groups()))


_NOT_A_PHONE = "Telefone inválido: escreva o DDD e o número, como em (11) 91234-5678."


def _read(text: str) -> "PhoneNumber | None":
    # The plan of every country is behind it: loaded when the first number is read.
    import phonenumbers  # noqa: PLC0415

    try:
        parsed = phonenumbers.parse(text, "BR")
    except phonenumbers.NumberParseException:
        return None
    # An extension would be lost in E.164, and with it whom the number reaches.
    plain = parsed.extension is None
    return parsed if plain and phonenumbers.is_valid_number_for_region(parsed, "BR") else None


def _written(number: "PhoneNumber", form: Literal["E164", "NATIONAL"]) -> str:
    import phonenumbers  # noqa: PLC0415

    return phonenumbers.format_number(number, getattr(phonenumbers.PhoneNumberFormat, form))
