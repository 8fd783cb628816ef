"""Whether the primary waits for its standbys: not while the Macs cannot hear each other and nobody is dead.

CloudNativePG counts on a standby whose pod is ready, also when the primary cannot reach it: when only the
link between the Macs is cut, every commit would wait until it heals. So

- the detector on the primary's own Mac uncouples the records when it has not heard the other Mac for
  ``apart`` seconds and a third machine hears both. That is safe at any time: it gives up redundancy and
  failover, and nothing that was acknowledged. CloudNativePG empties its quorum before the primary
  acknowledges anything alone, and then nobody is promoted;
- any Mac's couples them again when the Macs have seen each other for ``trust`` seconds, if a detector had
  uncoupled them. It looks once for each such sight, so also after every start, whoever is primary by then.

Nothing is read without a reason: a cut, in which it looks again every ``trust`` seconds until the records are
uncoupled, or a sight for which nobody has looked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from detector.events import Action, Answer, Ask, Couple, Outcome, Records, Tell, Uncouple
from detector.state import Phase, State

_NEVER = float("-inf")


def consider(state: State, at: float) -> tuple[State, list[Action]]:
    """Time went by."""
    mine = state.coupling
    if not _is_wanted(state, at):
        if mine.phase is Phase.CALM:
            return state, []
        return forgotten(state), [Tell("records: neither cut off nor together any more: stood down")]
    if mine.phase is Phase.CALM:
        if at < mine.rest:
            return state, []
        lost = state.cut_from(at)
        why = f"{lost} is heard by others and not from here" if lost else "the Macs see each other"
        return _ask(state, at, f"records: {why}: reading them", began=at)
    if at - mine.asked > state.timing.answer:
        return _ask(state, at)
    return state, []


def told(state: State, event: Answer | Outcome) -> tuple[State, list[Action]]:
    """What the API server says to the present question, or became of the change."""
    if isinstance(event, Answer):
        return _answered(state, event.at, event.records)
    return _outcome(state, event.at, event.accepted)


def _answered(state: State, at: float, records: Records | None) -> tuple[State, list[Action]]:
    if state.coupling.phase is not Phase.ASKING or not _is_wanted(state, at) or not state.may_act(at):
        return state, []
    if records is None:
        return _later(state, at), []
    state = _with(state, parted=at if records.ours else _NEVER)
    lost = state.cut_from(at)
    return _part(state, at, lost, records) if lost else _join(state, at, records)


def _outcome(state: State, at: float, accepted: bool | None) -> tuple[State, list[Action]]:
    change = state.coupling.change
    if state.coupling.phase is not Phase.CHANGING:
        return state, []
    if accepted is None:
        return _later(forgotten(state), at), [Tell("records: outcome unknown, reading again")]
    if not accepted:
        state = _with(state, change=None)
        return _ask(state, at, "records: refused, reading again")
    if isinstance(change, Uncouple):
        return _rest(_with(state, parted=at, change=None), at), [Tell("records: uncoupled")]
    return _rest(_with(state, parted=_NEVER, joined=at, change=None), at), [Tell("records: coupled again")]


def forgotten(state: State) -> State:
    """What was asked no longer matters; what was sent may still arrive."""
    mine = state.coupling
    doubt = mine.asked + state.timing.give_up if mine.change else mine.doubt
    return _with(state, phase=Phase.CALM, question=-1, change=None, doubt=doubt)


def _is_wanted(state: State, at: float) -> bool:
    """Whether there is a reason to look: a cut or a sight, not looked at since what we sent has arrived."""
    mine = state.coupling
    if state.cut_from(at) is not None:
        return mine.parted == _NEVER or mine.parted < mine.doubt
    since = state.sees_all_macs(at)
    return since is not None and mine.joined < max(since, mine.doubt)


def _part(state: State, at: float, lost: str, records: Records) -> tuple[State, list[Action]]:
    """The other Mac is alive and out of reach."""
    here = records.on(state.me)
    why_not = None
    if records.ours:
        why_not = "uncoupled already"
    elif records.limit is not None:
        why_not = "somebody limits the standbys on purpose: left alone"
    elif records.planned or records.target != records.primary:
        why_not = "the primary is being moved: left alone"
    elif records.primary not in here:
        why_not = "the primary is not here: nothing to do"
    elif records.healthy - set(here) - set(records.on(lost)):
        why_not = "another standby acknowledges: nothing to do"
    if why_not:
        return _rest(state, at), [Tell(f"records: {why_not}")]
    change = Uncouple(state.coupling.question, state.me, lost, records.version)
    return _send(state, at, change, f"records: {records.primary} shall not wait for {lost}, out of its reach")


def _join(state: State, at: float, records: Records) -> tuple[State, list[Action]]:
    """The Macs see each other."""
    if not records.ours:
        return _rest(_with(state, joined=at), at), [Tell("records: coupled")]
    if records.planned or records.target != records.primary:
        return _rest(state, at), [Tell("records: the primary is being moved: to be coupled afterwards")]
    change = Couple(state.coupling.question, records.version)
    return _send(state, at, change, f"records: {records.primary} shall wait for its standby again")


def _ask(state: State, at: float, said: str = "", began: float | None = None) -> tuple[State, list[Action]]:
    state, question = forgotten(state), state.questions
    began = state.coupling.began if began is None else began
    state = _with(state, phase=Phase.ASKING, began=began, asked=at, question=question)
    tell: list[Action] = [Tell(said)] if said else []
    return replace(state, questions=question + 1), [*tell, Ask(question)]


def _send(state: State, at: float, change: Uncouple | Couple, said: str) -> tuple[State, list[Action]]:
    return _with(state, phase=Phase.CHANGING, asked=at, change=change), [Tell(said), change]


def _rest(state: State, at: float) -> State:
    """Nothing to do now; if there is still a reason, it is looked at again after ``trust``."""
    state = forgotten(state)
    return _with(state, rest=at + state.timing.trust) if _is_wanted(state, at) else state


def _later(state: State, at: float) -> State:
    """Ask anew soon, and with less haste when it has failed for long."""
    began, timing = state.coupling.began, state.timing
    pause = timing.retry if at - began <= timing.give_up else timing.trust
    return _with(state, phase=Phase.ASKING, asked=at - timing.answer + pause, question=-1)


def _with(state: State, **changes: Any) -> State:
    return replace(state, coupling=replace(state.coupling, **changes))
