"""Sex, gender identity and race/colour, with the codes that Brazilian systems exchange.

RNDS: race/colour from CodeSystem BRRacaCor (version 201701A), sex as FHIR's administrative gender.
e-SUS APS: the dictionary of its LEDI interface, version 4.3.2. Race/colour is what the person declares, in
IBGE's five categories; nobody else's guess.
"""

from enum import StrEnum
from typing import Self, TypeVar

Kind = TypeVar("Kind", bound=StrEnum)

RACE_COLOUR_SYSTEM = "http://www.saude.gov.br/fhir/r4/CodeSystem/BRRacaCor"


class Sex(StrEnum):
    """Sex as registered; the values are FHIR's administrative gender. LEDI knows no ``other``."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """What the screen says."""
        return {Sex.MALE: "Masculino", Sex.FEMALE: "Feminino", Sex.UNKNOWN: "Ignorado"}[self]

    @property
    def ledi(self) -> int:
        """LEDI's code: 0, 1 or 4."""
        return {Sex.MALE: 0, Sex.FEMALE: 1, Sex.UNKNOWN: 4}[self]

    @classmethod
    def from_ledi(cls, code: int) -> Self:
        """The sex of that LEDI code; ValueError when there is none."""
        return _by(cls, "ledi", code, "Sexo inválido: código desconhecido.")


class GenderIdentity(StrEnum):
    """Gender identity, when the person wishes to state one (LEDI's ``identidadeGeneroCidadao``)."""

    TRANS_MAN = "trans-man"
    TRANS_WOMAN = "trans-woman"
    TRAVESTI = "travesti"
    OTHER = "other"

    @property
    def label(self) -> str:
        """What the screen says."""
        return {
            GenderIdentity.TRANS_MAN: "Homem trans",
            GenderIdentity.TRANS_WOMAN: "Mulher trans",
            GenderIdentity.TRAVESTI: "Travesti",
            GenderIdentity.OTHER: "Outro",
        }[self]

    @property
    def ledi(self) -> int:
        """LEDI's code."""
        return {
            GenderIdentity.TRANS_MAN: 149,
            GenderIdentity.TRANS_WOMAN: 150,
            GenderIdentity.TRAVESTI: 156,
            GenderIdentity.OTHER: 151,
        }[self]

    @classmethod
    def from_ledi(cls, code: int) -> Self:
        """The identity of that LEDI code; ValueError when there is none."""
        return _by(cls, "ledi", code, "Identidade de gênero inválida: código desconhecido.")


class RaceColour(StrEnum):
    """Declared race/colour; the values are RNDS's codes in ``RACE_COLOUR_SYSTEM``."""

    WHITE = "01"
    BLACK = "02"
    BROWN = "03"
    YELLOW = "04"
    INDIGENOUS = "05"

    @property
    def label(self) -> str:
        """IBGE's word for it."""
        return {
            RaceColour.WHITE: "Branca",
            RaceColour.BLACK: "Preta",
            RaceColour.BROWN: "Parda",
            RaceColour.YELLOW: "Amarela",
            RaceColour.INDIGENOUS: "Indígena",
        }[self]

    @classmethod
    def from_rnds(cls, code: str) -> Self:
        """The category of that RNDS code; ValueError when there is none."""
        return _by(cls, "value", code, "Raça/cor inválida: código desconhecido.")


def _by(kind: type[Kind], attribute: str, code: object, fault: str) -> Kind:
    for member in kind:
        if getattr(member, attribute) == code:
            return member
    raise ValueError(fault)
