"""The checker finds what it must find; each bad history here would fool one that counted something else."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.framework.checker import check, first_answer, longest_gap
from drills.framework.history import History, Operation, Outcome
from drills.framework.verdict import Budget
from tests.unit.drills.ward import operation, steady

STRICT = Budget(rto_s=1.0)


def test_a_steady_history_keeps_a_strict_budget() -> None:
    findings = check(steady(10.0), fault_at=5.0)
    assert STRICT.broken_by(findings) == []
    assert findings.rto_s == pytest.approx(0.02)


def test_a_silence_is_measured_between_the_right_answers_around_it() -> None:
    findings = check(steady(10.0, silence=(5.0, 7.5)), fault_at=5.1)
    assert findings.rto_s == pytest.approx(2.5)
    assert STRICT.broken_by(findings) == ["no right answer for 2.50 s, budget is under 1 s"]


def test_a_silence_before_the_fault_is_not_the_faults() -> None:
    assert check(steady(10.0, silence=(1.0, 4.0)), fault_at=5.0).rto_s == pytest.approx(0.02)


def test_a_hospital_that_never_answers_again_has_the_whole_rest_as_its_gap() -> None:
    findings = check(steady(20.0, silence=(5.0, 99.0)), fault_at=5.0)
    assert findings.rto_s == pytest.approx(15.0)


def test_failures_and_wrong_answers_do_not_end_a_gap() -> None:
    history = steady(10.0, silence=(5.0, 8.0))
    history.operations += [operation(9001, 6.0, Outcome.FAILED), operation(9002, 7.0, Outcome.WRONG)]
    assert check(history, fault_at=5.0).rto_s == pytest.approx(3.0)


def test_a_lost_request_breaks_the_budget() -> None:
    history = steady(10.0)
    history.operations.append(operation(9001, 9.0, Outcome.FAILED, took=5.0))
    findings = check(history, fault_at=5.0)
    assert (findings.lost, findings.failed_attempts) == (1, 1)
    assert STRICT.broken_by(findings) == ["1 request lost, budget is 0"]


def test_a_request_answered_twice_breaks_the_budget() -> None:
    history = steady(10.0)
    history.operations.append(operation(3, 9.5))
    findings = check(history, fault_at=5.0)
    assert findings.duplicated == 1
    assert STRICT.broken_by(findings) == ["1 request duplicated, budget is 0"]


def test_a_wrong_answer_is_both_wrong_and_lost() -> None:
    history = steady(10.0)
    history.operations.append(operation(9001, 9.0, Outcome.WRONG))
    findings = check(history, fault_at=5.0)
    assert (findings.wrong, findings.lost) == (1, 1)
    assert STRICT.broken_by(findings) == ["1 request lost, budget is 0", "1 request wrong, budget is 0"]


def test_the_first_answer_is_to_a_try_made_after_the_fault() -> None:
    history = steady(10.0, silence=(5.0, 7.5))
    history.operations.append(operation(9001, 5.5, took=0.6))
    assert first_answer(history, since=5.0) == pytest.approx(7.5)
    assert first_answer(history, since=10.0) is None


def test_a_load_that_asked_nothing_proves_nothing() -> None:
    assert "not one request was answered" in STRICT.broken_by(check(History(0.0, 0.1), fault_at=0.05))


def test_an_address_that_moves_without_reason_breaks_the_budget() -> None:
    budget = Budget(rto_s=1.0, address_moves=0)
    findings = check(steady(10.0), fault_at=5.0)
    assert budget.broken_by(findings, address_moves=1) == ["the address moved 1 time, budget is 0"]


operations = st.lists(
    st.builds(
        operation,
        number=st.integers(0, 30),
        at=st.floats(0.0, 20.0),
        outcome=st.sampled_from(Outcome),
    ),
    max_size=40,
)


def naive_gap(recorded: list[Operation], start: float, end: float, fault_at: float) -> float:
    """Oracle: try every pair of moments and keep the widest with no right answer strictly between them."""
    answers = [o.completed_at for o in recorded if o.outcome is Outcome.OK]
    moments = [start, max([end, fault_at, *answers]), *answers]
    return max(
        late - early
        for early in moments
        for late in moments
        if late >= max(early, fault_at) and not any(early < answer < late for answer in answers)
    )


@given(recorded=operations, fault_at=st.floats(0.0, 20.0))
def test_the_longest_gap_agrees_with_trying_every_pair(recorded: list[Operation], fault_at: float) -> None:
    history = History(0.0, 20.0, recorded)
    assert longest_gap(history, fault_at).seconds == naive_gap(recorded, 0.0, 20.0, fault_at)


@given(recorded=operations)
def test_every_request_is_either_answered_or_lost(recorded: list[Operation]) -> None:
    findings = check(History(0.0, 20.0, recorded), fault_at=10.0)
    right = Counter(o.id for o in recorded if o.outcome is Outcome.OK)
    assert findings.acked + findings.lost == len({o.id for o in recorded})
    assert findings.acked + findings.duplicated == sum(right.values())


@given(recorded=operations, more=operations)
def test_more_right_answers_never_lengthen_the_gap(recorded: list[Operation], more: list[Operation]) -> None:
    fewer, all_of_them = History(0.0, 20.0, recorded), History(0.0, 20.0, recorded + more)
    assert longest_gap(all_of_them, 10.0).seconds <= longest_gap(fewer, 10.0).seconds
