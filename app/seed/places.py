"""Cities that patients come from: IBGE's code, area code, range of postal codes, CPF's fiscal region.

Streets and districts are combined by chance: the address need not exist, and its postal code is any of its
city's.
"""

from dataclasses import dataclass
from random import Random

from app.brazil.contact import Cep
from app.seed.records import Address


@dataclass(frozen=True, slots=True)
class City:
    """fiscal_region: ninth digit of CPFs given out in this state; ceps: first and last, as numbers."""

    name: str
    municipality: str
    state: str
    area: str
    ceps: tuple[int, int]
    fiscal_region: str


CITIES = (
    City("São Paulo", "3550308", "SP", "11", (1_000_000, 5_999_999), "8"),
    City("Guarulhos", "3518800", "SP", "11", (7_000_000, 7_399_999), "8"),
    City("Campinas", "3509502", "SP", "19", (13_000_000, 13_139_999), "8"),
    City("Santos", "3548500", "SP", "13", (11_000_000, 11_099_999), "8"),
    City("Rio de Janeiro", "3304557", "RJ", "21", (20_000_000, 23_799_999), "7"),
    City("Belo Horizonte", "3106200", "MG", "31", (30_000_000, 31_999_999), "6"),
    City("Salvador", "2927408", "BA", "71", (40_000_000, 42_499_999), "5"),
    City("Recife", "2611606", "PE", "81", (50_000_000, 52_999_999), "4"),
    City("Fortaleza", "2304400", "CE", "85", (60_000_000, 61_599_999), "3"),
    City("Manaus", "1302603", "AM", "92", (69_000_000, 69_099_999), "2"),
    City("Belém", "1501402", "PA", "91", (66_000_000, 66_999_999), "2"),
    City("Goiânia", "5208707", "GO", "62", (74_000_000, 74_899_999), "1"),
    City("Curitiba", "4106902", "PR", "41", (80_000_000, 82_999_999), "9"),
    City("Porto Alegre", "4314902", "RS", "51", (90_000_000, 91_999_999), "0"),
)
# The hospital stands in São Paulo: most patients live around it.
_WEIGHTS = (60, 14, 6, 4, 2, 2, 2, 2, 2, 1, 1, 1, 2, 1)

_KINDS = ("Rua", "Rua", "Rua", "Avenida", "Travessa", "Alameda")
_STREETS = (
    *("das Acácias", "dos Ipês", "das Palmeiras", "do Sol Nascente", "da Boa Esperança", "das Andorinhas"),
    *("dos Jacarandás", "do Rio Claro", "da Serra Verde", "das Orquídeas", "do Cruzeiro", "das Mangueiras"),
    *("da Alegria", "dos Coqueiros", "da Fonte", "do Horizonte", "das Bromélias", "da Colina"),
)
_DISTRICTS = (
    *("Jardim das Flores", "Vila Nova", "Centro", "Parque dos Lagos", "Vila Esperança", "Jardim Primavera"),
    *("Bela Vista", "Santa Luzia", "Boa Vista", "Vila União", "Parque Industrial", "Jardim América"),
)
_COMPLEMENTS = ("Casa 2", "Fundos", "Apto 12", "Apto 31", "Apto 104", "Bloco B, apto 22")


def choose_city(random: Random) -> City:
    """A city, near the hospital most of the time."""
    return random.choices(CITIES, _WEIGHTS)[0]


def invent_address(random: Random, city: City) -> Address:
    """An address in that city."""
    return Address(
        street=f"{random.choice(_KINDS)} {random.choice(_STREETS)}",
        number=str(random.randint(1, 2400)),
        complement=random.choice(_COMPLEMENTS) if random.random() < 0.3 else None,
        district=random.choice(_DISTRICTS),
        city=city.name,
        municipality=city.municipality,
        state=city.state,
        cep=Cep.from_number(random.randint(*city.ceps)),
    )
