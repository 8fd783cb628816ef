"""What was written to a file and not synced, as a drive's cache holds it."""

import os
import threading

PAGE = 4096


class Contents:
    """Pages in memory over one file on the disk."""

    def __init__(self, size: int) -> None:
        self.pages: dict[int, bytearray] = {}
        self.size = size
        self.valid = size  # how much of what is on the disk still counts
        self.lock = threading.Lock()

    def _old(self, handle: int, size: int, offset: int) -> bytes:
        size = max(0, min(size, self.valid - offset))
        return os.pread(handle, size, offset)

    def write(self, handle: int, offset: int, data: bytes) -> None:
        """Keep it."""
        with self.lock:
            at = 0
            while at < len(data):
                number, start = divmod(offset + at, PAGE)
                share = min(PAGE - start, len(data) - at)
                if number not in self.pages:
                    old = self._old(handle, PAGE, number * PAGE) if share < PAGE else b""
                    self.pages[number] = bytearray(old.ljust(PAGE, b"\0"))
                self.pages[number][start : start + share] = data[at : at + share]
                at += share
            self.size = max(self.size, offset + len(data))

    def read(self, handle: int, offset: int, size: int) -> bytes:
        """As the file would be."""
        with self.lock:
            end = min(offset + size, self.size)
            if end <= offset:
                return b""
            merged = bytearray(self._old(handle, end - offset, offset).ljust(end - offset, b"\0"))
            for number in range(offset // PAGE, (end - 1) // PAGE + 1):
                if page := self.pages.get(number):
                    first, last = max(offset, number * PAGE), min(end, (number + 1) * PAGE)
                    share = page[first - number * PAGE : last - number * PAGE]
                    merged[first - offset : last - offset] = share
            return bytes(merged)

    def resize(self, size: int) -> None:
        """Cut off or grow."""
        with self.lock:
            self.pages = {number: page for number, page in self.pages.items() if number * PAGE < size}
            if size % PAGE and (page := self.pages.get(size // PAGE)):
                page[size % PAGE :] = bytes(PAGE - size % PAGE)
            self.size = size
            self.valid = min(self.valid, size)

    def sync(self, handle: int) -> None:
        """Put it on the disk; the caller syncs the disk itself."""
        with self.lock:
            os.ftruncate(handle, self.valid)
            for number in sorted(self.pages):
                page = self.pages[number][: max(0, self.size - number * PAGE)]
                os.pwrite(handle, page, number * PAGE)
            os.ftruncate(handle, self.size)
            self.valid = self.size
            self.pages.clear()
