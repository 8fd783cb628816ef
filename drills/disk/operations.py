"""One method for each request of the kernel, with its layouts (linux/fuse.h, protocol 7.31).

Each is given the node it is about, the user and group who ask, and the request's body.
"""

import errno
import os
import stat
import struct
import time
from collections.abc import Callable

from drills.disk.nodes import VALID_S, Nodes

LARGEST_WRITE = 128 * 1024
SETATTR = struct.Struct("<II6Q8I")
READ_WRITE = struct.Struct("<QQIIQII")
MODE, UID, GID, SIZE, ATIME, MTIME, ATIME_NOW, MTIME_NOW = 1, 2, 4, 8, 16, 32, 128, 256


class Operations(Nodes):
    """Everything is passed through, but for what the mode of the disk forbids or withholds."""

    mode = "well"

    def init(self, _: int, __: tuple[int, int], body: bytes) -> bytes:
        _, _, readahead, offered = struct.unpack_from("<IIII", body)
        wanted = offered & (1 | 1 << 5)  # ASYNC_READ, BIG_WRITES
        return struct.pack("<IIIIHHIIHHI28x", 7, 31, readahead, wanted, 64, 48, LARGEST_WRITE, 1, 32, 0, 0)

    def lookup(self, node: int, _: tuple[int, int], body: bytes) -> bytes:
        return self._enter(self._child(node, body[:-1]))

    def getattr(self, node: int, _: tuple[int, int], __: bytes) -> bytes:
        return struct.pack("<QII", VALID_S, 0, 0) + self._attributes(node)

    def setattr(self, node: int, owner: tuple[int, int], body: bytes) -> bytes | int:
        valid, _, _, size, _, atime, mtime, _, an, mn, _, mode, _, uid, gid, _ = SETATTR.unpack_from(body)
        path = self._path(node)
        if valid & MODE:
            os.chmod(path, stat.S_IMODE(mode))
        if valid & (UID | GID):
            os.chown(path, uid if valid & UID else -1, gid if valid & GID else -1)
        if valid & SIZE:
            if self.mode == "full" and size > os.fstat(self.nodes[node]).st_size:
                return errno.ENOSPC
            if self.mode == "lossy":
                self._contents(node).resize(size)
            else:
                os.truncate(path, size)
        if valid & (ATIME | MTIME):
            now, found = time.time_ns(), os.fstat(self.nodes[node])
            read_at = atime * 10**9 + an if valid & ATIME else found.st_atime_ns
            written_at = mtime * 10**9 + mn if valid & MTIME else found.st_mtime_ns
            times = (now if valid & ATIME_NOW else read_at, now if valid & MTIME_NOW else written_at)
            os.utime(path, ns=times)
        return self.getattr(node, owner, b"")

    def readlink(self, node: int, _: tuple[int, int], __: bytes) -> bytes:
        return os.fsencode(os.readlink("", dir_fd=self.nodes[node]))

    def symlink(self, node: int, owner: tuple[int, int], body: bytes) -> bytes:
        name, target = body[:-1].split(b"\0")
        return self._made(node, name, owner, lambda path: os.symlink(target, path))

    def mknod(self, node: int, owner: tuple[int, int], body: bytes) -> bytes:
        mode, device = struct.unpack_from("<II", body)
        return self._made(node, body[16:-1], owner, lambda path: os.mknod(path, mode, device))

    def mkdir(self, node: int, owner: tuple[int, int], body: bytes) -> bytes:
        mode = struct.unpack_from("<I", body)[0]
        return self._made(node, body[8:-1], owner, lambda path: os.mkdir(path, mode & 0o7777))

    def _made(self, node: int, name: bytes, owner: tuple[int, int], make: Callable[[str], None]) -> bytes:
        path = self._child(node, name)
        make(path)
        os.chown(path, *owner, follow_symlinks=False)
        return self._enter(path)

    def unlink(self, node: int, _: tuple[int, int], body: bytes) -> bytes:
        os.unlink(self._child(node, body[:-1]))
        return b""

    def rmdir(self, node: int, _: tuple[int, int], body: bytes) -> bytes:
        os.rmdir(self._child(node, body[:-1]))
        return b""

    def rename(self, node: int, _: tuple[int, int], body: bytes) -> bytes:
        return self._rename(node, struct.unpack_from("<Q", body)[0], body[8:])

    def rename2(self, node: int, _: tuple[int, int], body: bytes) -> bytes | int:
        other, flags = struct.unpack_from("<QI", body)
        return errno.EINVAL if flags else self._rename(node, other, body[16:])

    def _rename(self, node: int, other: int, names: bytes) -> bytes:
        old, new = names[:-1].split(b"\0")
        os.rename(self._child(node, old), self._child(other, new))
        return b""

    def link(self, node: int, _: tuple[int, int], body: bytes) -> bytes:
        path = self._child(node, body[8:-1])
        os.link(self._path(struct.unpack_from("<Q", body)[0]), path, follow_symlinks=True)
        return self._enter(path)

    def open(self, node: int, _: tuple[int, int], body: bytes) -> bytes:
        return self._opened(self._path(node), struct.unpack_from("<I", body)[0])

    def _opened(self, path: str, flags: int) -> bytes:
        flags &= ~(os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_DIRECT | os.O_APPEND)
        if self.mode == "lossy":
            # Synchronous opening would sync every write by itself; reading is needed to merge pages.
            flags &= ~(os.O_SYNC | os.O_DSYNC | os.O_TRUNC | os.O_ACCMODE)
            flags |= os.O_RDWR if not os.path.isdir(path) else 0
        return struct.pack("<QIi", os.open(path, flags), 0, 0)

    def create(self, node: int, owner: tuple[int, int], body: bytes) -> bytes:
        flags, mode = struct.unpack_from("<II", body)
        path = self._child(node, body[16:-1])
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | (flags & os.O_EXCL), stat.S_IMODE(mode)))
        os.chown(path, *owner)
        entry = self._enter(path)
        number = struct.unpack_from("<Q", entry)[0]
        return entry + self._opened(self._path(number), flags)

    def read(self, node: int, _: tuple[int, int], body: bytes) -> bytes:
        handle, offset, size, *_rest = READ_WRITE.unpack_from(body)
        if self.mode == "lossy":
            return self._contents(node).read(handle, offset, size)
        return os.pread(handle, size, offset)

    def write(self, node: int, _: tuple[int, int], body: bytes) -> bytes:
        handle, offset, size, *_rest = READ_WRITE.unpack_from(body)
        data = body[READ_WRITE.size : READ_WRITE.size + size]
        if self.mode == "lossy":
            self._contents(node).write(handle, offset, data)
            return struct.pack("<II", size, 0)
        return struct.pack("<II", os.pwrite(handle, data, offset), 0)

    def fsync(self, node: int, _: tuple[int, int], body: bytes) -> bytes:
        handle = struct.unpack_from("<Q", body)[0]
        if self.mode == "lossy":
            self._contents(node).sync(handle)
        os.fsync(handle)
        return b""

    def fsyncdir(self, _: int, __: tuple[int, int], body: bytes) -> bytes:
        os.fsync(struct.unpack_from("<Q", body)[0])
        return b""

    def release(self, _: int, __: tuple[int, int], body: bytes) -> bytes:
        handle = struct.unpack_from("<Q", body)[0]
        self.listings.pop(handle, None)
        os.close(handle)
        return b""

    def done(self, _: int, __: tuple[int, int], ___: bytes) -> bytes:
        return b""

    def readdir(self, node: int, _: tuple[int, int], body: bytes) -> bytes:
        handle, offset, room, *_rest = READ_WRITE.unpack_from(body)
        if offset == 0:
            self.listings[handle] = os.listdir(self._path(node))
        listed = b""
        for place, name in enumerate(self.listings.get(handle, [])[offset:], start=offset + 1):
            raw = os.fsencode(name)
            try:
                found = os.lstat(self._child(node, raw))
            except FileNotFoundError:
                continue
            kind = stat.S_IFMT(found.st_mode) >> 12
            entry = struct.pack("<QQII", found.st_ino, place, len(raw), kind) + raw
            entry += b"\0" * (-len(entry) % 8)
            if len(listed) + len(entry) > room:
                break
            listed += entry
        return listed

    def statfs(self, node: int, _: tuple[int, int], __: bytes) -> bytes:
        found = os.statvfs(self._path(node))
        free = 0 if self.mode == "full" else found.f_bavail
        room = (found.f_blocks, free, free, found.f_files, found.f_ffree)
        return struct.pack("<5Q4I24x", *room, found.f_bsize, found.f_namemax, found.f_frsize, 0)


Handler = Callable[[Operations, int, tuple[int, int], bytes], bytes | int]
HANDLERS: dict[int, Handler] = {
    1: Operations.lookup,
    3: Operations.getattr,
    4: Operations.setattr,
    5: Operations.readlink,
    6: Operations.symlink,
    8: Operations.mknod,
    9: Operations.mkdir,
    10: Operations.unlink,
    11: Operations.rmdir,
    12: Operations.rename,
    13: Operations.link,
    14: Operations.open,
    15: Operations.read,
    16: Operations.write,
    17: Operations.statfs,
    18: Operations.release,
    20: Operations.fsync,
    25: Operations.done,  # FLUSH: closing is not syncing
    26: Operations.init,
    27: Operations.open,
    28: Operations.readdir,
    29: Operations.release,
    30: Operations.fsyncdir,
    35: Operations.create,
    45: Operations.rename2,
}
