"""The load keeps its own schedule and records what its users lived through, outages included."""

import asyncio
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from drills.framework.checker import check
from drills.framework.history import History, Outcome
from drills.framework.traffic import Traffic
from drills.framework.workload import Load
from tests.unit.drills.ward import Ward, open_ward

pytestmark = pytest.mark.asyncio

BRISK = Load(rate=100.0, phones=4, deadline_s=1.2, attempt_s=0.2, pause_s=0.01)
HASTY = Load(rate=100.0, phones=4, deadline_s=0.3, attempt_s=0.1, pause_s=0.01)


async def record(ward: Ward, load: Load, moods: list[tuple[str, float]]) -> tuple[History, list[float]]:
    """The history of a load during which the ward has each mood for so many seconds, and when each began."""
    traffic = Traffic(ward.door, load)
    traffic.start()
    began = []
    for mood, seconds in moods:
        began.append(monotonic())
        ward.mood = mood
        await asyncio.sleep(seconds)
    return await traffic.stop(), began


def asked_on_schedule(history: History, load: Load) -> bool:
    """As many requests as the rate says, give or take what a busy computer had not yet sent at the end."""
    expected = (history.ended_at - history.started_at) * load.rate
    return 0.6 * expected <= len(history.operations) <= expected + 2


async def test_every_request_to_a_well_hospital_is_answered_once(authority: Path) -> None:
    async with open_ward(authority) as ward:
        history, _ = await record(ward, BRISK, [("well", 0.5)])
    findings = check(history, history.started_at)
    assert asked_on_schedule(history, BRISK)
    assert findings.acked == len(history.operations) == ward.requests
    assert (findings.lost, findings.wrong, findings.duplicated, findings.failed_attempts) == (0, 0, 0, 0)


async def test_an_outage_shorter_than_the_deadline_is_a_gap_and_loses_nothing(authority: Path) -> None:
    patient = replace(BRISK, deadline_s=4.0)
    async with open_ward(authority) as ward:
        history, began = await record(ward, patient, [("well", 0.3), ("silent", 0.6), ("well", 0.4)])
    findings = check(history, history.started_at)
    assert findings.lost == 0
    assert findings.failed_attempts > 10
    silence = began[2] - began[1]
    assert silence - 0.1 < findings.rto_s < silence + 0.5


async def test_an_outage_longer_than_the_deadline_loses_what_was_asked_in_it(authority: Path) -> None:
    async with open_ward(authority) as ward:
        history, began = await record(ward, HASTY, [("well", 0.2), ("sick", 0.8), ("well", 0.2)])
    doomed = [o for o in history.operations if began[1] < o.invoked_at < began[2] - HASTY.deadline_s]
    assert len(doomed) > 20
    assert {operation.outcome for operation in doomed} == {Outcome.FAILED}
    assert check(history, history.started_at).lost >= len(doomed)


async def test_a_stalled_hospital_does_not_slow_the_questions_down(authority: Path) -> None:
    async with open_ward(authority) as ward:
        history, _ = await record(ward, HASTY, [("silent", 0.5)])
    assert asked_on_schedule(history, HASTY)
    assert {operation.outcome for operation in history.operations} == {Outcome.FAILED}


async def test_a_wrong_answer_is_not_asked_again(authority: Path) -> None:
    async with open_ward(authority) as ward:
        history, _ = await record(ward, BRISK, [("lying", 0.2)])
    assert all(len(operation.attempts) == 1 for operation in history.operations)
    assert check(history, history.started_at).wrong == len(history.operations)


async def test_half_of_the_phones_keep_their_connections(authority: Path) -> None:
    async with open_ward(authority) as ward:
        history, _ = await record(ward, BRISK, [("well", 0.5)])
    reconnecting = sum(operation.worker.startswith("reconnecting") for operation in history.operations)
    assert reconnecting < ward.connections <= reconnecting + 8
