"""A real OpenSSH server on 127.0.0.1, as a child of the tests; nothing of the host is touched."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolchain.store import root as toolchain_cache

_LIBRARIES = "usr/lib"
# A folder that is a disk of 64 KB, when the tests run as root.
SMALL_DISK = "small-disk"


@dataclass(frozen=True)
class Machine:
    """What a client needs to reach the server; `folder` is a place on it to write to."""

    port: int
    user: str
    host_key: str
    rsa_host_key: str
    private_key: str
    encrypted_private_key: str
    passphrase: str
    stranger_key: str
    folder: Path

    def connection(self, **changes: object) -> dict[str, object]:
        """Arguments for the SDK's Connection: pinned host key, our key, no patience."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "private_key": {"secret": self.private_key},
            "host_key": self.host_key,
            "dial_error_limit": 0,
            "per_dial_timeout": 10,
            **changes,
        }


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def generate_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> str:
    """Make a key pair; returns the public half without its comment."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "", "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


def server_binary() -> tuple[Path, dict[str, str]]:
    """The host's sshd, else Debian's unpacked into the cache; with the environment it wants."""
    installed = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if installed:
        return Path(installed).resolve(), dict(os.environ)
    folder = toolchain_cache().parent / "openssh-server"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        binary = folder / "root" / "usr" / "sbin" / "sshd"
        libraries = [str(path) for path in (folder / "root" / _LIBRARIES).glob("*-linux-*")]
        environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}
        if not binary.exists():
            _unpack(folder, "openssh-server", "libwrap0")
            libraries = [str(path) for path in (folder / "root" / _LIBRARIES).glob("*-linux-*")]
            environment["LD_LIBRARY_PATH"] = ":".join(libraries)
    missing = subprocess.run(["ldd", binary], env=environment, capture_output=True, text=True, check=False)
    if "not found" in missing.stdout:
        raise RuntimeError(f"no usable sshd: install openssh-server\n{missing.stdout}")
    return binary, environment


def _unpack(folder: Path, *packages: str) -> None:
    if shutil.which("apt-get") is None:
        raise RuntimeError("no sshd here and no apt-get to fetch one: install openssh-server")
    downloads = folder / "packages"
    downloads.mkdir(exist_ok=True)
    fetched = subprocess.run(
        ["apt-get", "download", *packages], cwd=downloads, capture_output=True, text=True, check=False
    )
    if fetched.returncode != 0:
        raise RuntimeError(f"no sshd here and none to be had: install openssh-server\n{fetched.stderr}")
    scratch = folder / f"root.{os.getpid()}"
    for package in downloads.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, scratch], check=True)
    scratch.rename(folder / "root")


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Machine]:
    """Run a server that lets one key in, until the block ends."""
    binary, environment = server_binary()
    host_key = generate_key(folder / "host")
    rsa_host_key = generate_key(folder / "host-rsa", kind="rsa")
    client = generate_key(folder / "client")
    encrypted = generate_key(folder / "encrypted", passphrase="horse battery")
    generate_key(folder / "stranger")
    (folder / "authorized").write_text(f"{client}\n{encrypted}\n")
    served = folder / "files"
    (served / SMALL_DISK).mkdir(parents=True)
    port = free_port()
    (folder / "sshd_config").write_text(_configuration(folder, port))
    command = [str(binary), "-D", "-e", "-f", str(folder / "sshd_config")]
    if os.geteuid() == 0:
        command = _in_private_namespace(folder, command)
    with (folder / "sshd.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _until_listening(port, server, folder / "sshd.log")
        yield Machine(
            port=port,
            user=_user(),
            host_key=host_key,
            rsa_host_key=rsa_host_key,
            private_key=(folder / "client").read_text(),
            encrypted_private_key=(folder / "encrypted").read_text(),
            passphrase="horse battery",
            stranger_key=(folder / "stranger").read_text(),
            folder=served,
        )
    finally:
        # Its own session: sessions it forked end with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(10)


def _user() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _configuration(folder: Path, port: int) -> str:
    return f"""\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
HostKey {folder}/host-rsa
AuthorizedKeysFile {folder}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
AllowTcpForwarding yes
AcceptEnv HOSPITAL_* PULUMI_COMMAND_*
MaxStartups 100
Subsystem sftp internal-sftp
"""


def _in_private_namespace(folder: Path, command: list[str]) -> list[str]:
    # As root, sshd insists on a user called sshd and on /run/sshd: both exist in its own mounts only.
    # There our own user has a plain shell too, whose start-up files print nothing of their own.
    us = pwd.getpwuid(os.geteuid())
    users = (line for line in Path("/etc/passwd").read_text().splitlines())
    others = [line for line in users if line.partition(":")[0] not in (us.pw_name, "sshd")]
    ourselves = f"{us.pw_name}:x:{us.pw_uid}:{us.pw_gid}::{folder}:/bin/sh"
    sshd = "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin"
    (folder / "passwd").write_text("\n".join([*others, ourselves, sshd, ""]))
    script = " && ".join(
        (
            "mount -t tmpfs tmpfs /run",
            "mkdir -m 755 /run/sshd",
            'mount --bind "$0/passwd" /etc/passwd',
            f'mount -t tmpfs -o size=64k tmpfs "$0/files/{SMALL_DISK}"',
            'exec "$@"',
        )
    )
    # slave: what the host unmounts meanwhile goes here too, and nothing of ours goes there.
    return ["unshare", "--mount", "--propagation", "slave", "sh", "-c", script, str(folder), *command]


def _until_listening(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"sshd did not start:\n{log.read_text()}")
