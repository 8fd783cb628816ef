"""A real PostgreSQL 17 on this computer: the hospital's own image layer, unpacked and run in a chroot.

It is set up like the cluster's: TLS only, the roles and grants of ``components/record_access.py``.
"""

import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from app.database.connection import DATABASE, OWNER, READER, WRITER
from app.settings import Settings
from components.record_access import PG_HBA, SETUP
from lab.host import Progress
from lab.images.catalogue import POSTGRES_USER, POSTGRESQL
from lab.images.debian import ensure

_PROGRAMS = "/usr/lib/postgresql/17/bin"
_ADDRESS = "127.0.0.1"
_CONFIGURATION = {
    "listen_addresses": _ADDRESS,
    "unix_socket_directories": "/tmp",
    "ssl": "on",
    "ssl_cert_file": "/pki/tls.crt",
    "ssl_key_file": "/pki/tls.key",
    "shared_buffers": "64MB",
    "max_connections": "60",
    # A test's database need not survive this computer.
    "fsync": "off",
}


@dataclass
class Server:
    """One server; every test finds the records' database in it as new."""

    folder: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def root(self) -> Path:
        """What the server sees as /."""
        return self.folder / "root"

    def start(self) -> None:
        """Unpack, initialise, listen; 5 to 10 seconds."""
        assert POSTGRESQL.debian is not None
        layer = ensure(POSTGRESQL.debian, Progress())
        self.root.mkdir(parents=True)
        subprocess.run(["tar", "-xf", str(layer.layer.path), "-C", str(self.root)], check=True)
        self._certify()
        for name in ("dev", "data", "tmp"):
            (self.root / name).mkdir(exist_ok=True)
        (self.root / "etc/passwd").write_text(f"postgres:x:{POSTGRES_USER}:{POSTGRES_USER}::/:/bin/sh\n")
        owner = f"{POSTGRES_USER}:{POSTGRES_USER}"
        subprocess.run(
            ["chown", "-R", owner, *(str(self.root / name) for name in ("data", "tmp", "pki"))], check=True
        )
        initialise = (
            "initdb",
            "-D",
            "/data",
            "--auth=trust",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
        )
        subprocess.run(self._inside(*initialise), check=True, capture_output=True)
        self._configure()
        self._launch()
        self.sql(
            "postgres", *(f"CREATE ROLE {one} LOGIN PASSWORD 'of-{one}'" for one in (OWNER, WRITER, READER))
        )

    def stop(self) -> None:
        """End it at once and unclean, as a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """A power cut and a new start."""
        self.stop()
        self._launch()

    def make(self, template: str = "template0") -> None:
        """The records' database anew: empty as CloudNativePG makes it, or a copy of ``template``."""
        self.sql("postgres", f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        new = f"CREATE DATABASE {DATABASE} OWNER {OWNER} TEMPLATE {template} STRATEGY file_copy"
        self.sql("postgres", new)
        self.sql(DATABASE, *(one for one in SETUP if not one.startswith("CREATE ROLE")))

    def keep_as(self, template: str) -> None:
        """The records' database becomes what later ones are copied from."""
        self.sql("postgres", f"ALTER DATABASE {DATABASE} RENAME TO {template}")

    def settings(self, credentials: Path, **others: object) -> Settings:
        """What a service is told that uses this server."""
        credentials.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.root / "pki/ca.crt", credentials / "authority")
        (credentials / "records-password").write_text(f"of-{WRITER}\n")
        (credentials / "records-owner-password").write_text(f"of-{OWNER}\n")
        values = {
            "machine": "mac-a",
            "records_address": IPv4Address(_ADDRESS),
            "records_port": self.port,
            "credentials": credentials,
            "check_interval": 600,
        }
        return Settings.model_validate(values | others)

    def sql(self, database: str, *statements: str) -> str:
        """What the superuser is answered, one row a line, columns separated by a bar."""
        words = [f"--command={one}" for one in statements]
        command = (
            "psql",
            "-h",
            "/tmp",
            "-p",
            str(self.port),
            "-qAtX",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database,
        )
        done = subprocess.run(self._inside(*command, *words), check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    def _launch(self) -> None:
        log = (self.folder / "server.log").open("ab")
        argv = self._inside("postgres", "-D", "/data")
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._wait_until_it_answers()

    def _inside(self, program: str, *words: str) -> list[str]:
        view = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
        bind = f'mount --bind /dev {self.root}/dev && exec "$@"'
        who = f"--userspec={POSTGRES_USER}:{POSTGRES_USER}"
        clean = ["/usr/bin/env", "-i", "LANG=C.UTF-8", f"PATH={_PROGRAMS}:/usr/bin"]
        return [*view, bind, "sh", "chroot", who, str(self.root), *clean, program, *words]

    def _configure(self) -> None:
        with socket.socket() as free:
            free.bind((_ADDRESS, 0))
            self.port = free.getsockname()[1]
        lines = [f"{name} = '{value}'" for name, value in (_CONFIGURATION | {"port": str(self.port)}).items()]
        with (self.root / "data/postgresql.conf").open("a") as file:
            file.write("\n".join(lines) + "\n")
        doors = ["local all postgres trust", *PG_HBA]
        (self.root / "data/pg_hba.conf").write_text("\n".join(doors) + "\n")

    def _certify(self) -> None:
        folder = self.root / "pki"
        folder.mkdir()
        (folder / "extensions").write_text(f"subjectAltName=IP:{_ADDRESS}\nextendedKeyUsage=serverAuth\n")
        new = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        script = f"""
            {new} -x509 -days 2 -subj /CN=authority -keyout ca.key -out ca.crt
            {new} -subj /CN=records -keyout tls.key -out tls.csr
            openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -days 2 -extfile extensions -out tls.crt
            chmod 600 tls.key
        """
        subprocess.run(["sh", "-ec", script], check=True, cwd=folder, capture_output=True)

    def _wait_until_it_answers(self, within: float = 60) -> None:
        deadline = time.monotonic() + within
        ready = self._inside("pg_isready", "-q", "-h/tmp", f"-p{self.port}")
        while subprocess.run(ready, check=False).returncode != 0:
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < deadline, "the server did not come up"
            time.sleep(0.05)
