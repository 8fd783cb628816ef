"""Telephones, postal codes, dates and the codes that describe a person."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.brazil.contact import Cep, Phone, parse_cep, parse_phone
from app.brazil.dates import format_date, parse_date
from app.brazil.demographics import GenderIdentity, RaceColour, Sex


@pytest.mark.parametrize(
    ("text", "e164", "written"),
    [
        ("11912345678", "+5511912345678", "(11) 91234-5678"),
        ("(61) 3123-4567", "+556131234567", "(61) 3123-4567"),
        ("+55 92 90000-1234", "+5592900001234", "(92) 90000-1234"),
    ],
)
def test_a_phone_is_read_in_the_usual_writings(text: str, e164: str, written: str) -> None:
    phone = parse_phone(text)
    assert (phone.e164, str(phone)) == (e164, written)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "190",
        "912345678",
        "(20) 91234-5678",
        "(11) 1234-5678",
        "+1 202 555 0100",
        "(11) 91234-5678 x3",
    ],
)
def test_a_phone_that_reaches_nobody_in_brazil_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="DDD"):
        parse_phone(text)


def test_a_phone_is_only_made_of_its_international_form() -> None:
    with pytest.raises(ValueError, match="DDD"):
        Phone("11912345678")


@given(st.integers(1_000_000, 99_999_999))
def test_a_cep_is_read_with_and_without_hyphen(number: int) -> None:
    cep = Cep.from_number(number)
    assert parse_cep(str(cep)) == parse_cep(cep.digits) == cep


@pytest.mark.parametrize("text", ["", "1310100", "01310-1000", "01.310-100", "00999-999", "0131\u0966100"])
def test_what_is_no_cep_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="CEP inválido"):
        parse_cep(text)


@given(st.dates())
def test_a_date_is_read_as_written_on_screen_and_as_in_files(day: date) -> None:
    assert parse_date(format_date(day)) == parse_date(day.isoformat()) == day


@pytest.mark.parametrize("text", ["31/02/2026", "2026-13-01", "00/01/2026", "01/01/0000"])
def test_a_day_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="não existe"):
        parse_date(text)


@pytest.mark.parametrize("text", ["", "21/11/26", "21.11.2026", "2026-W47-6", "20261121", "21 nov 2026"])
def test_a_date_in_another_writing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quatro dígitos"):
        parse_date(text)


def test_every_sex_identity_and_race_goes_to_its_code_and_back() -> None:
    assert [Sex.from_ledi(sex.ledi) for sex in Sex] == list(Sex)
    assert [GenderIdentity.from_ledi(one.ledi) for one in GenderIdentity] == list(GenderIdentity)
    assert [RaceColour.from_rnds(one.value) for one in RaceColour] == list(RaceColour)
    assert all(one.label for kind in (Sex, GenderIdentity, RaceColour) for one in kind)


def test_the_codes_are_those_of_the_national_dictionaries() -> None:
    assert {sex.label: sex.ledi for sex in Sex} == {"Masculino": 0, "Feminino": 1, "Ignorado": 4}
    assert {one.label: one.ledi for one in GenderIdentity} == {
        "Homem trans": 149,
        "Mulher trans": 150,
        "Travesti": 156,
        "Outro": 151,
    }
    assert {one.value: one.label for one in RaceColour} == {
        "01": "Branca",
        "02": "Preta",
        "03": "Parda",
        "04": "Amarela",
        "05": "Indígena",
    }


def test_an_unknown_code_is_refused_in_portuguese() -> None:
    for refused in (
        lambda: Sex.from_ledi(2),
        lambda: GenderIdentity.from_ledi(148),
        lambda: RaceColour.from_rnds("99"),
    ):
        with pytest.raises(ValueError, match="código desconhecido"):
            refused()
