"""Two costs of the engine's Python library that grow with the number of resources, taken out of a run.

Seen in pulumi 3.259 with 394 resources, of 11 s for a preview:

- It waits for its outputs before the first registration has been scheduled: all of some 6300 at once, anew
  whenever one of them is there. When one registration is under way it waits for the registrations first, and
  then nearly nothing is left to wait for.
- Each of its own debug messages, several per resource, is sent to the engine and waited for. The engine
  drops them unless it was started with ``--debug``; nothing of ours is said that way.
"""

import asyncio
from typing import Any

import pulumi
from pulumi.runtime import settings


def quicken() -> None:
    """Let this program run without them; to be called once, before the first resource."""
    # Private, but without it everything works as before, only slower.
    manager = getattr(settings, "_get_rpc_manager", None)
    if manager is not None:
        manager().rpcs.append(asyncio.ensure_future(asyncio.sleep(0)))
    pulumi.log.debug = _say_nothing


def _say_nothing(*_: Any, **__: Any) -> None:
    """Stand in for ``pulumi.log.debug``."""
