"""Whatever else happened in a run, a lost write, a second copy and a second primary must each be found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.framework.history import Attempt, History, Operation, Outcome
from drills.framework.records_checker import Ack, Evidence, ReadBack, audit, split_brains
from drills.framework.verdict import Budget

BUDGET = Budget(rto_s=1000.0, promotions=5)
WRITERS = 3


@dataclass(frozen=True)
class Reign:
    """One instance's time as primary in an honest history: on this timeline, so many writes."""

    timeline: int
    writes: int
    doubtful: int


def honest(reigns: Sequence[Reign]) -> Evidence:
    """A run in which each reign ends before the next begins, and the database keeps every promise."""
    acks: list[Ack] = []
    operations: list[Operation] = []
    doubtful: set[str] = set()
    present: dict[str, int] = {}
    clock = 0.0
    for number, reign in enumerate(reigns):
        server = f"10.244.{number % 2}.{number + 2}"
        for write in range(reign.writes + reign.doubtful):
            id_, began = f"{number}-{write}", clock
            clock += 0.1
            told = write < reign.writes
            outcome = Outcome.OK if told else Outcome.FAILED
            tries = (Attempt(began, clock, outcome, "mac-a", error="" if told else "reset"),)
            operations.append(Operation(id_, f"writer-{write % WRITERS}", began, clock, outcome, tries))
            if told:
                acks.append(Ack(id_, began, clock, server, reign.timeline))
                present[id_] = 1
            else:
                doubtful.add(id_)
                if write % 2:
                    present[id_] = 1  # done, and nobody was told
        clock += 1.0
    return Evidence(
        history=History(0.0, clock, operations),
        acks=acks,
        promised=frozenset(ack.id for ack in acks),
        doubtful=frozenset(doubtful),
        stale_reads=0,
        read_back=ReadBack(dict(present), dict(present), reigns[-1].timeline),
    )


histories = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=1, max_size=4).map(
    lambda sizes: honest([Reign(n + 1, writes, doubt) for n, (writes, doubt) in enumerate(sizes)])
)


def broken_by(evidence: Evidence) -> list[str]:
    return BUDGET.broken_by(audit(evidence, struck_at=0.05))


def read_back(evidence: Evidence) -> ReadBack:
    assert evidence.read_back is not None
    return evidence.read_back


def with_count(back: ReadBack, table: str, id_: str, count: int) -> ReadBack:
    """The same tables, one of them holding a write ``count`` times."""
    if table == "writes":
        return replace(back, writes={**back.writes, id_: count})
    return replace(back, copies={**back.copies, id_: count})


@given(evidence=histories)
def test_an_honest_history_is_not_accused(evidence: Evidence) -> None:
    assert broken_by(evidence) == []


@given(evidence=histories, data=st.data())
def test_one_lost_write_is_found(evidence: Evidence, data: st.DataObject) -> None:
    victim = data.draw(st.sampled_from(sorted(evidence.promised)))
    back = read_back(evidence)
    tables = data.draw(st.sampled_from([("writes",), ("copies",), ("writes", "copies")]))
    for table in tables:
        back = with_count(back, table, victim, 0)
    assert broken_by(replace(evidence, read_back=back)) == ["1 write lost, budget is 0"]


@given(evidence=histories, data=st.data())
def test_one_second_copy_is_found(evidence: Evidence, data: st.DataObject) -> None:
    back = read_back(evidence)
    victim = data.draw(st.sampled_from(sorted(back.writes)))
    twice = with_count(back, data.draw(st.sampled_from(["writes", "copies"])), victim, 2)
    assert broken_by(replace(evidence, read_back=twice)) == ["1 write duplicated, budget is 0"]


@given(evidence=histories, data=st.data())
def test_one_acknowledgement_of_a_second_primary_is_found(evidence: Evidence, data: st.DataObject) -> None:
    """A write begun and acknowledged by another instance inside somebody's reign, on any timeline."""
    ruler = data.draw(st.sampled_from(evidence.acks))
    reign = [ack for ack in evidence.acks if ack.server == ruler.server]
    before, after = min(reign, key=lambda ack: ack.at), max(reign, key=lambda ack: ack.started_at)
    intruder = Ack("intruder", before.at + 0.001, after.started_at - 0.001, "10.244.1.99", ruler.timeline)
    timeline = data.draw(st.sampled_from([ruler.timeline, ruler.timeline + 1]))
    if intruder.at <= intruder.started_at:  # a reign of fewer than three writes has no inside
        return
    acks = [*evidence.acks, replace(intruder, timeline=timeline)]
    assert split_brains(acks)


@given(evidence=histories)
def test_an_old_primary_that_goes_on_after_the_new_one_began_is_found(evidence: Evidence) -> None:
    first, last = evidence.acks[0], evidence.acks[-1]
    if first.timeline == last.timeline:
        return
    late = Ack("late", last.at + 0.1, last.at + 0.2, first.server, first.timeline)
    assert split_brains([*evidence.acks, late])


@given(evidence=histories)
def test_who_was_never_told_loses_nothing(evidence: Evidence) -> None:
    """An unacknowledged write may be there or not; neither breaks a promise."""
    back = read_back(evidence)
    forgotten = {id_: count for id_, count in back.writes.items() if id_ in evidence.promised}
    assert broken_by(replace(evidence, read_back=replace(back, writes=forgotten, copies=forgotten))) == []
    findings = audit(evidence, 0.05)
    assert findings.doubtful == findings.given_up == len(evidence.doubtful)


def test_a_write_of_an_earlier_scene_is_still_promised() -> None:
    evidence = honest([Reign(1, 3, 0)])
    earlier = replace(evidence, promised=evidence.promised | {"of an earlier scene"})
    assert audit(earlier, 0.0).lost == 1


def test_overlapping_waits_of_two_instances_accuse_nobody() -> None:
    """Sent to the old primary before the cut, acknowledged late: it may have been durable long before."""
    acks = [Ack("a", 0.0, 9.0, "10.244.0.2", 1), Ack("b", 5.0, 5.1, "10.244.1.3", 2)]
    assert split_brains(acks) == []


@pytest.mark.parametrize("addresses", [("10.244.0.2", "10.244.0.9"), ("10.244.0.9", "10.244.0.2")])
def test_a_restarted_instance_with_a_new_address_is_no_second_primary(addresses: tuple[str, str]) -> None:
    acks = [Ack("a", 0.0, 0.1, addresses[0], 1), Ack("b", 5.0, 5.1, addresses[1], 1)]
    assert split_brains(acks) == []


def test_rows_that_nobody_could_read_back_are_not_called_safe() -> None:
    evidence = replace(honest([Reign(1, 3, 0)]), read_back=None, unproved="TimeoutError: ")
    assert any("could not be read back" in phrase for phrase in broken_by(evidence))


def test_the_gap_is_the_median_writers_and_the_shared_one_is_never_longer() -> None:
    evidence = honest([Reign(1, 6, 0), Reign(2, 6, 0)])
    findings = audit(evidence, 0.05)
    assert findings.shared_gap_s is not None
    assert findings.client_gaps_s[0] <= findings.rto_s <= findings.client_gaps_s[-1]
    assert findings.shared_gap_s <= findings.rto_s
    assert findings.timelines == (1, 2)


@pytest.mark.parametrize(
    ("budget", "phrase"),
    [
        (Budget(rto_s=1000.0, promotions=0), "1 promotion, budget is 0"),
        (Budget(rto_s=0.5), "no right answer for"),
    ],
)
def test_a_failover_that_was_not_asked_for_breaks_the_budget(budget: Budget, phrase: str) -> None:
    findings = audit(honest([Reign(1, 6, 0), Reign(2, 6, 0)]), 0.05)
    assert any(phrase in complaint for complaint in budget.broken_by(findings))


def test_stale_reads_and_two_primaries_are_said_in_words() -> None:
    findings = replace(audit(honest([Reign(1, 6, 0)]), 0.05), stale_reads=2, split_brains=1)
    assert BUDGET.broken_by(findings) == [
        "2 stale reads, budget is 0",
        "two instances acknowledged by turns, 1 time",
    ]
