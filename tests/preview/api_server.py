"""The cluster's own API server and etcd on loopback, with nothing behind them: they judge manifests.

Certificates, keys and data live in a temporary folder and die with it. No controller runs, so nothing that
is created does anything.
"""

import contextlib
import json
import secrets
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolchain.programs import CLUSTER, binaries

_PATIENCE = 60
"""Seconds, for a busy computer; four are usual."""
_NEEDED = ("etcd", "kube-apiserver", "kubectl")

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class ApiServer:
    """A running API server. ``kubectl``: the program; ``kubeconfig``: the administrator's way in."""

    kubectl: Path
    kubeconfig: Path

    def judge(self, manifests: Iterable[Manifest]) -> list[str]:
        """What the API server would say to ``manifests``, errors and warnings; nothing is created."""
        return self._apply(manifests, "--dry-run=server")

    def create(self, manifests: Iterable[Manifest]) -> None:
        """Put ``manifests`` into the API server for real. Raises AssertionError with its complaints."""
        complaints = self._apply(manifests)
        assert not complaints, "\n".join(complaints)

    def wait(self, condition: str, kind: str) -> None:
        """Until all objects of ``kind`` fulfil ``condition``."""
        done = self._run("wait", f"--for=condition={condition}", kind, "--all", f"--timeout={_PATIENCE}s")
        assert done.returncode == 0, done.stderr

    @property
    def cache(self) -> Path:
        """Where kubectl remembers this server; the user's own memory is not for it."""
        return self.kubeconfig.parent / "kube-cache"

    def _apply(self, manifests: Iterable[Manifest], *flags: str) -> list[str]:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        # Server-side: the larger definitions do not fit into the annotation that the other way needs.
        done = self._run(
            "apply", "--server-side", "--validate=strict", *flags, "-f", "-", stdin=json.dumps(listed)
        )
        complaints = [line for line in done.stderr.splitlines() if line.strip()]
        assert complaints or done.returncode == 0, done.stdout
        return complaints

    def _run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.kubectl, f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.cache}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=2 * _PATIENCE,
            check=False,
        )


@contextlib.contextmanager
def api_server(folder: Path, service_network: str) -> Iterator[ApiServer]:
    """Start both programs in ``folder`` and end them afterwards. Needs the built programs of the cluster."""
    programs = binaries([program for program in CLUSTER if program.name in _NEEDED])
    client, peer, api = _free_ports(3)
    key, tokens, token = folder / "accounts.key", folder / "tokens.csv", secrets.token_hex(32)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", key],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    tokens.touch(mode=0o600)
    tokens.write_text(f'{token},admin,admin,"system:masters"\n')
    with contextlib.ExitStack() as stack:
        stack.enter_context(
            _running(
                folder / "etcd.log",
                programs["etcd"],
                f"--data-dir={folder / 'etcd'}",
                f"--listen-client-urls=http://127.0.0.1:{client}",
                f"--advertise-client-urls=http://127.0.0.1:{client}",
                f"--listen-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-cluster=default=http://127.0.0.1:{peer}",
                "--unsafe-no-fsync",
            )
        )
        server = stack.enter_context(
            _running(
                folder / "api.log",
                programs["kube-apiserver"],
                f"--etcd-servers=http://127.0.0.1:{client}",
                "--bind-address=127.0.0.1",
                f"--secure-port={api}",
                f"--cert-dir={folder / 'certificates'}",
                f"--token-auth-file={tokens}",
                "--authorization-mode=RBAC",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={key}",
                f"--service-account-signing-key-file={key}",
                f"--service-cluster-ip-range={service_network}",
                # Accounts are made by a controller, and none runs here.
                "--disable-admission-plugins=ServiceAccount",
            )
        )
        certificate = folder / "certificates" / "apiserver.crt"
        found = ApiServer(programs["kubectl"], folder / "kubeconfig")
        _write_kubeconfig(found.kubeconfig, f"https://127.0.0.1:{api}", certificate, token)
        _await(found, server, folder / "api.log")
        yield found


def _await(api: ApiServer, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while api._run("get", "--raw=/readyz").returncode or api._run("get", "namespace", "default").returncode:
        assert server.poll() is None, f"the API server ended: {log.read_text()[-2000:]}"
        assert time.monotonic() < deadline, f"the API server is not ready: {log.read_text()[-2000:]}"
        time.sleep(0.2)


@contextlib.contextmanager
def _running(log: Path, program: Path, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *flags], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.kill()  # a server that shuts down in order first waits a minute for its clients
        process.wait()


def _write_kubeconfig(path: Path, server: str, authority: Path, token: str) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "judge",
        "contexts": [{"name": "judge", "context": {"cluster": "judge", "user": "admin"}}],
        "clusters": [
            {"name": "judge", "cluster": {"server": server, "certificate-authority": str(authority)}}
        ],
        "users": [{"name": "admin", "user": {"token": token}}],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]
