"""The whole detector: real sockets on the loopback, a real TLS API server, real time."""

import asyncio
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from detector import service as module
from detector.__main__ import metrics, next_life, status
from detector.api import Api
from detector.decision import step
from detector.events import Event, Report, Sight, Stamp, Tick, Timing
from detector.history import History
from detector.records import RecordsApi
from detector.senses import touch
from detector.service import Detector
from detector.settings import Settings
from detector.state import Phase
from detector.window import Window, as_json
from detector.wire import seal
from tests.unit.detector.conftest import Pki
from tests.unit.detector.fake_api import CLUSTER, LEASE, FakeApi

SECRET = bytes(range(32))
QUICK = Timing(dead=0.8, trust=1.2, blind=0.5, stall=0.7, flap=0.7)
"""Seconds short enough for a test; ``stall`` forgives a busy computer more than ``dead`` does."""


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def addresses() -> dict[str, str]:
    """One loopback address per machine."""
    base = 64 + free_port() % 128
    return {name: f"127.7.{base}.{number}" for number, name in enumerate(("mac-a", "mac-b", "witness"), 1)}


@pytest.fixture
def ports() -> tuple[int, int]:
    """Heartbeats', and metrics'."""
    return free_port(), free_port()


@pytest.fixture
def settings(
    addresses: dict[str, str], ports: tuple[int, int], server: FakeApi, pki: Pki, tmp_path: Path
) -> Callable[[str], Settings]:
    """By machine."""

    def of(machine: str) -> Settings:
        (tmp_path / machine).mkdir(exist_ok=True)
        return Settings(
            machine=machine,
            machines=addresses,
            macs=("mac-a", "mac-b"),
            port=ports[0],
            metrics_port=ports[1],
            probes=(ports[1],),
            api=("127.0.0.1", server.port),
            namespace="medical-data",
            cluster="records",
            identity=pki.client,
            state=tmp_path / machine,
            secret=SECRET,
            timing=QUICK,
        )

    return of


def detector(settings: Settings, life: int = 1) -> Detector:
    """One that nobody has started yet."""
    records = RecordsApi(Api(*settings.api, settings.identity), settings.namespace, settings.cluster)
    return Detector(settings, life, History(settings.state), records)


@asynccontextmanager
async def running(*detectors: Detector) -> AsyncIterator[dict[str, asyncio.Task[None]]]:
    """They run; cancelling a task is a crash of its detector."""
    tasks = {one.settings.machine: asyncio.create_task(one.run()) for one in detectors}
    try:
        yield tasks
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def until(holds: Callable[[], bool], within: float = 15) -> None:
    """Wait for it."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it never happened"
        await asyncio.sleep(0.05)


def knows_all(*detectors: Detector) -> bool:
    """Whether each knows every other."""
    return all(peer.known for one in detectors for peer in one.state.peers.values())


@pytest.mark.asyncio
async def test_the_death_of_the_primarys_machine_ends_with_a_promotion(
    settings: Callable[[str], Settings], server: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead: set[str] = set()

    async def touched(address: str, port: int) -> bool:
        # A crashed detector's kernel would still answer; a machine without power does not.
        return address not in dead and await touch(address, port)

    monkeypatch.setattr(module, "touch", touched)
    three = [detector(settings(name)) for name in ("mac-a", "mac-b", "witness")]
    async with running(*three) as tasks:
        await until(lambda: knows_all(*three))
        await until(lambda: all(one.state.coupling.uncoupled is False for one in three[:2]))
        assert server.patches == [], "each Mac looks, and nobody changes anything while nobody died"
        dead.add(three[0].settings.address)
        tasks["mac-a"].cancel()
        await until(lambda: all(one.state.peers["mac-a"].phase is Phase.SPENT for one in three[1:]))
    cluster = server.objects[CLUSTER]["status"]
    assert cluster["targetPrimary"] == "records-2"
    assert cluster["instancesStatus"]["healthy"] == ["records-2"]
    assert server.objects[LEASE]["spec"]["holderIdentity"] == ""
    promotions = [body for path, _, body in server.patches if "targetPrimary" in body.get("status", {})]
    assert 1 <= len(promotions) <= 2
    said = [line["said"] for one in three[1:] for line in one.history.recent]
    assert sum("accepted" in text for text in said) <= 2
    told = (settings("witness").state / "history.jsonl").read_text().splitlines()
    lost = next(json.loads(line) for line in told if "lost it too" in line)
    assert lost["peers"]["mac-a"]["silence"] >= QUICK.dead
    assert lost["peers"]["mac-b"]["says"]["mac-a"]["known"] is True


@pytest.mark.asyncio
async def test_a_cut_between_the_macs_uncouples_and_healing_couples(
    settings: Callable[[str], Settings], server: FakeApi
) -> None:
    cut = False
    three = {name: detector(settings(name)) for name in ("mac-a", "mac-b", "witness")}

    def deafen(one: Detector) -> None:
        mine, feed = one.settings.machine, one.feed

        def heard(event: Event) -> None:
            # What comes from the other Mac is lost, touches and heartbeats alike.
            who = getattr(event, "machine", mine)
            if not (cut and {mine, who} == {"mac-a", "mac-b"}):
                feed(event)

        one.feed = one._heartbeats._heard = heard  # type: ignore[method-assign]

    for one in three.values():
        deafen(one)
    async with running(*three.values()):
        await until(lambda: knows_all(*three.values()))
        cut = True
        await until(lambda: three["mac-a"].state.coupling.uncoupled is True)
        synchronous = server.objects[CLUSTER]["spec"]["postgresql"]["synchronous"]
        assert synchronous["maxStandbyNamesFromCluster"] == 0
        await asyncio.sleep(1)
        cut = False
        await until(lambda: three["mac-a"].state.coupling.uncoupled is False)
        await until(lambda: three["mac-b"].state.coupling.uncoupled is False)
    assert server.objects[CLUSTER]["spec"]["postgresql"]["synchronous"] == {"method": "any", "number": 1}
    assert server.objects[CLUSTER]["metadata"]["annotations"] == {}
    assert server.objects[CLUSTER]["status"]["targetPrimary"] == "records-1"
    told = (settings("mac-a").state / "history.jsonl").read_text()
    assert "records: uncoupled" in told
    assert three["mac-a"].counts["changes_total", '{change="Uncouple",accepted="True"}'] == 1
    coupled = [one.counts["changes_total", '{change="Couple",accepted="True"}'] for one in three.values()]
    assert sum(coupled) == 1


@pytest.mark.asyncio
async def test_a_touch_finds_a_listener_and_a_refusal_alive_and_silence_not() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        assert await touch("127.0.0.1", listening.getsockname()[1])
    assert await touch("127.0.0.1", free_port())
    with socket.socket() as full:  # its queue is full: the kernel lets further attempts wait
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        assert not await touch("127.0.0.1", address[1], within=0.2)
        for one in waiting:
            one.close()


@pytest.mark.asyncio
async def test_forged_and_repeated_heartbeats_are_counted_and_change_nothing(
    settings: Callable[[str], Settings], addresses: dict[str, str], ports: tuple[int, int]
) -> None:
    witness = detector(settings("witness"))
    lost = Report(0.0, "mac-b", {"mac-a": Sight(9.0, known=True)}, Stamp(3, 5.0), None)
    genuine = seal(SECRET, lost, "witness")
    target = (addresses["witness"], ports[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as attacker:
        async with running(witness):
            await until(lambda: witness.state.ticked is not None)
            await asyncio.sleep(0.1)
            for datagram in (b"", b"x" * 100, seal(bytes(32), lost, "witness"), seal(SECRET, lost, "mac-a")):
                attacker.sendto(datagram, target)
            await until(lambda: sum(witness.counts.values()) >= 3)
            assert witness.state.peers["mac-b"].report is None
            for _ in range(3):
                attacker.sendto(genuine, target)
            await until(lambda: witness.counts["datagrams_refused_total", '{why="repeated"}'] == 2)
            # Not when mac-b was last seen: that its kernel refuses a connection is a sign of life as well.
            heard = witness.state.peers["mac-b"].report
            attacker.sendto(genuine, target)
            await until(lambda: witness.counts["datagrams_refused_total", '{why="repeated"}'] == 3)
            assert heard is not None
            assert witness.state.peers["mac-b"].report == heard, "a recording is no sign of life"
    assert witness.counts["datagrams_refused_total", '{why="forged"}'] >= 1
    assert witness.counts["datagrams_refused_total", '{why="stranger"}'] == 1


@pytest.mark.asyncio
async def test_a_fault_in_one_task_does_not_end_the_others(
    settings: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(address: str, port: int) -> bool:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(module, "touch", broken)
    monkeypatch.setattr(module, "_PAUSE", 0.05)
    two = [detector(settings(name)) for name in ("mac-b", "witness")]
    async with running(*two):
        await until(lambda: two[0].state.peers["witness"].known)
        assert two[0].counts["faults_total", '{where="touch"}'] > 1


@pytest.mark.asyncio
async def test_a_fault_in_the_decision_keeps_the_state_and_the_heartbeats(
    settings: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(state: Any, event: Event) -> Any:
        if isinstance(event, Tick):
            raise ValueError("a mistake of ours")
        return step(state, event)

    monkeypatch.setattr(module, "step", broken)
    two = [detector(settings(name)) for name in ("mac-b", "witness")]
    async with running(*two):
        await until(lambda: two[0].state.peers["witness"].known)
    assert two[0].counts["faults_total", '{where="decision"}'] > 3


@pytest.mark.asyncio
async def test_an_address_taken_by_another_is_tried_again(
    settings: Callable[[str], Settings],
    addresses: dict[str, str],
    ports: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.05)
    two = [detector(settings(name)) for name in ("mac-b", "witness")]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as squatter:
        squatter.bind((addresses["witness"], ports[0]))
        async with running(*two):
            await until(lambda: two[1].counts["faults_total", '{where="heartbeats"}'] > 0)
            squatter.close()
            await until(lambda: two[1].state.peers["mac-b"].report is not None)


@pytest.mark.asyncio
async def test_a_process_that_stood_still_restarts_its_clocks(settings: Callable[[str], Settings]) -> None:
    two = [detector(settings(name)) for name in ("mac-b", "witness")]
    async with running(*two):
        await until(lambda: knows_sight(two[0]))
        time.sleep(QUICK.stall + 0.5)  # nothing in this process moves, as when it is frozen
        await until(lambda: any("stood still" in line["said"] for line in two[0].history.recent))
        silence = two[0].facts()["peers"]["witness"]["silence"]
    assert silence < QUICK.stall


def knows_sight(one: Detector) -> bool:
    """Whether it has heard the witness say something."""
    return one.state.peers["witness"].report is not None


@pytest.fixture
def window(settings: Callable[[str], Settings]) -> Detector:
    """A detector whose pages are shown."""
    return detector(settings("witness"))


@pytest.mark.asyncio
async def test_metrics_and_status_are_shown_and_nothing_else(window: Detector) -> None:
    address, port = window.settings.address, window.settings.metrics_port
    pages = Window({"/metrics": lambda: metrics(window), "/status": lambda: as_json(status(window))})
    serving = asyncio.create_task(pages.serve(address, port))

    def get(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=3) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    await until(lambda: serving.done() or touchable(address, port))
    with socket.create_connection((address, port)) as touched:
        touched.close()  # as other machines do all day
    code, text = await asyncio.to_thread(get, "/metrics")
    assert code == 200
    assert 'prontuario_detector_silence_seconds{machine="mac-a"} +Inf' in text
    code, text = await asyncio.to_thread(get, "/status")
    assert (code, json.loads(text)["machine"]) == (200, "witness")
    assert SECRET.hex() not in text
    assert (await asyncio.to_thread(get, "/etc/passwd"))[0] == 404
    for rubbish in (b"\x00" * 9000, b"POST / HTTP/1.1\r\n\r\n", b"\r\n\r\n", b"GET\r\n\r\n"):
        with socket.create_connection((address, port)) as rude:
            rude.sendall(rubbish)
    assert (await asyncio.to_thread(get, "/status"))[0] == 200
    serving.cancel()


def touchable(address: str, port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as one:
        return one.connect_ex((address, port)) == 0


def test_lives_only_grow(tmp_path: Path) -> None:
    first = next_life(tmp_path)
    (tmp_path / "life").write_text(f"{first + 10**15}\n")
    assert next_life(tmp_path) == first + 10**15 + 1
    (tmp_path / "life").write_text("nonsense")
    assert next_life(tmp_path) > first
