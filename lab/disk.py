"""A machine's disk: its own layer over the shared image, kept through power cuts, gone with the lab."""

import io
import os
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.host import LabError, command, last_line

# An overlay cannot be laid over an overlay, and a database should not pay for a copy of each file it opens.
REAL_FOLDERS = ("/var/lib/containerd", "/var/lib/etcd", "/var/lib/kubelet", "/var/lib/prontuario-volumes")


@dataclass(frozen=True)
class DiskFile:
    """A file to be put on a machine's disk."""

    path: str
    content: str
    mode: int = 0o644
    owner: int = 0


@dataclass(frozen=True)
class Disk:
    """The disk of one machine, below its folder of the lab's state."""

    folder: Path

    @property
    def root(self) -> Path:
        """Where the whole disk is seen while it is mounted."""
        return self.folder / "root"

    def is_mounted(self) -> bool:
        """True while the disk can be read and written."""
        return self.root.is_mount()

    def mount(self, image: Path) -> None:
        """Lay the machine's own layer over the image.

        Raises LabError when this file system cannot carry an overlay or has no room.
        """
        if self.is_mounted():
            return
        try:
            for part in ("root", "layer", "work"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LabError(f"{self.folder}: {error.strerror}: the machine's disk lives there") from None
        options = f"lowerdir={image},upperdir={self.folder / 'layer'},workdir={self.folder / 'work'}"
        mounted = command(["mount", "-t", "overlay", "overlay", "-o", options, str(self.root)], check=False)
        if mounted.returncode != 0:
            said = last_line(mounted.stderr, mounted.returncode)
            raise LabError(
                f"{self.folder}: no overlay can be mounted here ({said}): "
                "set XDG_STATE_HOME to a folder on ext4, xfs or btrfs"
            )

    def real_folders(self) -> dict[str, Path]:
        """Path inside the machine -> folder here, for programs that bring overlays of their own."""
        folders = {path: self.folder / "real" / Path(path).name for path in REAL_FOLDERS}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        return folders

    def unmount(self) -> None:
        """Take the disk away, whoever still looks at it."""
        while self.is_mounted():
            command(["umount", "--lazy", str(self.root)])

    def write(self, files: Iterable[DiskFile]) -> None:
        """Put files on the mounted disk, from inside: no link the machine left there can lead out of it."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for file in files:
                entry = tarfile.TarInfo(file.path)
                content = file.content.encode()
                entry.size, entry.mode = len(content), file.mode
                entry.uid = entry.gid = file.owner
                tar.addfile(entry, io.BytesIO(content))
        argv = ["chroot", str(self.root), "tar", "--extract", "--directory=/", "--numeric-owner"]
        done = subprocess.run(argv, input=archive.getvalue(), capture_output=True, check=False)
        if done.returncode != 0:
            # The last line of tar only says that there was an earlier one.
            said = last_line(done.stderr.decode(errors="replace").partition("\n")[0], done.returncode)
            raise LabError(f"{self.root}: the machine's disk cannot be written: {said}")

    def destroy(self) -> None:
        """Unmount and delete the disk."""
        self.unmount()
        if self.folder.exists():
            command(["rm", "-rf", "--one-file-system", str(self.folder)], timeout=120)
        if self.folder.exists():
            raise LabError(f"{self.folder}: something is still mounted there: {os.listdir(self.folder)}")
