"""Who held the address, and when."""

import asyncio

import pytest

from drills.framework.observer import Holding, Observer, count_moves, first_move

A, B, NOBODY, BOTH = (frozenset(names) for names in ({"mac-a"}, {"mac-b"}, set[str](), {"mac-a", "mac-b"}))


@pytest.mark.asyncio
async def test_every_change_of_holder_is_recorded_once() -> None:
    where = {"mac-a"}
    observer = Observer({name: lambda name=name: name in where for name in ("mac-a", "mac-b")}, 0.005)  # type: ignore[misc]
    observer.start()
    for now in (set[str](), {"mac-b"}):
        await asyncio.sleep(0.03)
        where = now
    await asyncio.sleep(0.03)
    assert [holding.machines for holding in await observer.stop()] == [A, NOBODY, B]


def test_the_first_move_is_the_first_new_holder_after_the_fault() -> None:
    holdings = [Holding(0.0, A), Holding(5.1, NOBODY), Holding(5.8, B), Holding(9.0, A)]
    assert first_move(holdings, since=5.0) == 5.8
    assert count_moves(holdings, since=5.0) == 2


def test_an_address_that_only_vanished_and_came_back_did_not_move() -> None:
    holdings = [Holding(0.0, A), Holding(5.1, NOBODY), Holding(5.8, A)]
    assert first_move(holdings, since=5.0) is None
    assert count_moves(holdings, since=5.0) == 0


def test_two_holders_at_once_count_as_a_move() -> None:
    holdings = [Holding(0.0, A), Holding(5.5, BOTH), Holding(6.0, B)]
    assert first_move(holdings, since=5.0) == 5.5
    assert count_moves(holdings, since=5.0) == 1


def test_moves_before_the_fault_are_not_the_faults() -> None:
    assert count_moves([Holding(0.0, B), Holding(1.0, A), Holding(6.0, NOBODY)], since=5.0) == 0
