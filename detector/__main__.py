"""Usage: run is the service; status shows what every detector sees; check reads the configuration alone, and
known says whether this machine's detector knows the others."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import http.client
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from detector.api import Api
from detector.history import History
from detector.records import RecordsApi
from detector.service import Detector
from detector.settings import Settings, SettingsError, read_settings
from detector.systemd import notify
from detector.view import exposition, table
from detector.window import Window, as_json

REAL_TIME_PRIORITY = 10


def main(argv: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="prontuario-detector", description=__doc__)
    parser.add_argument("verb", choices=("run", "status", "check", "known"))
    parser.add_argument("config", type=Path, metavar="CONFIG")
    parser.add_argument("--json", action="store_true", help="status: for programs")
    words = parser.parse_args(argv)
    try:
        settings = read_settings(words.config)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    if words.verb == "status":
        return show(settings, as_document=words.json)
    if words.verb == "known":
        return 0 if knows_everybody(ask(settings.address, settings.metrics_port)) else 1
    if words.verb == "run":
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(serve(settings))
    return 0


async def serve(settings: Settings) -> None:
    """The service, until SIGTERM."""
    hurry()
    settings.state.mkdir(parents=True, exist_ok=True)
    history = History(settings.state)
    api = Api(*settings.api, settings.identity, settings.timing.answer)
    records = RecordsApi(api, settings.namespace, settings.cluster)
    detector = Detector(settings, next_life(settings.state), history, records)
    window = Window({"/metrics": lambda: metrics(detector), "/status": lambda: as_json(status(detector))})
    gc.collect()
    gc.freeze()  # what lives from the start is not walked through again
    me = asyncio.current_task()
    if me is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
    notify("READY=1")
    try:
        await asyncio.gather(
            detector.run(),
            detector.forever("window", lambda: window.serve(settings.address, settings.metrics_port)),
        )
    finally:
        history.note("stopped")
        history.close()


def hurry() -> None:
    """A busy machine still beats on time; where the kernel refuses (a container may), like anybody else."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))
    except OSError as error:
        print(f"no real-time scheduling here: {error.strerror}", flush=True)


def next_life(folder: Path) -> int:
    """A number above that of every earlier run, even if the clock went back, or the disk is new."""
    path = folder / "life"
    earlier = 0
    with contextlib.suppress(OSError, ValueError):
        earlier = int(path.read_text())
    life = max(time.time_ns() // 1000, earlier + 1)
    with contextlib.suppress(OSError):
        path.write_text(f"{life}\n")
    return life


def identity_ends(settings: Settings) -> float | None:
    """When this machine's certificate ends (seconds since 1970), as whoever issued it wrote down."""
    with contextlib.suppress(OSError, ValueError):
        return float((settings.identity / "ends").read_text())
    return None


def status(detector: Detector) -> dict[str, Any]:
    """For ``status``."""
    ends = identity_ends(detector.settings)
    return detector.facts() | {
        "life": detector.state.life,
        "release": Path(sys.argv[0]).stem[-12:],
        "identity": datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%d") if ends else "none",
        "api": detector.last_answer,
        "history": [{"time": line["time"], "said": line["said"]} for line in detector.history.recent],
    }


def metrics(detector: Detector) -> str:
    """For Prometheus."""
    counters: dict[str, dict[str, float]] = {}
    for (name, labels), count in detector.counts.items():
        counters.setdefault(name, {})[labels] = count
    gauges = {
        "history_failures": float(detector.history.failures),
        "identity_ends_timestamp_seconds": identity_ends(detector.settings) or 0.0,
    }
    return exposition(detector.state, detector.clock(), counters, gauges)


def show(settings: Settings, *, as_document: bool) -> int:
    """Ask every machine's detector; 0 when all answered and know each other."""
    answers = {name: ask(address, settings.metrics_port) for name, address in settings.machines.items()}
    print(json.dumps(answers, indent=1) if as_document else table(answers), end="")
    return 0 if all(map(knows_everybody, answers.values())) else 3


def knows_everybody(answer: dict[str, Any] | str) -> bool:
    """Whether that detector has seen every other machine long enough."""
    return not isinstance(answer, str) and all(peer["known"] for peer in answer["peers"].values())


def ask(address: str, port: int) -> dict[str, Any] | str:
    """One detector's status, or why there is none."""
    connection = http.client.HTTPConnection(address, port, timeout=2)
    try:
        connection.request("GET", "/status")
        answer = json.loads(connection.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"no answer from {address}:{port}: {error}"
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else "not a status"


if __name__ == "__main__":
    sys.exit(main())
