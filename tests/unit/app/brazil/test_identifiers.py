"""CPF and CNS: what the official rules accept, nothing else, and nothing typed is repeated."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.brazil.cns import Cns, CnsKind, parse_cns
from app.brazil.cpf import Cpf, parse_cpf
from app.brazil.invented import invent_cns, invent_cpf

seeds = st.integers(0, 2**64).map(Random)
kinds = st.sampled_from(CnsKind)


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


def cpf_holds(number: str) -> bool:
    """Receita's rule, written down differently: 11 minus the remainder, 0 when that is 10 or 11."""
    for length in (9, 10):
        remainder = sum(int(number[at]) * (length + 1 - at) for at in range(length)) % 11
        if int(number[length]) != (0 if remainder < 2 else 11 - remainder):
            return False
    return len(set(number)) > 1


def cns_holds(number: str) -> bool:
    """The Ministry's two routines, step by step."""
    if number[0] not in "12789":
        return False
    if number[0] in "789":
        return sum(int(number[at]) * (15 - at) for at in range(15)) % 11 == 0
    total = sum(int(number[at]) * (15 - at) for at in range(11))
    check = 11 - total % 11
    if check == 11:
        check = 0
    if check == 10:
        return number == number[:11] + "001" + str(11 - (total + 2) % 11)
    return number == number[:11] + "000" + str(check)


def fault(parse: Callable[[str], object], text: str) -> str | None:
    """Why ``text`` is refused; None when it is not."""
    try:
        parse(text)
    except ValueError as error:
        return str(error)
    return None


def accepted(parse: Callable[[str], object], number: str) -> bool:
    return fault(parse, number) is None


@given(digits(11))
def test_a_cpf_is_accepted_exactly_when_receitas_rule_holds(number: str) -> None:
    assert accepted(Cpf, number) == cpf_holds(number)


@given(digits(9).filter(lambda base: len(set(base)) > 1))
def test_every_base_has_a_cpf_that_receitas_rule_accepts(base: str) -> None:
    assert cpf_holds(Cpf.from_base(base, invented=True).digits)


@given(digits(9).filter(lambda base: len(set(base)) > 1), st.integers(0, 98))
def test_a_cpf_with_other_check_digits_is_refused(base: str, other: int) -> None:
    right = Cpf.from_base(base, invented=True).digits
    wrong = f"{base}{(int(right[9:]) + 1 + other) % 100:02d}"
    assert not accepted(Cpf, wrong)


@given(digits(15))
def test_a_cns_is_accepted_exactly_when_the_ministrys_routine_holds(number: str) -> None:
    assert accepted(Cns, number) == cns_holds(number)


@given(st.sampled_from("12").flatmap(lambda first: digits(10).map(lambda rest: first + rest)))
def test_every_definitive_base_has_a_cns_and_no_other_end(base: str) -> None:
    number = Cns.from_base(base, invented=True).digits
    assert cns_holds(number)
    assert number[11:14] in ("000", "001")
    other = "001" if number[11:14] == "000" else "000"
    assert not any(accepted(Cns, f"{base}{other}{check}") for check in range(10))


@given(seeds, kinds)
def test_invented_numbers_are_valid_written_back_and_marked(random: Random, kind: CnsKind) -> None:
    cpf, cns = invent_cpf(random), invent_cns(random, kind)
    assert (cpf_holds(cpf.digits), cns_holds(cns.digits), cns.kind) == (True, True, kind)
    assert (parse_cpf(str(cpf)), parse_cns(str(cns))) == (cpf, cns)
    assert (parse_cpf(cpf.digits), parse_cns(cns.digits)) == (cpf, cns)
    assert (cpf.invented, cns.invented) == (True, True)
    assert (parse_cpf(str(cpf)).invented, parse_cns(str(cns)).invented) == (False, False)


@given(seeds, kinds, digits(8))
def test_invented_numbers_keep_the_digits_asked_for(random: Random, kind: CnsKind, wanted: str) -> None:
    assert invent_cns(random, kind, wanted).digits[1:9] == wanted
    assert invent_cpf(random, wanted).digits[:8] == wanted


def test_the_same_source_invents_the_same_numbers() -> None:
    first, second = Random(7), Random(7)
    assert [invent_cpf(first) for _ in range(9)] == [invent_cpf(second) for _ in range(9)]


def test_the_published_examples_hold() -> None:
    # From the routine's reprints: a definitive number that needed 001, and the one on ANVISA's page.
    assert parse_cns("187 5079 4360 0018").kind is CnsKind.DEFINITIVE
    assert parse_cns("898 0000 0004 3208").kind is CnsKind.PROVISIONAL
    assert str(parse_cpf("12345678909")) == "123.456.789-09"


@pytest.mark.parametrize("text", [str(digit) * 11 for digit in range(10)])
def test_eleven_equal_digits_are_no_cpf(text: str) -> None:
    with pytest.raises(ValueError, match="dígitos verificadores"):
        parse_cpf(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "191",
        "1234567890",
        "123456789090",
        "123.456.789/09",
        "12.345.678.909",
        "\uff11" * 11,
        "a2345678909",
    ],
)
def test_what_is_not_written_like_a_cpf_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="escreva os 11 dígitos"):
        parse_cpf(text)


@pytest.mark.parametrize(
    "text", ["", "898000000043", "898-0000-0004-3208", "\u0668\u0669\u0668000000043208", "898 000000043208x"]
)
def test_what_is_not_written_like_a_cns_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="escreva os 15 dígitos"):
        parse_cns(text)


def test_the_copy_number_printed_after_a_cns_is_explained() -> None:
    with pytest.raises(ValueError, match="não se digita"):
        parse_cns("898 0000 0004 3208 1")


@pytest.mark.parametrize("first", "03456")
def test_a_cns_with_a_first_digit_that_nobody_gives_out_is_refused(first: str) -> None:
    with pytest.raises(ValueError, match="começa com"):
        parse_cns(first + "0" * 14)


@pytest.mark.parametrize("parse", [parse_cpf, parse_cns])
@given(text=digits(11) | digits(15) | st.text(min_size=9, max_size=30))
def test_an_error_is_one_line_that_does_not_repeat_what_was_typed(
    parse: Callable[[str], object], text: str
) -> None:
    message = fault(parse, text)
    assert message is None or ("\n" not in message and text not in message)


def test_a_number_does_not_show_itself_to_a_log() -> None:
    cpf, cns = parse_cpf("123.456.789-09"), parse_cns("898 0000 0004 3208")
    assert not set("123456789") & set(f"{cpf!r}{cns!r}")
