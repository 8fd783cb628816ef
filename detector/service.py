"""The process around the decision: ticks, heartbeats, touches, questions to the API server, answers.

Everything that happens becomes an event, in one thread, in the order of its arrival; whatever can hang (TLS,
a disk) runs in other threads and comes back as an event. A fault in one of the tasks is counted and told,
and that task starts again: it never ends the others.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from detector.api import UnavailableError
from detector.decision import step
from detector.events import (
    Alive,
    Answer,
    Ask,
    Bury,
    Change,
    Couple,
    Event,
    Outcome,
    Promote,
    Relieve,
    Tell,
    Tick,
    Uncouple,
    Vouched,
)
from detector.history import History, Note
from detector.records import RecordsApi
from detector.senses import TOUCH_EVERY, Heartbeats, open_heartbeats, touch
from detector.settings import Settings
from detector.state import State
from detector.systemd import notify
from detector.view import facts

TICK = 0.1
WATCHDOG_EVERY = 1.0
KEPT_WITHIN = 0.5
"""Seconds a change waits for its line of history to be on disk. Nothing safe depends on that line; a patient
does on the change."""
WATCH_EVERY, WATCH_AGAIN = 2.0, 0.5
"""Seconds between two looks at the quorum, and after one that failed."""
_PAUSE = 1.0


class Detector:
    """One machine's detector."""

    def __init__(
        self,
        settings: Settings,
        life: int,
        history: History,
        records: RecordsApi,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings, self.history, self.clock = settings, history, clock
        fresh = State.fresh(settings.machine, life, settings.machines, settings.macs, settings.timing)
        self.state = replace(fresh, enabled=settings.enabled)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.last_answer = "never"
        self._records = records
        self._heartbeats = Heartbeats(settings, life, clock, self.feed, self._refuse)
        self._workers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="api")
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """For ever."""
        self._say(f"started, life {self.state.life}, {'on' if self.state.enabled else 'switched off'}")
        tasks = [self.forever("tick", self._tick), self.forever("heartbeats", self._hear)]
        tasks.append(self.forever("watch", self._watch))
        tasks += [
            self.forever("touch", partial(self._touch, machine, address, port))
            for machine, address in self.settings.others.items()
            for port in self.settings.probes
        ]
        await asyncio.gather(*tasks)

    def feed(self, event: Event) -> None:
        """Let the decision take one step, and do what it says."""
        try:
            self.state, actions = step(self.state, event)
        except Exception as error:  # a mistake of ours must not end the heartbeats
            self._fault("decision", error)
            return
        for action in actions:
            match action:
                case Tell(text):
                    self._say(text)
                case Ask(question):
                    self._spawn(self._ask(question))
                case Promote() | Relieve() | Uncouple() | Couple() | Bury():
                    self._spawn(self._change(action, self._say(_described(action))))

    def facts(self) -> dict[str, Any]:
        """What the decision sees now."""
        return facts(self.state, self.clock())

    # -- tasks -------------------------------------------------------------------------------------

    async def forever(self, name: str, once: Callable[[], Awaitable[None]]) -> None:
        """Run it again whenever it ends."""
        while True:
            try:
                await once()
            except Exception as error:  # see the module's first lines
                self._fault(name, error)
            await asyncio.sleep(_PAUSE)

    async def _tick(self) -> None:
        due, told = self.clock(), 0.0
        while True:
            now = self.clock()
            self.feed(Tick(now))
            for machine in self.settings.others:
                self._heartbeats.send(self.state.report(machine, now), machine)
            if now - told >= WATCHDOG_EVERY:
                notify("WATCHDOG=1")
                told = now
            due = max(due + TICK, now)
            await asyncio.sleep(due - self.clock())

    async def _hear(self) -> None:
        transport = await open_heartbeats(self._heartbeats, self.settings.address, self.settings.port)
        try:
            while not transport.is_closing():
                await asyncio.sleep(_PAUSE)
        finally:
            transport.close()

    async def _touch(self, machine: str, address: str, port: int) -> None:
        while True:
            began = self.clock()
            if await touch(address, port):
                self.feed(Alive(self.clock(), machine))
            await asyncio.sleep(max(0.0, began + TOUCH_EVERY - self.clock()))

    async def _watch(self) -> None:
        """Look at the quorum while all is well: how old it is can only be known by who saw it become so."""
        while True:
            try:
                version = await asyncio.get_running_loop().run_in_executor(
                    self._workers, self._records.quorum_version
                )
            except UnavailableError:  # said by whoever needs an answer now
                self.counts["api_failures_total", '{request="watch"}'] += 1
                await asyncio.sleep(WATCH_AGAIN)
                continue
            if version:
                self.feed(Vouched(self.clock(), version))
            await asyncio.sleep(WATCH_EVERY)

    # -- questions and changes -----------------------------------------------------------------------

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _ask(self, question: int) -> None:
        records = await self._off_loop("read", self._records.read)
        self.feed(Answer(self.clock(), question, records))

    async def _change(self, change: Change, note: Note) -> None:
        def act() -> bool:
            note.kept.wait(KEPT_WITHIN)
            return self._records.change(change)

        accepted = await self._off_loop(type(change).__name__.lower(), act)
        self.counts["changes_total", f'{{change="{type(change).__name__}",accepted="{accepted}"}}'] += 1
        self.feed(Outcome(self.clock(), change.question, accepted))

    async def _off_loop(self, what: str, work: Callable[[], Any]) -> Any:
        """The result; None for any fault."""
        began = self.clock()
        try:
            result = await asyncio.get_running_loop().run_in_executor(self._workers, work)
        except Exception as error:
            took = self.clock() - began
            self.last_answer = f"failed {type(error).__name__}"
            self.counts["api_failures_total", f'{{request="{what}"}}'] += 1
            self._say(f"API server: {what} failed after {took:.2f} s: {error}")
            return None
        self.last_answer = f"{self.clock() - began:.2f} s"
        self.counts["api_answers_total", f'{{request="{what}"}}'] += 1
        return result

    # -- what is remembered ----------------------------------------------------------------------------

    def _say(self, text: str) -> Note:
        return self.history.note(text, **self.facts())

    def _refuse(self, why: str) -> None:
        self.counts["datagrams_refused_total", f'{{why="{why}"}}'] += 1

    def _fault(self, where: str, error: Exception) -> None:
        self.counts["faults_total", f'{{where="{where}"}}'] += 1
        if self.counts["faults_total", f'{{where="{where}"}}'] <= 20 or not isinstance(error, OSError):
            self.history.note(f"fault in {where}: {type(error).__name__}: {error}")


def _described(change: Change) -> str:
    match change:
        case Promote(standby=standby, instead_of=primary, version=version):
            return f"acting: target {standby} instead of {primary}, at version {version}"
        case Relieve(lost=lost, version=version):
            return f"acting: counting {', '.join(lost)} out, at version {version}"
        case Uncouple(lost=cut, version=version):
            return f"acting: no commit waits for a standby while {cut} is cut off, at version {version}"
        case Couple(version=version):
            return f"acting: commits wait for a standby again, at version {version}"
        case Bury(lost=lost, holder=holder):
            lease = f"freeing the lease of {holder}, " if holder else ""
            return f"acting: {lease}calling {', '.join(lost)} not ready"
