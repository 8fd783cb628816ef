"""The detector promotes when a Mac is dead, once, without losing a write, and never otherwise."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detector.decision import candidate, step
from detector.events import (
    Action,
    Alive,
    Answer,
    Ask,
    Bury,
    Outcome,
    Promote,
    Quorum,
    Records,
    Relieve,
    Report,
    Sight,
    Stamp,
    Tell,
    Tick,
    Vouched,
)
from detector.state import Phase, State
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
    st.tuples(st.just("switch over"), st.none()),
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
        case "switch over", _:
            world.switch_over()
        case _:
            world.heal()


# A witness that wakes restarts its clocks, and must not be understood to hear whom it did not hear.
@example(
    seed=0,
    calm=0,
    script=[
        (("switch over", None), 0.1),
        *[(("off", "mac-a"), 0.1)] * 6,
        (("heal", None), 5.0),
        (("freeze", "witness"), 1.0),
        (("thaw", "witness"), 1.0),
    ],
)
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
    world.run(5)
    assert [promote.standby for _, promote in world.promotions] == ["records-2"]
    assert 1.4 <= world.promotions[0][0] - died <= 4
    assert world.completed
    assert world.completed[0] - died < 5, "the new primary did not wait for the dead one's lease"


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


def test_a_primary_does_not_wait_for_a_dead_standby() -> None:
    world = World(1)
    world.run(12)
    world.power_off("mac-b")
    world.run(4)
    assert len(world.reliefs) == 1
    assert not world.in_quorum
    assert world.ready == {"records-1"}
    world.run(60)
    assert (world.promotions, len(world.reliefs)) == ([], 1)


def test_nobody_is_promoted_while_the_primary_is_being_moved() -> None:
    world = World(1)
    world.run(12)
    world.moving = True
    world.power_off("mac-a")
    world.run(60)
    assert world.promotions == []
    assert world.burials == []


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
    """A witness's detector that has seen both Macs for thirteen seconds."""
    state = State.fresh("witness", life, MACHINES, MACS)
    for tick in range(131):
        state, _ = step(state, Tick(tick / 10))
        for machine in MACS:
            state, _ = step(state, Alive(tick / 10, machine))
    return state


def test_a_machine_that_stood_still_restarts_its_clocks_and_only_looks_for_a_while() -> None:
    state = calm()
    assert state.may_act(13.0)
    assert not state.may_act(13.1 + state.timing.stall), "before its first tick it cannot know that it slept"
    state, said = step(state, Tick(20.0))
    assert said == [Tell("stood still for 7.0 s: clocks restarted")]
    assert not state.may_act(20.1)
    assert "mac-a" not in state.report("mac-b", 21.4).sights, (
        "it has not heard it, and its silence says nothing"
    )
    assert state.report("mac-b", 21.5).sights["mac-a"].silence == 1.5
    heard, _ = step(state, Alive(20.3, "mac-a"))
    assert heard.report("mac-b", 20.4).sights["mac-a"].silence == pytest.approx(0.1)


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


WORDS = {"mac-a": Sight(9.0, known=True)}


def hear(state: State, at: float, sent: float | None = None, sights: dict[str, Sight] | None = None) -> State:
    """mac-b's heartbeat, an answer to what was sent just now; by default it says that mac-a is lost."""
    stamp = Stamp(7, at if sent is None else sent)
    return step(state, Report(at, "mac-b", WORDS if sights is None else sights, stamp, Stamp(2, at)))[0]


def go_on(state: State, begin: float, end: float) -> tuple[State, list[Action]]:
    """Time goes by, mac-b goes on saying that mac-a is lost; what was done meanwhile."""
    done: list[Action] = []
    for tick in range(round(begin * 10), round(end * 10)):
        state = hear(state, tick / 10)
        state, actions = step(state, Tick(tick / 10))
        done += actions
    return state, done


def asking() -> tuple[State, int, float]:
    """A witness that has just asked for the records because of mac-a: its state, the question, the time."""
    state, done = go_on(calm(), 13.1, 14.6)
    (ask,) = [action for action in done if isinstance(action, Ask)]
    return replace(state, vouched=("11", -100.0)), ask.question, 14.6


def only(kind: type[Action], actions: list[Action]) -> list[Action]:
    """Those of one kind."""
    return [action for action in actions if isinstance(action, kind)]


def read(**different: object) -> Records:
    """What the API server says when mac-a died with the primary."""
    quorum = Quorum("records-1", frozenset({"records-2"}), 1, "11")
    both = frozenset(PLACED)
    return replace(Records("7", "records-1", "records-1", PLACED, both, both, quorum), **different)  # type: ignore[arg-type]


def test_own_silence_must_be_as_long_as_configured_whatever_another_says() -> None:
    timing = calm().timing
    for silence in (0.4, 1.0, timing.dead - 0.01):
        assert hear(calm(), 13.0 + silence).witness("mac-a", 13.0 + silence) is None
    assert hear(calm(), 13.0 + timing.dead).witness("mac-a", 13.0 + timing.dead) == "mac-b"


@pytest.mark.parametrize(("seen", "missed"), [(9.8, False), (10.1, True)])
def test_only_a_machine_seen_for_ten_seconds_is_missed(seen: float, missed: bool) -> None:
    state = State.fresh("witness", 2, MACHINES, MACS)
    for tick in range(round(seen * 10) + 1):
        state, _ = step(state, Tick(tick / 10))
        state, _ = step(state, Alive(tick / 10, "mac-a"))
    at = seen + 5
    assert (hear(state, at).witness("mac-a", at) is not None) == missed


def test_the_time_in_which_this_machine_stood_still_is_no_sight() -> None:
    state = State.fresh("witness", 2, MACHINES, MACS)
    for at in (0.0, 30.0, 31.0):
        state, _ = step(state, Tick(at))
        state, _ = step(state, Alive(at, "mac-a"))
    assert not state.peers["mac-a"].known


def test_a_heartbeat_that_was_overtaken_changes_no_opinion() -> None:
    alive = {"mac-a": Sight(0.0, known=True)}
    state = hear(calm(), 15.0, sent=100.2, sights=alive)
    assert hear(state, 15.0, sent=100.1).witness("mac-a", 15.0) is None
    assert hear(state, 15.0, sent=100.3).witness("mac-a", 15.0) == "mac-b"


def test_another_life_of_a_machine_replaces_what_it_said_before() -> None:
    state = hear(calm(), 15.0, sent=100.2)
    words = Report(15.0, "mac-b", {"mac-a": Sight(0.0, known=False)}, Stamp(8, 0.1), None)
    assert step(state, words)[0].witness("mac-a", 15.0) is None


def test_a_primary_is_promoted_counted_out_and_buried_and_then_left_alone() -> None:
    state, question, at = asking()
    state, actions = step(state, Answer(at, question, read()))
    assert only(Promote, actions) == [
        Promote(question, "records-2", "records-1", "mac-a", ("records-1",), ("records-2",), "7")
    ]
    state, actions = step(state, Outcome(at, question, True))
    assert only(Bury, actions) == [Bury(question, "mac-a", ("records-1",), "records-1")]
    state, actions = step(state, Outcome(at, question, True))
    assert actions == [Tell("mac-a: dealt with")]
    state, actions = go_on(state, at, at + 40)
    assert actions == [], "a death is dealt with once"


def test_a_lost_standby_is_counted_out_and_nobody_is_promoted() -> None:
    state, question, at = asking()
    other = read(primary="records-2", target="records-2")
    state, actions = step(state, Answer(at, question, other))
    assert only(Relieve, actions) == [Relieve(question, "mac-a", ("records-1",), ("records-2",), "7")]
    assert not only(Promote, actions)
    state, actions = step(state, Outcome(at, question, True))
    assert only(Bury, actions) == [Bury(question, "mac-a", ("records-1",), None)], (
        "its lease is not the primary's"
    )


@pytest.mark.parametrize(
    "different",
    [
        {"placed": {"records-2": "mac-b"}},
        {
            "primary": "records-2",
            "target": "records-2",
            "ready": frozenset({"records-2"}),
            "healthy": frozenset({"records-2"}),
        },
        {"primary": "records-2", "target": "records-1"},
        {"target": "pending"},
        {"target": "records-1", "primary": "records-3"},
    ],
)
def test_nothing_is_done_when_there_is_nothing_to_do(different: dict[str, object]) -> None:
    state, question, at = asking()
    state, actions = step(state, Answer(at, question, read(**different)))
    assert not only(Promote, actions) + only(Relieve, actions) + only(Bury, actions)
    assert state.peers["mac-a"].phase is Phase.SPENT


def test_who_is_slower_only_clears_the_way_of_the_promotion() -> None:
    state, question, at = asking()
    state, actions = step(state, Answer(at, question, read(target="records-2")))
    assert only(Bury, actions) == [Bury(question, "mac-a", ("records-1",), "records-1")]
    assert not only(Promote, actions)


def test_a_planned_switchover_is_left_alone_and_looked_at_again() -> None:
    state, question, at = asking()
    for target in ("records-1", "records-2"):
        state, actions = step(state, Answer(at, question, read(target=target, planned=True)))
        assert actions == [Tell("mac-a: somebody is moving the primary on purpose: left alone")]
    state, actions = go_on(state, at, at + 2.5)
    assert len(only(Ask, actions)) == 1


def test_a_machine_that_came_back_is_neither_promoted_over_nor_buried() -> None:
    state, question, at = asking()
    back, _ = step(state, Alive(at, "mac-a"))
    assert step(back, Answer(at, question, read()))[1] == []
    state, _ = step(state, Answer(at, question, read()))
    state, _ = step(state, Alive(at, "mac-a"))
    state, actions = step(state, Outcome(at, question, True))
    assert not only(Bury, actions)
    assert state.peers["mac-a"].phase is Phase.SPENT


def test_a_standby_that_just_came_back_is_not_promoted() -> None:
    """CloudNativePG counts on it, and so would the quorum, while it still catches up."""
    world = World(1)
    world.run(12)
    world.power_off("mac-b")
    world.run(20)
    world.power_on("mac-b")
    world.run(1.5)
    assert world.in_quorum
    assert world.stale
    world.power_off("mac-a")
    world.run(60)
    assert world.promotions == []


@pytest.mark.parametrize(("age", "promoted"), [(0, False), (18.9, False), (19.1, True), (3600, True)])
def test_the_quorum_must_have_been_an_old_one_when_the_first_of_us_lost_the_primary(
    age: float, promoted: bool
) -> None:
    state, question, at = asking()  # 1.6 s after it fell silent here, 9 s after mac-b lost it
    for seen in (at - age, at - age / 2, at - 0.1):  # looked at again and again: the first time counts
        state, _ = step(state, Vouched(seen, "12"))
    quorum = Quorum("records-1", frozenset({"records-2"}), 1, "12")
    state, actions = step(state, Answer(at, question, read(quorum=quorum)))
    assert bool(only(Promote, actions)) == promoted


@pytest.mark.parametrize("seen", [None, ("11", -3600.0), ("", -3600.0)])
def test_a_quorum_that_nobody_here_saw_before_is_a_young_one(seen: tuple[str, float] | None) -> None:
    state, question, at = asking()
    state = replace(state, vouched=seen)
    quorum = Quorum("records-1", frozenset({"records-2"}), 1, "12")
    state, actions = step(state, Answer(at, question, read(quorum=quorum)))
    assert only(Promote, actions) == []


def test_a_standby_that_came_back_long_ago_is_promoted() -> None:
    world = World(1)
    world.run(12)
    world.power_off("mac-b")
    world.run(20)
    world.power_on("mac-b")
    world.run(16)
    world.power_off("mac-a")
    world.run(4)
    assert [promote.standby for _, promote in world.promotions] == ["records-2"]


def test_a_refused_change_is_followed_by_another_look_at_once_and_an_unknown_one_soon() -> None:
    asked, question, at = asking()
    state, _ = step(asked, Answer(at, question, read()))
    assert [only(Ask, step(state, Outcome(at, question, refused))[1]) for refused in (False, None)] == [
        [Ask(question + 1)],
        [],
    ]
    state, _ = step(state, Outcome(at, question, None))
    assert not only(Ask, go_on(state, at + 0.1, at + 0.2)[1])
    assert only(Ask, go_on(state, at + 0.1, at + 0.5)[1]) == [Ask(question + 1)]


def test_an_api_server_that_fails_is_asked_again_soon_and_one_that_is_silent_after_two_seconds() -> None:
    state, question, at = asking()
    failed, _ = step(state, Answer(at, question, None))
    assert len(only(Ask, go_on(failed, at, at + 0.5)[1])) == 1
    assert len(only(Ask, go_on(state, at, at + 1.8)[1])) == 0
    assert len(only(Ask, go_on(state, at, at + 2.3)[1])) == 1


def test_a_late_answer_to_an_earlier_question_counts_for_nothing() -> None:
    state, question, at = asking()
    state, actions = go_on(state, at, at + 2.3)
    assert only(Ask, actions) == [Ask(question + 1)]
    assert step(state, Answer(at + 2.3, question, read()))[1] == []


def test_a_death_that_cannot_be_dealt_with_is_given_up() -> None:
    state, _, at = asking()
    state, actions = go_on(state, at, at + 60)
    assert actions[-1] == Tell("mac-a: gave up")
    assert 13 <= len(only(Ask, actions)) <= 16


def test_after_ten_seconds_of_sight_a_machine_is_watched_again() -> None:
    state, question, at = asking()
    state, _ = step(state, Answer(at, question, read(placed={"records-2": "mac-b"})))
    for tick in range(146, 260):
        state, _ = step(state, Alive(tick / 10, "mac-a"))
        state, _ = step(state, Tick(tick / 10))
    assert state.peers["mac-a"].phase is Phase.CALM


def records(*, ready: set[str], standbys: set[str], number: int, primary: str = "records-1") -> Records:
    """A read of the records."""
    quorum = Quorum(primary, frozenset(standbys), number)
    return Records("7", "records-1", "records-1", PLACED, frozenset(ready), frozenset(PLACED), quorum)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (records(ready={"records-2"}, standbys={"records-2"}, number=1), "records-2"),
        (records(ready={"records-2"}, standbys={"records-2"}, number=0), None),
        (records(ready=set(), standbys={"records-2"}, number=1), None),
        (records(ready={"records-2"}, standbys={"records-2", "records-3"}, number=1), None),
        (records(ready={"records-2"}, standbys={"records-2"}, number=1, primary="records-2"), None),
        (records(ready={"records-1"}, standbys={"records-1"}, number=1), None),
        (Records("7", "records-1", "records-1", PLACED, frozenset(PLACED), frozenset(PLACED), None), None),
    ],
)
def test_only_a_standby_that_the_quorum_vouches_for_is_a_candidate(
    read: Records, expected: str | None
) -> None:
    assert candidate(read, "mac-a") == expected
