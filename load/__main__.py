"""``python -m load --base https://name --users 200``: load a hospital, and say whether it kept its promises.

The administrator's password is read from a file or PRONTUARIO_LOAD_PASSWORD, never from the command line.
Ends with 0 when all promises were kept, 1 when one was broken, 2 when the load could not begin.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from load.address import AddressError, door_to
from load.clinician import Clinician, SetupError
from load.device import Device
from load.report import Promise, Report
from load.run import Orders, Outcome, run
from load.staff import Office, sign_out

KEPT, BROKEN, NOT_BEGUN = 0, 1, 2
_PASSWORD = "PRONTUARIO_LOAD_PASSWORD"  # noqa: S105 (the variable's name)
_TO = Path("build/load.json")


def main(words: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    told = _parser().parse_args(words)
    orders = Orders(told.rate, told.seconds, told.seed)
    try:
        outcome = asyncio.run(_load(told, orders))
    except (SetupError, AddressError, OSError) as error:
        print(f"load: {error}", file=sys.stderr)
        return NOT_BEGUN
    promise = Promise(told.p95_ms, told.per_minute)
    report = Report(told.base, told.users, orders, outcome, promise, _commit())
    report.write(told.to)
    told_figures = report.as_json()
    print(
        f"{told.users} users, {told_figures['requests_per_minute']:.0f} requests/min, "
        f"p50 {told_figures['p50_ms']} ms, p95 {told_figures['p95_ms']} ms, p99 {told_figures['p99_ms']} ms, "
        f"{report.errors} errors, {outcome.found.acknowledged} writes acknowledged and looked for: {told.to}"
    )
    for phrase in report.broken:
        print(f"BROKEN: {phrase}", file=sys.stderr)
    return BROKEN if report.broken else KEPT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m load", description=__doc__)
    parser.add_argument("--base", required=True, metavar="URL", help="https://name[:port] of the hospital")
    parser.add_argument("--connect", metavar="ADDRESS[:PORT]", help="where to find it, if not by its name")
    parser.add_argument("--authority", type=Path, metavar="FILE", help="certificate that vouches for it")
    parser.add_argument("--users", type=int, default=200, help="clinicians at once (default: 200)")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long they work (default: 120)")
    parser.add_argument("--rate", type=float, default=1500.0, help="requests/min wanted (default: 1500)")
    parser.add_argument("--seed", type=int, default=1, help="of everybody's choices (default: 1)")
    parser.add_argument("--administrator", default="administrador", metavar="NAME", help="who makes accounts")
    parser.add_argument("--password", type=Path, metavar="FILE", help=f"theirs; otherwise {_PASSWORD}")
    parser.add_argument("--p95-ms", type=float, default=Promise.p95_ms, help="promised (default: 100)")
    parser.add_argument("--per-minute", type=float, default=Promise.per_minute, help="(default: 1000)")
    parser.add_argument("--to", type=Path, default=_TO, metavar="FILE", help=f"(default: {_TO})")
    return parser


async def _load(told: argparse.Namespace, orders: Orders) -> Outcome:
    if told.users < 1 or orders.per_minute <= 0 or orders.seconds <= 0:
        raise SetupError("users, rate and seconds are more than nothing")
    door = door_to(told.base, told.authority, told.connect)
    password = told.password.read_text().strip() if told.password else os.environ.get(_PASSWORD, "")
    if not password:
        raise SetupError(f"whose password? Name a file with --password, or set {_PASSWORD}")
    administrator = Clinician(Device(door), told.administrator, password)
    people = await Office(door, administrator).clinicians(told.users)
    print(f"{len(people)} clinicians are signed in", file=sys.stderr)
    try:
        return await run(people, orders)
    finally:
        await sign_out([*people, administrator])


def _commit() -> str:
    asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(asked, check=False, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
