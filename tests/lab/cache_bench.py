"""The cache without a cluster: its containers as processes of this computer, from the bundle's own files.

Every container has its own view of the file system (the image's files, its settings, credentials, data) and
its own address of the loopback network; scripts, settings and users are those that the cluster gets.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry
from redis.sentinel import Sentinel

from components import cache_files as files
from components.cache_endpoints import (
    CACHE,
    CacheEndpoint,
    sentinel_endpoints,
    server_endpoints,
)
from components.cache_manifests import render_cache
from infra.config.model import Hospital
from lab.host import Progress
from lab.images.catalogue import VALKEY
from lab.images.debian import ensure

_MOUNTS = ("settings", "credentials", "certificate", "data", "run/valkey")
_PASSWORDS = {user: f"password-of-{user}" for user in files.USERS}


class Container:
    """One container's process group: started, killed without a word, frozen and thawed."""

    def __init__(self, bench: "Bench", pod: str, script: str, endpoint: CacheEndpoint) -> None:
        self.name = f"{pod}-{script}"
        self.log = bench.folder / f"{self.name}.log"
        self._bench = bench
        self._pod = pod
        self._script = script
        self._endpoint = endpoint
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it in a view of its own."""
        folder = self._bench.pod_folder(self._pod)
        view = self._bench.root
        places = {"/dev": "dev", **{str(folder / one): one for one in _MOUNTS}}
        binds = " && ".join(f"mount --bind {source} {view / inside}" for source, inside in places.items())
        environment = [f"{name}={value}" for name, value in self._bench.environment.items()]
        argv = ["chroot", "--userspec=999:999", str(view), "/usr/bin/env", "-i", *environment]
        argv += [f"HOSTNAME={self._pod}", "PATH=/usr/bin", "/bin/sh", f"/settings/{self._script}.sh"]
        command = f'{binds} && exec "$@"'
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", command, "sh", *argv],
            stdin=subprocess.DEVNULL,
            stdout=self.log.open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def send(self, number: signal.Signals) -> None:
        """A signal to all that runs in it."""
        if self._process is not None:
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """As a power cut does it."""
        if self._process is not None:
            self.send(signal.SIGKILL)
            self._process.wait()
            self._process = None


class Bench:
    """Two servers with their keepers and three Sentinels."""

    def __init__(self, folder: Path, hospital: Hospital) -> None:
        networks = hospital.kubernetes.model_copy(update={"service_network": IPv4Network("127.7.0.0/16")})
        self.hospital = hospital.model_copy(update={"kubernetes": networks})
        self.folder = folder
        self.root = folder / "root"
        self.servers = server_endpoints(self.hospital)
        self.sentinels = sentinel_endpoints(self.hospital)
        manifests = render_cache(self.hospital, "image", "")
        container = manifests.servers["spec"]["template"]["spec"]["containers"][0]
        self.environment = {one["name"]: one["value"] for one in container["env"]}
        self._texts: dict[str, str] = manifests.around[0]["data"]
        self._unpack()
        self._certify()
        self.containers: dict[str, Container] = {}
        for one in self.servers:
            self._add(one, "server", files.render_server_users, ("replica", "keeper", "monitor"))
            self._add(one, "keeper", files.render_server_users, ("replica", "keeper", "monitor"))
        for one in self.sentinels:
            self._add(one, "sentinel", files.render_sentinel_users, ("sentinel", "keeper", "monitor"))

    def pod_folder(self, pod: str) -> Path:
        """Where a pod's files are."""
        return self.folder / "pods" / pod

    def of(self, *machines: int) -> list[Container]:
        """All that runs on the machines of these numbers: a server and its keeper, and a Sentinel."""
        names = [
            name
            for number in machines
            for name in (f"cache-{number}-server", f"cache-{number}-keeper", f"sentinel-{number}-sentinel")
        ]
        return [self.containers[name] for name in names if name in self.containers]

    def start(self, *machines: int) -> None:
        """Power on; all of them without numbers."""
        for container in self.of(*(machines or (0, 1, 2))):
            container.start()

    def kill(self, *machines: int) -> None:
        """Power off; all of them without numbers."""
        for container in self.of(*(machines or (0, 1, 2))):
            container.kill()

    def freeze(self, *machines: int) -> None:
        """Everything there stands still."""
        for container in self.of(*machines):
            container.send(signal.SIGSTOP)

    def thaw(self, *machines: int) -> None:
        """And goes on."""
        for container in self.of(*machines):
            container.send(signal.SIGCONT)

    def server(self, number: int) -> "Redis":
        """One server, as the hospital's services would see it."""
        one = self.servers[number]
        return Redis(str(one.address), one.port, **self._door())

    def monitor(self, number: int) -> dict[str, Any]:
        """What one server says about replication; empty when it does not answer."""
        one = self.servers[number]
        door = self._door() | {"username": "monitor", "password": _PASSWORDS["monitor"]}
        try:
            seen: Any = Redis(str(one.address), one.port, **door).info("replication")
        except RedisError:
            return {}
        return dict(seen)

    def client(self) -> "Redis":
        """The primary, through the Sentinels."""
        hosts = [(str(one.address), one.port) for one in self.sentinels]
        sentinels = Sentinel(hosts, sentinel_kwargs=self._door(), **self._door())  # type: ignore[no-untyped-call]
        client: Redis = sentinels.master_for(CACHE)  # type: ignore[no-untyped-call]
        return client

    def until(self, what: Callable[[], bool], within: float) -> float:
        """Seconds until ``what`` is true; fails when it takes longer than ``within``."""
        started = time.monotonic()
        while time.monotonic() - started < within:
            if what():
                return time.monotonic() - started
            time.sleep(0.05)
        raise AssertionError(f"not within {within:g} s: {getattr(what, '__name__', what)}\n{self.words()}")

    def writes(self, key: str = "probe") -> bool:
        """True when a client's write is acknowledged."""
        try:
            return bool(self.client().set(key, "value"))
        except RedisError:
            return False

    def refuses(self, number: int) -> bool:
        """True when this server, asked directly, refuses a write for want of replicas."""
        try:
            self.server(number).set("probe", "value")
        except ResponseError as refusal:
            return str(refusal).startswith("NOREPLICAS")
        except RedisError:
            return False
        return False

    def whole(self) -> bool:
        """True when the replica has caught up and may be promoted, and every Sentinel knows all others."""
        return self._replicated() and all(map(self._watching, self.sentinels))

    def _watching(self, one: CacheEndpoint) -> bool:
        sentinel = Redis(str(one.address), one.port, **self._door())
        try:
            seen: Any = sentinel.sentinel_master(CACHE)  # type: ignore[no-untyped-call]
        except RedisError:
            return False
        others = (seen["num-slaves"], seen["num-other-sentinels"])
        return seen["flags"] == "master" and others == (len(self.servers) - 1, len(self.sentinels) - 1)

    def _replicated(self) -> bool:
        roles = [self.monitor(number) for number in range(len(self.servers))]
        replicas = [one for one in roles if one.get("role") == "slave"]
        return (
            len(replicas) == len(roles) - 1
            and all(one["master_link_status"] == "up" for one in replicas)
            and all(str(one["slave_priority"]) != "0" for one in replicas)
        )

    def words(self) -> str:
        """The last lines of everybody's log."""
        tails = (
            f"--- {name}\n{''.join(container.log.read_text().splitlines(keepends=True)[-8:])}"
            for name, container in self.containers.items()
            if container.log.exists()
        )
        return "".join(tails)

    def _door(self) -> dict[str, Any]:
        return {
            "username": "app",
            "password": _PASSWORDS["app"],
            "ssl": True,
            "ssl_ca_certs": str(self.folder / "pki/ca.crt"),
            "ssl_check_hostname": True,
            "socket_timeout": 0.5,
            "socket_connect_timeout": 0.5,
            "retry": Retry(NoBackoff(), 0),  # the tests count seconds themselves
        }

    def _unpack(self) -> None:
        assert VALKEY.debian is not None
        layer = ensure(VALKEY.debian, Progress())
        self.root.mkdir(parents=True)
        subprocess.run(["tar", "-xf", str(layer.layer.path), "-C", str(self.root)], check=True)
        for mount in (*_MOUNTS, "dev"):
            (self.root / mount).mkdir(parents=True, exist_ok=True)

    def _add(
        self,
        endpoint: CacheEndpoint,
        script: str,
        render: Callable[[dict[str, str]], str],
        passwords: tuple[str, ...],
    ) -> None:
        folder = self.pod_folder(endpoint.name)
        if not folder.exists():
            for mount in _MOUNTS:
                (folder / mount).mkdir(parents=True)
            for name, text in self._texts.items():
                # Everybody is on one network here, so each takes its own address only.
                own = text.replace("bind *\n", f"bind {endpoint.address}\n")
                (folder / "settings" / name).write_text(own)
            (folder / "credentials/users.acl").write_text(render(_PASSWORDS))
            for user in passwords:
                (folder / "credentials" / user).write_text(_PASSWORDS[user])
            for file in ("ca.crt", "tls.crt", "tls.key"):
                shutil.copy(self.folder / "pki" / file, folder / "certificate" / file)
            subprocess.run(["chown", "-R", "999:999", str(folder)], check=True)
        name = f"{endpoint.name}-{script}"
        self.containers[name] = Container(self, endpoint.name, script, endpoint)

    def _certify(self) -> None:
        folder = self.folder / "pki"
        folder.mkdir()
        names = ",".join(f"IP:{one.address}" for one in (*self.servers, *self.sentinels))
        (folder / "extensions").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
        new = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        script = f"""
            {new} -x509 -days 2 -subj /CN=authority -keyout ca.key -out ca.crt
            {new} -subj /CN=cache -keyout tls.key -out tls.csr
            openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -days 2 -extfile extensions -out tls.crt
        """
        subprocess.run(["sh", "-ec", script], check=True, cwd=folder, capture_output=True)


@contextmanager
def running(folder: Path, hospital: Hospital) -> Iterator[Bench]:
    """A bench whose replica may be promoted; everything is killed in the end."""
    bench = Bench(folder, hospital)
    try:
        bench.start()
        bench.until(bench.whole, within=30)
        yield bench
    finally:
        bench.kill()
