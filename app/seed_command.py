"""``python -m app seed``: invented patients, and nobody else, into the records' database."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence

from app.database.engine import Database
from app.domain.refusals import RecordsUnavailable
from app.seed.numbers import LIMIT
from app.services.seeding import Progress, seed
from app.settings import Settings

_PATIENCE = 300.0
"""Seconds for one batch: no clinician waits for it."""
_EVERY = 5.0
"""Seconds between two lines of progress."""


def run(settings: Settings, words: Sequence[str]) -> int:
    """Load them; running it again goes on where it was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m app seed", description=__doc__)
    parser.add_argument("--patients", type=int, default=1000, metavar="N", help="how many (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="which hospital (default: 1)")
    asked = parser.parse_args(words)
    if not 0 < asked.patients <= LIMIT:
        parser.error(f"--patients: 1 to {LIMIT}")
    if settings.records_address is None:
        print("seed: PRONTUARIO_RECORDS_ADDRESS is not set: there is nothing to write to", file=sys.stderr)
        return os.EX_CONFIG
    started = time.monotonic()
    try:
        made = asyncio.run(_seed(settings, asked.patients, asked.seed))
    except RecordsUnavailable:
        print("seed: the records do not answer; run it again to go on", file=sys.stderr)
        return os.EX_TEMPFAIL
    took = time.monotonic() - started
    there = asked.patients - made
    print(f"seed {asked.seed}: {made} patients written, {there} were there already, {took:.0f} s")
    return os.EX_OK


async def _seed(settings: Settings, count: int, number: int) -> int:
    database = Database(settings.model_copy(update={"records_patience": _PATIENCE}))
    try:
        return await seed(database, count, number, _progress(count))
    finally:
        await database.close()


def _progress(count: int) -> Progress:
    started = told = time.monotonic()

    def tell(done: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _EVERY or done == count:
            told = now
            rate = done / (now - started)
            left = (count - done) / rate
            print(f"seed: {done} of {count} patients, {rate:.0f}/s, {left:.0f} s left", file=sys.stderr)

    return tell
