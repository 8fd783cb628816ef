"""``python -m app audit verify [--anchors FILE]``: walks the audit's chain and names the first bad row.

The anchors that the object store keeps are always asked.
FILE: lines of the services' logs, ``-`` for standard input (``journalctl -u prontuario -o cat``); the anchors
among them show also what somebody who owns the database could hide.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from app.database.engine import Database
from app.domain.audit_chain import Anchor, Fault
from app.services.audit import Event, audit
from app.services.audit_verify import anchors_in, verify
from app.settings import Settings
from app.storage.objects import Objects


def run(settings: Settings, words: Sequence[str]) -> int:
    """0 when every row is what it was; 1 with one line that names the first that is not."""
    parser = argparse.ArgumentParser(prog="python -m app audit")
    parser.add_argument("what", choices=["verify"])
    parser.add_argument("--anchors", metavar="FILE")
    asked = parser.parse_args(words)
    if settings.records_address is None:
        print("audit: PRONTUARIO_RECORDS_ADDRESS is not set: there is no audit here", file=sys.stderr)
        return os.EX_CONFIG
    anchors = _read(asked.anchors) if asked.anchors else []
    anchors += asyncio.run(Objects.of(settings).anchors())
    position, fault = asyncio.run(_verify(settings, anchors))
    if fault is not None:
        row = "" if fault.entry is None else f" (row {fault.entry})"
        print(
            f"audit: TAMPERED at link {fault.position}{row}: {fault.reason}; {position} links before it hold"
        )
        return 1
    print(f"audit: {position} links hold, {len(anchors)} anchors agree")
    return os.EX_OK


async def _verify(settings: Settings, anchors: Sequence[Anchor]) -> tuple[int, Fault | None]:
    database = Database(settings)
    try:
        async with database.transaction() as session:
            position, fault = await verify(session, anchors)
            found = {"elos": position, "integra": fault is None}
            await audit(session, None, Event.AUDIT_VERIFIED, detail=found)
        return position, fault
    finally:
        await database.close()


def _read(name: str) -> list[Anchor]:
    lines = sys.stdin if name == "-" else Path(name).read_text().splitlines()
    return anchors_in(lines)
