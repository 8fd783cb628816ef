"""What is taken out of the engine's library is still where it was."""

import asyncio

import pulumi
import pytest
from pulumi.runtime import settings

from infra.pace import quicken


@pytest.fixture(autouse=True)
def _put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    monkeypatch.setattr(settings._get_rpc_manager(), "rpcs", [])


async def _something_under_way() -> None:
    quicken()
    (waited_for,) = settings._get_rpc_manager().rpcs
    await asyncio.wait_for(waited_for, 1)


def test_something_is_under_way_when_the_library_begins_to_wait() -> None:
    asyncio.run(_something_under_way())


async def _a_message_of_the_library() -> None:
    quicken()
    pulumi.log.debug("said by the library")


def test_nobody_waits_for_a_debug_message(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(settings, "get_engine", lambda: asked.append("the engine"))
    asyncio.run(_a_message_of_the_library())
    assert asked == []
