"""Tokens as FHIR writes them, and what they ask for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.exchange.tokens import Token, parse_tokens

LOINC = "http://loinc.org"


@pytest.mark.parametrize(
    ("written", "tokens"),
    [
        ("8867-4", (Token(None, "8867-4"),)),
        (f"{LOINC}|8867-4", (Token(LOINC, "8867-4"),)),
        (f"{LOINC}|", (Token(LOINC, None),)),
        ("|8867-4", (Token("", "8867-4"),)),
        (f"final, {LOINC}|1", (Token(None, "final"), Token(LOINC, "1"))),
    ],
)
def test_a_token_is_a_code_with_or_without_its_system(written: str, tokens: tuple[Token, ...]) -> None:
    assert parse_tokens(written) == tokens


@pytest.mark.parametrize("written", ["", ",", "a,", "|", "a\x00b", "x" * 201, ",".join("a" * 21)])
def test_what_is_no_token_is_refused(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any: the form has its own words)
        parse_tokens(written)


@pytest.mark.parametrize(
    ("written", "fits"),
    [("1", True), (f"{LOINC}|1", True), (f"{LOINC}|", True), ("2", False), ("|1", False), ("x|1", False)],
)
def test_a_token_fits_what_has_that_code_in_that_system(written: str, *, fits: bool) -> None:
    [one] = parse_tokens(written)
    assert one.fits(LOINC, "1") is fits


@given(st.text(max_size=30))
@settings(deadline=None)
def test_whatever_is_written_is_tokens_or_refused(written: str) -> None:
    try:
        found = parse_tokens(written)
    except ValueError:
        return
    assert all(one.system or one.code for one in found)
