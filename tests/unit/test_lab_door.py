"""The door on 127.0.0.1."""

import asyncio
import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from lab import door, doorkeeper
from lab.host import started
from lab.network import identity

LAN = Path("/proc/self/ns/net")


def record(path: Path, **changes: object) -> Path:
    about = {
        "pid": os.getpid(),
        "birth": started(os.getpid()),
        "lan": identity(LAN),
        "https": 8443,
    }
    path.write_text(json.dumps({**about, **changes}))
    return path


def test_the_record_of_a_living_door_names_its_ports(tmp_path: Path) -> None:
    assert door.ports(record(tmp_path / "door.json"), LAN) == {"https": 8443}


@pytest.mark.parametrize("change", [{"birth": 1}, {"pid": 2**22 + 1}, {"lan": [1, 2]}, {"https": None}])
def test_a_reused_process_id_or_another_lan_is_no_open_door(
    tmp_path: Path, change: dict[str, object]
) -> None:
    assert door.ports(record(tmp_path / "door.json", **change), LAN) == {}


def test_closing_a_door_never_ends_a_process_that_only_has_its_number(tmp_path: Path) -> None:
    door.close(record(tmp_path / "door.json", birth=1))
    assert started(os.getpid())
    assert not (tmp_path / "door.json").exists()


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with doorkeeper.listen(0) as first, doorkeeper.listen(first.getsockname()[1]) as second:
        assert second.getsockname()[1] != first.getsockname()[1]
        assert second.getsockname()[0] == "127.0.0.1"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read())
    writer.close()


def test_everything_that_goes_in_comes_out_and_the_end_of_it_too() -> None:
    message = os.urandom(300_000)

    async def conversation() -> bytes:
        far = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = far.sockets[0].getsockname()[1]
        near = doorkeeper.listen(0)
        serving = asyncio.create_task(doorkeeper.serve({port: near}, "127.0.0.1"))
        reader, writer = await asyncio.open_connection(*near.getsockname())
        writer.write(message)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 10)
        serving.cancel()
        far.close()
        return answer

    assert asyncio.run(conversation()) == message


def test_a_hospital_that_does_not_answer_closes_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]

    async def conversation() -> bytes:
        near = doorkeeper.listen(0)
        serving = asyncio.create_task(doorkeeper.serve({closed: near}, "127.0.0.1"))
        reader, _ = await asyncio.open_connection(*near.getsockname())
        answer = await asyncio.wait_for(reader.read(), 10)
        serving.cancel()
        return answer

    assert asyncio.run(conversation()) == b""


def test_a_door_that_closes_itself_first_is_closed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    monkeypatch.setattr(door, "started", lambda _: 1)  # it lived when we looked
    monkeypatch.setattr(door, "wait_until_gone", lambda *_, **__: True)
    door.close(record(tmp_path / "door.json", pid=gone.pid, birth=1))
    assert not (tmp_path / "door.json").exists()
