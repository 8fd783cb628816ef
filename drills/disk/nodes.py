"""The files below a covered folder, under the numbers by which the kernel knows them."""

import ctypes
import os
import stat
import struct
import threading

from drills.disk.unsynced import Contents

VALID_S = 1
ATTRIBUTES = struct.Struct("<6Q10I")


class Nodes:
    """One mounted folder. Nodes are O_PATH descriptors: a file may be renamed under them."""

    def __init__(self, folder: str) -> None:
        self.lock = threading.Lock()
        root = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        self.nodes = {1: root}
        self.known = {self._identity(root): 1}
        self.seen = {1: 1}
        self.unsynced: dict[tuple[int, int], Contents] = {}
        self.listings: dict[int, list[str]] = {}
        self.device = self._mount(folder)

    def _mount(self, folder: str) -> int:
        if not os.path.exists("/dev/fuse"):
            os.mknod("/dev/fuse", 0o600 | stat.S_IFCHR, os.makedev(10, 229))
        device = os.open("/dev/fuse", os.O_RDWR)
        libc = ctypes.CDLL(None, use_errno=True)
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"
        flags = 2 | 4  # nosuid, nodev
        if libc.mount(b"faulty-disk", folder.encode(), b"fuse.faulty-disk", flags, options.encode()):
            raise OSError(ctypes.get_errno(), f"{folder}: cannot be covered")
        return device

    # -- nodes -------------------------------------------------------------------------------------

    @staticmethod
    def _identity(node: int) -> tuple[int, int]:
        found = os.fstat(node)
        return found.st_dev, found.st_ino

    def _path(self, node: int) -> str:
        return f"/proc/self/fd/{self.nodes[node]}"

    def _child(self, node: int, name: bytes) -> str:
        return f"{self._path(node)}/{os.fsdecode(name)}"

    def _enter(self, path: str) -> bytes:
        """What the kernel is told of a name it asked for."""
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW)
        identity = self._identity(descriptor)
        with self.lock:
            number = self.known.get(identity)
            if number is None:
                number = self.known[identity] = descriptor + 2
                self.nodes[number], self.seen[number] = descriptor, 0
            else:
                os.close(descriptor)
            self.seen[number] += 1
        return struct.pack("<4Q2I", number, 0, VALID_S, VALID_S, 0, 0) + self._attributes(number)

    def _forget(self, number: int, times: int) -> None:
        with self.lock:
            if number == 1 or number not in self.seen:
                return
            self.seen[number] -= times
            if self.seen[number] <= 0:
                descriptor = self.nodes.pop(number)
                identity = self._identity(descriptor)
                self.known.pop(identity, None)
                contents = self.unsynced.get(identity)
                # The disk may give the number of a deleted file to a new one.
                if contents and (not contents.pages or not os.fstat(descriptor).st_nlink):
                    del self.unsynced[identity]
                del self.seen[number]
                os.close(descriptor)

    def _attributes(self, number: int) -> bytes:
        found = os.fstat(self.nodes[number])
        contents = self.unsynced.get((found.st_dev, found.st_ino))
        size = contents.size if contents else found.st_size
        times = (found.st_atime_ns, found.st_mtime_ns, found.st_ctime_ns)
        return ATTRIBUTES.pack(
            *(found.st_ino, size, found.st_blocks, *(at // 10**9 for at in times)),
            *(at % 10**9 for at in times),
            *(found.st_mode, found.st_nlink, found.st_uid, found.st_gid, found.st_rdev, found.st_blksize, 0),
        )

    def _contents(self, number: int) -> Contents:
        identity = self._identity(self.nodes[number])
        with self.lock:
            if identity not in self.unsynced:
                self.unsynced[identity] = Contents(os.fstat(self.nodes[number]).st_size)
            return self.unsynced[identity]
