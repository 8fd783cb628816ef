"""A file system that passes everything through to the folder it covers, until it is told to fail.

``python3 -m drills.disk.faulty_disk FOLDER MODE_FILE`` runs on a machine, as root, with nothing but Python's
own library. It mounts itself over FOLDER and obeys the word in MODE_FILE, read again at every SIGHUP:

well: as if it were not there
full: whatever needs room answers ENOSPC
slow: every sync takes SLOW_S longer, and a second more for each SLOW_BYTES written since the file's last one
dead: nothing is answered any more, and nothing fails either: a controller that has gone
lossy: what was written and not synced is in this process alone, and dies with it, as a drive's cache does

What is written and not synced is in the page cache of a machine, so a slow disk lets writes be. (PostgreSQL
fills the rest of a log segment by pages of 8 KiB before it closes one: with a wait at each of up to 2,048
writes, nobody could write for minutes that no real disk takes for 16 MiB.)

Names and folders (create, rename, delete) are passed through at once in every mode: only contents are lossy.
"""

import errno
import os
import signal
import struct
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from drills.disk.operations import HANDLERS, LARGEST_WRITE, READ_WRITE, Operations

SLOW_S = 0.2
SLOW_BYTES = 4 * 1024 * 1024
THREADS = 12
HEADER = struct.Struct("<IIQQIIII")
ANSWER = struct.Struct("<IiQ")
FORGET, INTERRUPT, BATCH_FORGET = 2, 36, 42
"""Requests without an answer."""
NEED_ROOM = (6, 8, 9, 16, 35, 43)
WRITE, SYNCS = 16, (20, 30)


class FaultyDisk(Operations):
    """The mounted folder and its present mode."""

    def __init__(self, folder: str, mode_file: str) -> None:
        self.mode_file = mode_file
        self.unpaid: Counter[int] = Counter()
        self.till = threading.Lock()
        self.obey()
        super().__init__(folder)

    def obey(self, *_: object) -> None:
        """Read the mode again."""
        self.mode = Path(self.mode_file).read_text().strip()

    def serve(self) -> None:
        """Answer requests until the folder is uncovered."""
        while True:
            try:
                request = os.read(self.device, LARGEST_WRITE + 4096)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    continue
                return  # uncovered
            _, opcode, unique, node, uid, gid, _, _ = HEADER.unpack_from(request)
            answer = self._answer(opcode, node, (uid, gid), request[HEADER.size :])
            if answer is None:
                continue
            code, body = (0, answer) if isinstance(answer, bytes) else (-answer, b"")
            try:
                os.write(self.device, ANSWER.pack(ANSWER.size + len(body), code, unique) + body)
            except OSError as error:
                if error.errno != errno.ENOENT:  # the asking process was interrupted meanwhile
                    return

    def _answer(self, opcode: int, node: int, owner: tuple[int, int], body: bytes) -> bytes | int | None:
        """The answer's bytes, an error number, or None when none is expected."""
        if opcode in (FORGET, INTERRUPT, BATCH_FORGET):
            self._forget_all(opcode, node, body)
            return None
        while self.mode == "dead":
            time.sleep(0.1)
        if self.mode == "full" and opcode in NEED_ROOM:
            return errno.ENOSPC
        if self.mode == "slow":
            self._be_slow(opcode, node, body)
        handler = HANDLERS.get(opcode)
        if handler is None:
            return errno.ENOSYS
        try:
            return handler(self, node, owner, body)
        except OSError as error:
            return error.errno or errno.EIO
        except KeyError:
            return errno.ESTALE

    def _be_slow(self, opcode: int, node: int, body: bytes) -> None:
        if opcode == WRITE:
            with self.till:
                self.unpaid[node] += READ_WRITE.unpack_from(body)[2]
        elif opcode in SYNCS:
            with self.till:
                unpaid = self.unpaid.pop(node, 0)
            time.sleep(SLOW_S + unpaid / SLOW_BYTES)

    def _forget_all(self, opcode: int, node: int, body: bytes) -> None:
        if opcode == FORGET:
            self._forget(node, struct.unpack_from("<Q", body)[0])
        elif opcode == BATCH_FORGET:
            for number, times in struct.iter_unpack("<QQ", body[8:]):
                self._forget(number, times)


def main() -> None:
    """Cover the folder and serve it until it is uncovered."""
    os.umask(0)
    disk = FaultyDisk(*sys.argv[1:3])
    signal.signal(signal.SIGHUP, disk.obey)
    servers = [threading.Thread(target=disk.serve, daemon=True) for _ in range(THREADS)]
    for server in servers:
        server.start()
    while any(server.is_alive() for server in servers):
        time.sleep(0.2)


if __name__ == "__main__":
    main()
