"""The primary stops waiting for a standby that only it cannot reach, and waits again when it can."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.decision import candidate, step
from detector.events import (
    Action,
    Answer,
    Ask,
    Couple,
    Outcome,
    Quorum,
    Records,
    Report,
    Sight,
    Stamp,
    Tell,
    Tick,
    Timing,
    Uncouple,
)
from detector.state import Phase, State
from tests.unit.detector.test_decision import faults, pauses, seeds, strike
from tests.unit.detector.world import MACHINES, MACS, PLACED, World

TIMING = Timing()
BOTH = frozenset(PLACED)
GOOD = Records(
    "7", "records-1", "records-1", PLACED, BOTH, BOTH, Quorum("records-1", frozenset({"records-2"}), 1)
)
OURS = replace(GOOD, limit=0, ours=True)


def calm(leader: str = "witness", seed: int = 1) -> World:
    """Everybody has known everybody for a while; ``leader`` is etcd's."""
    world = World(seed)
    world.leader = leader
    world.run(12)
    world.pause = 0.0
    return world


def cut_for(world: World, seconds: float) -> None:
    """Only the link between the Macs, which then heals."""
    world.cut(*MACS)
    world.run(seconds)
    world.heal()


# The world


@settings(max_examples=25, deadline=None)
@given(seed=seeds, leader=st.sampled_from(["mac-a", "witness"]), late=st.floats(0, 0.2))
def test_a_cut_between_the_macs_alone_stops_writes_for_ten_seconds_at_most(
    seed: int, leader: str, late: float
) -> None:
    world = calm(leader, seed)
    for mac in MACS:
        world.delay[mac, "witness"] = world.delay["witness", mac] = late
    cut_for(world, 25)
    assert len(world.uncouplings) == 1
    assert world.pause < 10
    assert world.now - world.acknowledged < 0.2
    world.run(10 + 5)
    assert len(world.couplings) == 1
    assert world.in_quorum
    assert world.promotions == []


def test_where_the_other_mac_leads_etcd_the_cut_changes_nothing_and_loses_nothing() -> None:
    """What is left: the primary's own API server is then cut off, and nobody else may decide for it."""
    world = calm("mac-b")
    cut_for(world, 30)
    assert (world.uncouplings, world.promotions) == ([], [])
    assert world.pause > 0 or world.now - world.acknowledged > 25
    world.run(5)
    assert world.now - world.acknowledged < 0.2


@settings(max_examples=25, deadline=None)
@given(seed=seeds, seconds=st.floats(0.1, 3), who=st.sampled_from([*MACHINES, "link", "one way"]))
def test_short_freezes_and_flaps_uncouple_nobody(seed: int, seconds: float, who: str) -> None:
    world = calm(seed=seed)
    for _ in range(3):
        if who in MACHINES:
            world.boxes[who].frozen = True
        else:
            world.cut(*MACS, one_way=who == "one way")
        world.run(seconds)
        world.heal()
        if who in MACHINES:
            world.boxes[who].frozen = False
        world.run(4)
    assert world.uncouplings == []


@settings(max_examples=30, deadline=None)
@given(seed=seeds, script=st.lists(st.tuples(faults, pauses), max_size=8))
def test_whatever_happened_the_records_are_coupled_again_after_healing(
    seed: int, script: list[tuple[tuple[str, object], float]]
) -> None:
    world = calm(seed=seed)
    cut_for(world, 9)
    world.cut(*MACS)
    for (kind, what), pause in script:
        strike(world, kind, what)
        world.run(pause)
    world.heal()
    for name, box in world.boxes.items():
        box.frozen = False
        if not box.on:
            world.power_on(name)
    world.run(30)
    assert not world.ours
    assert world.limit is None
    world.run(5)
    assert not world.ours, "a change of long ago arrived"


@pytest.mark.parametrize("victim", MACS)
@pytest.mark.parametrize("seed", range(3))
def test_a_mac_that_dies_while_uncoupled_is_not_replaced_and_is_coupled_when_it_is_back(
    victim: str, seed: int
) -> None:
    world = calm(seed=seed)
    world.cut(*MACS)
    world.run(10)
    assert world.ours
    world.power_off(victim)
    world.run(15)
    assert world.promotions == [], "nobody else has what was acknowledged meanwhile"
    assert (world.now - world.acknowledged < 0.2) == (victim == "mac-b")
    world.power_on(victim)
    world.run(8)
    assert world.ours, "the link is still cut"
    assert world.now - world.acknowledged < 0.2
    world.heal()
    world.run(18)
    assert not world.ours
    assert world.in_quorum


@pytest.mark.parametrize("after", [1, 3, 8])
def test_a_primary_that_restarts_during_the_cut_writes_again(after: int) -> None:
    world = calm()
    world.cut(*MACS)
    world.run(after)
    world.power_off("mac-a")
    world.run(0.5)
    world.power_on("mac-a")
    world.run(15)
    assert world.now - world.acknowledged < 0.2
    world.heal()
    world.run(18)
    assert not world.ours


def test_a_standby_that_comes_back_behind_the_cut_stops_no_write_for_long() -> None:
    world = calm()
    world.power_off("mac-b")
    world.run(10)
    world.cut(*MACS)
    world.power_on("mac-b")
    world.pause = 0.0
    world.run(30)
    assert world.pause < 10
    assert world.promotions == []


@pytest.mark.parametrize("limit", [0, 1])
def test_an_operators_own_limit_is_neither_used_nor_removed(limit: int) -> None:
    world = calm()
    world.set_limit(limit)
    cut_for(world, 20)
    world.run(20)
    assert (world.limit, world.uncouplings, world.couplings) == (limit, [], [])


def test_a_limit_that_an_operator_took_over_stays() -> None:
    world = calm()
    world.cut(*MACS)
    world.run(10)
    world.set_limit(0)
    world.heal()
    world.run(20)
    assert world.limit == 0


# One detector, on the primary's Mac


def hear(state: State, at: float, machine: str, **silences: float) -> State:
    """A heartbeat that answers what was sent just now and says who is heard."""
    sights = {name: Sight(silence, known=True) for name, silence in silences.items()}
    report = Report(
        at, machine, {name.replace("_", "-"): s for name, s in sights.items()}, Stamp(7, at), Stamp(2, at)
    )
    return step(state, report)[0]


def live(
    state: State, begin: float, end: float, *, other: bool, witness: float | None = 0.0
) -> tuple[State, list[Action]]:
    """Time goes by: ``other``, whether mac-b is heard; ``witness``, how long the witness has not."""
    done: list[Action] = []
    for tick in range(round(begin * 10), round(end * 10)):
        at = tick / 10
        if other:
            state = hear(state, at, "mac-b", mac_a=0.0, witness=0.0)
        if witness is not None:
            state = hear(state, at, "witness", mac_a=0.0, mac_b=witness)
        state, actions = step(state, Tick(at))
        done += actions
    return state, done


def only(kind: type[Action], actions: list[Action]) -> list[Action]:
    """Those of one kind."""
    return [action for action in actions if isinstance(action, kind)]


def started(me: str = "mac-a") -> State:
    """It has seen the others for thirteen seconds and found the records coupled."""
    state, done = live(State.fresh(me, 2, MACHINES, MACS), 0, 10.2, other=True)
    (ask,) = only(Ask, done)
    assert isinstance(ask, Ask)
    state, _ = step(state, Answer(10.2, ask.question, GOOD))
    state, done = live(state, 10.3, 13, other=True)
    assert done == [], "it looks once"
    return state


def asking() -> tuple[State, int]:
    """Cut off for six seconds, it has just asked; the time is 19.1."""
    state, done = live(started(), 13, 19.1, other=False)
    (ask,) = only(Ask, done)
    assert isinstance(ask, Ask)
    return state, ask.question


def test_it_asks_after_six_seconds_and_not_before() -> None:
    assert TIMING.apart == 6
    state, done = live(started(), 13, 18.8, other=False)
    assert done == []
    assert only(Ask, live(state, 18.8, 19.1, other=False)[1])


@pytest.mark.parametrize("witness", [None, 1.5, 9.0])
def test_a_mac_that_nobody_else_hears_is_no_cut(witness: float | None) -> None:
    state, done = live(started(), 13, 25, other=False, witness=witness)
    assert not [one for one in done if isinstance(one, Tell) and one.text.startswith("records")]
    assert state.coupling.phase is Phase.CALM


def test_the_records_are_uncoupled_once_and_then_nobody_is_asked_until_the_return() -> None:
    state, question = asking()
    state, actions = step(state, Answer(19.1, question, GOOD))
    assert only(Uncouple, actions) == [Uncouple(question, "mac-a", "mac-b", "7")]
    state, _ = step(state, Outcome(19.2, question, True))
    assert state.coupling.uncoupled
    state, done = live(state, 19.3, 60, other=False)
    assert done == []
    state, done = live(state, 60, 69.9, other=True)
    assert not only(Ask, done)
    state, done = live(state, 69.9, 70.3, other=True)
    (ask,) = only(Ask, done)
    assert isinstance(ask, Ask)
    state, actions = step(state, Answer(70.3, ask.question, OURS))
    assert only(Couple, actions) == [Couple(ask.question, "7")]
    state, _ = step(state, Outcome(70.4, ask.question, True))
    assert state.coupling.uncoupled is False
    assert live(state, 70.5, 90, other=True)[1] == []


@pytest.mark.parametrize(
    "different",
    [
        {"planned": True},
        {"target": "records-2"},
        {"target": "pending"},
        {"primary": "records-2", "target": "records-2"},
        {"limit": 0},
        {"limit": 1},
        {"limit": 0, "ours": True},
        {"placed": {**PLACED, "records-3": "mac-c"}, "healthy": BOTH | {"records-3"}},
    ],
    ids=" ".join,  # by what is different: a set has no order that two workers agree on
)
def test_nothing_is_uncoupled_without_all_reasons(different: dict[str, object]) -> None:
    state, question = asking()
    _, actions = step(state, Answer(19.1, question, replace(GOOD, **different)))  # type: ignore[arg-type]
    assert not only(Uncouple, actions)


@pytest.mark.parametrize("different", [{"planned": True}, {"target": "records-2"}, {"ours": False}], ids=str)
def test_nothing_is_coupled_without_all_reasons(different: dict[str, object]) -> None:
    state, done = live(State.fresh("mac-a", 2, MACHINES, MACS), 0, 10.2, other=True)
    (ask,) = only(Ask, done)
    assert isinstance(ask, Ask)
    _, actions = step(state, Answer(10.2, ask.question, replace(OURS, **different)))  # type: ignore[arg-type]
    assert not only(Couple, actions)


def test_while_there_is_a_reason_and_nothing_to_do_it_looks_again_every_ten_seconds() -> None:
    state, question = asking()
    state, _ = step(state, Answer(19.1, question, replace(GOOD, planned=True)))
    assert not only(Ask, live(state, 19.2, 29.0, other=False)[1])
    assert len(only(Ask, live(state, 19.2, 29.4, other=False)[1])) == 1


def test_an_answer_that_comes_after_the_return_changes_nothing() -> None:
    state, question = asking()
    state = hear(state, 19.1, "mac-b", mac_a=0.0, witness=0.0)
    assert step(state, Answer(19.1, question, GOOD))[1] == []


def test_an_api_server_that_fails_is_asked_again_soon_and_later_with_less_haste() -> None:
    state, question = asking()
    at, asked = 19.1, [19.0]
    while at < 90:
        state, _ = step(state, Answer(at, question, None))
        state, done = live(state, at + 0.1, at + 0.2, other=False)
        for ask in only(Ask, done):
            assert isinstance(ask, Ask)
            question = ask.question
            asked.append(at)
        at = round(at + 0.1, 1)
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert max(gaps[:50]) < 0.5
    assert min(gaps[-3:]) > 9


def test_a_refusal_is_followed_by_another_look_and_an_unknown_outcome_too() -> None:
    for accepted, pause in ((False, 0.0), (None, 0.4)):
        state, question = asking()
        state, _ = step(state, Answer(19.1, question, GOOD))
        state, actions = step(state, Outcome(19.2, question, accepted))
        state, more = live(state, 19.3, 19.3 + pause, other=False)
        assert len(only(Ask, actions + more)) == 1


def test_after_an_unknown_outcome_it_looks_until_nothing_can_arrive_any_more() -> None:
    """What was sent may be on its way: one look that finds nothing is not enough."""
    state, question = asking()
    state, _ = step(state, Answer(19.1, question, GOOD))
    state, _ = step(state, Outcome(19.2, question, None))
    looks = []
    for tick in range(193, 900):
        state, done = live(state, tick / 10, tick / 10 + 0.1, other=True)
        for ask in only(Ask, done):
            assert isinstance(ask, Ask)
            looks.append(tick / 10)
            state, _ = step(state, Answer(tick / 10, ask.question, GOOD))
    assert looks[-1] >= 19.2 + TIMING.give_up
    assert len(looks) <= 4


@pytest.mark.parametrize("me", ["mac-a", "mac-b"])
def test_both_macs_see_to_it_that_the_records_are_coupled(me: str) -> None:
    other = "mac-b" if me == "mac-a" else "mac-a"
    state = State.fresh(me, 2, MACHINES, MACS)
    asks = []
    for tick in range(102):
        state = hear(state, tick / 10, other, **{me.replace("-", "_"): 0.0})
        state, done = step(state, Tick(tick / 10))
        asks += only(Ask, done)
    assert len(asks) == 1


def test_who_is_not_heard_by_the_other_couples_nothing() -> None:
    state = State.fresh("mac-a", 2, MACHINES, MACS)
    for tick in range(300):
        state = hear(state, tick / 10, "mac-b", mac_a=9.0)
        state, done = step(state, Tick(tick / 10))
        assert done == []


def test_a_witness_neither_uncouples_nor_couples() -> None:
    state = State.fresh("witness", 2, MACHINES, MACS)
    for tick in range(300):
        at = tick / 10
        state = hear(state, at, "mac-b", mac_a=9.0 if at > 15 else 0.0, witness=0.0)
        state = hear(state, at, "mac-a", mac_b=9.0 if at > 15 else 0.0, witness=0.0)
        state, done = step(state, Tick(at))
        assert done == []


def test_a_machine_that_stood_still_waits_anew() -> None:
    state, _ = live(started(), 13, 18, other=False)
    state, _ = step(state, Tick(18.9))
    assert not only(Ask, live(state, 19, 24.8, other=False)[1])


@pytest.mark.parametrize(("limit", "expected"), [(None, "records-2"), (1, "records-2"), (0, None)])
def test_who_may_no_longer_count_is_not_promoted_though_the_quorum_still_says_so(
    limit: int | None, expected: str | None
) -> None:
    """The primary reads the limit when it likes, and from then on acknowledges alone."""
    assert candidate(replace(GOOD, limit=limit), "mac-a") == expected
