"""The process behind the door: ``python -m lab.doorkeeper`` forwards 127.0.0.1 to the floating address.

It opens its ports on the computer's loopback, then moves into the LAN and gives up every privilege:
what it forwards can only come from here and only go there.
"""

import argparse
import asyncio
import contextlib
import ctypes
import json
import os
import signal
import socket
from pathlib import Path

from lab.door import PREFERRED
from lab.host import LabError, started, write_atomically
from lab.network import identity

CLONE_NEWNET = 0x40000000
CHUNK = 65536


def listen(preferred: int) -> socket.socket:
    """A listening socket on the preferred port of 127.0.0.1, or on a free one when that is taken."""
    for port in (preferred, 0):
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            server.close()
            continue
        server.listen(128)
        return server
    raise LabError("no free port on 127.0.0.1")


def move_to(namespace: Path) -> None:
    """Leave the computer's network for the namespace's; sockets that are already open stay where they are."""
    with namespace.open() as handle:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise LabError(f"{namespace}: {os.strerror(ctypes.get_errno())}")


def give_up_privileges(uid: int, gid: int) -> None:
    """Become the lab's owner; root's door becomes nobody's."""
    uid, gid = (65534, 65534) if uid == 0 else (uid, gid)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(CHUNK):
            sink.write(chunk)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()


async def serve(servers: dict[int, socket.socket], floating: str) -> None:
    """Forward every connection of each server to its port of the floating address."""

    async def forward(
        port: int, near_reader: asyncio.StreamReader, near_writer: asyncio.StreamWriter
    ) -> None:
        writers = [near_writer]
        try:
            far_reader, far_writer = await asyncio.wait_for(asyncio.open_connection(floating, port), 5)
            writers.append(far_writer)
            await asyncio.gather(_pour(near_reader, far_writer), _pour(far_reader, near_writer))
        except (OSError, TimeoutError) as error:
            print(f"{floating}:{port}: {error or 'no answer'}", flush=True)
        finally:
            for writer in writers:
                writer.close()

    def to(port: int) -> "asyncio.Future[None]":
        return asyncio.ensure_future(_listen_on(servers[port], port))

    async def _listen_on(server: socket.socket, port: int) -> None:
        opened = await asyncio.start_server(lambda r, w: forward(port, r, w), sock=server)
        await opened.serve_forever()

    await asyncio.gather(*(to(port) for port in servers))


def main() -> None:
    """Open the ports, record them, move into the LAN and forward until told to end."""
    parser = argparse.ArgumentParser(prog="python -m lab.doorkeeper", description=__doc__)
    parser.add_argument("record", type=Path)
    parser.add_argument("lan", type=Path)
    parser.add_argument("floating")
    parser.add_argument("uid", type=int)
    parser.add_argument("gid", type=int)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    servers, opened = {}, {}
    for name, (near, far) in PREFERRED.items():
        servers[far] = listen(near)
        opened[name] = servers[far].getsockname()[1]
    pid = os.getpid()
    about = {"pid": pid, "birth": started(pid), "lan": identity(arguments.lan), **opened}
    move_to(arguments.lan)
    os.environ["PRONTUARIO_OWNER"] = f"{arguments.uid}:{arguments.gid}"
    write_atomically(arguments.record, json.dumps(about) + "\n")
    give_up_privileges(arguments.uid, arguments.gid)
    asyncio.run(serve(servers, arguments.floating))


if __name__ == "__main__":
    main()
