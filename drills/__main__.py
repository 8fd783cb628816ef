"""``python -m drills list`` and ``python -m drills run NAME --runs N`` (inside the lab's network)."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from drills.catalogue import DRILLS, find
from drills.framework.rehearsal import rehearse
from drills.framework.report import Report
from drills.framework.stage import Take
from drills.framework.verdict import DrillError

RESULTS = Path("build/drills")
KEPT, BROKEN, REFUSED, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 budget kept, 1 budget broken, 2 the drill could not start, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m drills", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the drills and what they promise")
    run = commands.add_parser("run", help="carry one out on the lab")
    run.add_argument("name")
    run.add_argument("--runs", type=int, default=1)
    run.add_argument("--results", type=Path, default=RESULTS, help="folder of the JSON and the picture")
    arguments = parser.parse_args(argv)
    console = Console(width=None if sys.stdout.isatty() else 160)
    if arguments.command == "list":
        return _list(console)
    try:
        return _run(console, arguments.name, arguments.runs, arguments.results)
    except DrillError as error:
        print(f"drill refused: {error}", file=sys.stderr)
        return REFUSED
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("interrupted: the hospital was restored, no result was written", file=sys.stderr)
        return INTERRUPTED


def _list(console: Console) -> int:
    for name, drill in sorted(DRILLS.items()):
        console.print(f"[bold]{name}[/bold]  gap under {drill.budget.rto_s:g} s, {drill.budget.lost} lost")
        console.print(f"  {drill.story.splitlines()[0]}", highlight=False)
    return KEPT


def _run(console: Console, name: str, runs: int, results: Path) -> int:
    drill = find(name)
    # The lab and matplotlib are loaded only by those who run a drill: `list` and `--help` work anywhere.
    from drills.framework.picture import draw  # noqa: PLC0415
    from drills.framework.virtual import play_phones, virtual_hospital  # noqa: PLC0415

    def say(take: Take) -> None:
        verdict = f"gap {take.findings.rto_s:.2f} s, {'; '.join(take.broken) or 'kept'}"
        console.print(
            f"run {take.run}/{runs}  {take.fault} on {take.victim}: {verdict}",
            highlight=False,
        )

    async def carry_out() -> Report:
        task = asyncio.current_task()
        if task:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        hospital = virtual_hospital()
        if not play_phones():
            print("the phones wait for this computer's processors like its machines do", file=sys.stderr)
        return await rehearse(drill, hospital, runs, say)

    report = asyncio.run(carry_out())
    path = report.write(results)
    if report.takes:
        draw(report.name, report.takes, path.with_suffix(".png"))
    console.print(report.as_table())
    if report.takes:
        console.print(report.phases_table())
    if report.error:
        print(f"drill given up: {report.error}", file=sys.stderr)
    console.print(f"{path} and its picture", highlight=False)
    return KEPT if report.kept else BROKEN


if __name__ == "__main__":
    sys.exit(main())
