"""The detector promotes when a Mac is dead, once, without losing a write, and never otherwise."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.decision import Phase, State, candidate, step
from detector.events import (
    Alive,
    Answer,
    Ask,
    Promote,
    Quorum,
    Records,
    Report,
    Sight,
    Stamp,
    Tell,
    Tick,
)
from tests.unit.detector.world import MACHINES, MACS, PLACED, World

seeds = st.integers(0, 2**32)
machines = st.sampled_from(MACHINES)
pairs = st.permutations(MACHINES).map(lambda order: (order[0], order[1]))
faults = st.one_of(
    st.tuples(st.just("off"), machines),
    st.tuples(st.just("on"), machines),
    st.tuples(st.just("freeze"), machines),
    st.tuples(st.just("thaw"), machines),
    st.tuples(st.just("cut"), pairs),
    st.tuples(st.just("cut one way"), pairs),
    st.tuples(st.just("slow"), st.tuples(pairs, st.floats(0, 5))),
    st.tuples(st.just("lossy"), st.tuples(pairs, st.floats(0, 0.95))),
    st.tuples(st.just("heal"), st.none()),
)
pauses = st.sampled_from([0.1, 0.4, 1.0, 1.6, 2.5, 5.0, 12.0])


def strike(world: World, kind: str, what: object) -> None:
    """One thing goes wrong, or right."""
    match kind, what:
        case "off", str(name):
            world.power_off(name)
        case "on", str(name):
            if not world.boxes[name].on:
                world.power_on(name)
        case "freeze" | "thaw", str(name):
            world.boxes[name].frozen = kind == "freeze"
        case "cut", (str(a), str(b)):
            world.cut(a, b)
        case "cut one way", (str(a), str(b)):
            world.cut(a, b, one_way=True)
        case "slow", ((str(a), str(b)), float(late)):
            world.delay[a, b] = late
        case "lossy", ((str(a), str(b)), float(share)):
            world.loss[a, b] = share
        case _:
            world.heal()


@settings(max_examples=250, deadline=None)
@given(seed=seeds, calm=st.sampled_from([0, 5, 12]), script=st.lists(st.tuples(faults, pauses), max_size=14))
def test_whatever_happens_no_promotion_is_wrong(
    seed: int, calm: int, script: list[tuple[tuple[str, object], float]]
) -> None:
    """The world asserts, at every promotion, that nobody guessed and that nothing acknowledged is lost."""
    world = World(seed)
    world.run(calm)
    for (kind, what), pause in script:
        strike(world, kind, what)
        world.run(pause)
    versions = [promote.version for _, promote in world.promotions]
    assert len(versions) == len(set(versions))


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds, victim=machines, seconds=st.floats(0.1, 1.2), loss=st.floats(0, 0.2), late=st.floats(0, 0.3)
)
def test_short_freezes_losses_and_delays_promote_nobody(
    seed: int, victim: str, seconds: float, loss: float, late: float
) -> None:
    world = World(seed)
    for a in MACHINES:
        for b in MACHINES:
            world.loss[a, b], world.delay[a, b] = loss, late
    world.run(12)
    for _ in range(3):
        world.boxes[victim].frozen = True
        world.run(seconds)
        world.boxes[victim].frozen = False
        world.run(4)
    assert world.promotions == []


@settings(max_examples=60, deadline=None)
@given(seed=seeds, loss=st.floats(0, 0.2), late=st.floats(0, 0.2))
def test_a_dead_primary_is_replaced_within_four_seconds(seed: int, loss: float, late: float) -> None:
    world = World(seed)
    for a in MACHINES:
        for b in MACHINES:
            world.loss[a, b], world.delay[a, b] = loss, late
    world.run(13)
    world.power_off("mac-a")
    died = world.now
    world.run(4)
    assert [promote.standby for _, promote in world.promotions] == ["records-2"]
    assert world.promotions[0][0] - died >= 1.4


@given(seed=seeds, length=st.floats(1, 20), victim=machines)
@settings(max_examples=60, deadline=None)
def test_a_machine_that_stood_still_accuses_nobody(seed: int, length: float, victim: str) -> None:
    world = World(seed)
    world.run(12)
    others = [name for name in MACHINES if name != victim]
    world.cut(*others)  # so that the sleeper is the only second opinion either could get
    world.boxes[victim].frozen = True
    world.run(1.0)
    world.heal()
    world.run(length)
    world.boxes[victim].frozen = False
    world.run(5)
    for _, promote in world.promotions:
        assert promote.dead == victim


def test_a_partition_between_the_macs_alone_promotes_nobody() -> None:
    world = World(1)
    world.run(12)
    world.cut("mac-a", "mac-b")
    world.run(60)
    assert world.promotions == []


def test_an_isolated_primary_is_replaced_and_promotes_nothing_itself() -> None:
    world = World(1)
    world.run(12)
    world.cut("mac-a", "mac-b")
    world.cut("mac-a", "witness")
    world.run(60)
    assert [promote.standby for _, promote in world.promotions] == ["records-2"]


@pytest.mark.parametrize("machine", MACS)
def test_the_loss_of_the_witness_or_of_the_standby_promotes_nobody(machine: str) -> None:
    world = World(1)
    world.run(12)
    world.power_off("witness" if machine == "mac-a" else machine)
    world.run(60)
    assert world.promotions == []


def test_a_stale_standby_alone_with_the_witness_is_not_promoted() -> None:
    """Double fault: the standby was off while the primary went on writing, then only the standby returns."""
    world = World(1)
    world.run(12)
    world.power_off("mac-b")
    world.run(20)
    assert world.stale
    world.power_off("mac-a")
    world.power_on("mac-b")
    world.run(60)
    assert world.promotions == []


def test_a_detector_that_was_switched_off_does_nothing() -> None:
    world = World(1)
    for box in world.boxes.values():
        box.state = replace(box.state, enabled=False)
    world.run(12)
    world.power_off("mac-a")
    world.run(30)
    assert world.promotions == []


def calm(life: int = 2) -> State:
    """A witness's detector that has seen mac-a for thirteen seconds."""
    state = State.fresh("witness", life, MACHINES, MACS)
    for tick in range(131):
        state, _ = step(state, Tick(tick / 10))
        state, _ = step(state, Alive(tick / 10, "mac-a"))
    return state


def test_a_machine_that_stood_still_restarts_its_clocks_and_only_looks_for_a_while() -> None:
    state = calm()
    assert state.may_act(13.0)
    assert not state.may_act(13.1 + state.timing.stall), "before its first tick it cannot know that it slept"
    state, said = step(state, Tick(20.0))
    assert said == [Tell("stood still for 7.0 s: clocks restarted")]
    assert state.report("mac-b", 20.0).sights["mac-a"].silence == 0
    assert not state.may_act(20.1)


@pytest.mark.parametrize(("life", "sent", "believed"), [(2, 14.9, "mac-b"), (2, 14.0, None), (1, 14.9, None)])
def test_words_are_believed_only_when_they_answer_what_this_life_just_sent(
    life: int, sent: float, believed: str | None
) -> None:
    lost = {"mac-a": Sight(9.0, known=True)}
    words = Report(15.0, "mac-b", lost, Stamp(7, 100.0), Stamp(life, sent))
    assert step(calm(life=2), words)[0].witness("mac-a", 15.0) == believed


@pytest.mark.parametrize("known", [True, False])
def test_a_witness_that_never_knew_the_machine_is_no_witness(known: bool) -> None:
    words = Report(15.0, "mac-b", {"mac-a": Sight(9.0, known)}, Stamp(7, 100.0), Stamp(2, 14.9))
    assert (step(calm(), words)[0].witness("mac-a", 15.0) == "mac-b") == known


@pytest.mark.parametrize(("primary", "target"), [("records-2", "records-2"), ("records-1", "records-2")])
def test_nothing_is_done_when_the_dead_machine_holds_no_primary_or_somebody_was_faster(
    primary: str, target: str
) -> None:
    state, asked = calm(), []
    for tick in range(131, 150):
        at = tick / 10
        words = Report(at, "mac-b", {"mac-a": Sight(at - 13, known=True)}, Stamp(7, at), Stamp(2, at))
        state, _ = step(state, words)
        state, actions = step(state, Tick(at))
        asked += [action for action in actions if isinstance(action, Ask)]
    assert len(asked) == 1
    placed = {"records-1": "mac-a", "records-2": "mac-b", "records-3": "witness"}
    quorum = Quorum(primary, frozenset(placed) - {primary}, 2)
    read = Records("7", primary, target, placed, frozenset(placed), quorum)
    state, actions = step(state, Answer(14.9, asked[0].question, read))
    assert not [action for action in actions if isinstance(action, Promote)]
    assert state.peers["mac-a"].phase is Phase.SPENT


def records(*, ready: set[str], standbys: set[str], number: int, primary: str = "records-1") -> Records:
    """A read of the records."""
    quorum = Quorum(primary, frozenset(standbys), number)
    return Records("7", "records-1", "records-1", PLACED, frozenset(ready), quorum)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (records(ready={"records-2"}, standbys={"records-2"}, number=1), "records-2"),
        (records(ready={"records-2"}, standbys={"records-2"}, number=0), None),
        (records(ready=set(), standbys={"records-2"}, number=1), None),
        (records(ready={"records-2"}, standbys={"records-2", "records-3"}, number=1), None),
        (records(ready={"records-2"}, standbys={"records-2"}, number=1, primary="records-2"), None),
        (records(ready={"records-1"}, standbys={"records-1"}, number=1), None),
        (Records("7", "records-1", "records-1", PLACED, frozenset(PLACED), None), None),
    ],
)
def test_only_a_standby_that_the_quorum_vouches_for_is_a_candidate(
    read: Records, expected: str | None
) -> None:
    assert candidate(read, "mac-a") == expected
