"""Just enough of a Kubernetes API server: objects by path, versions, conflicts, misbehaviour on demand."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SPACE = "namespaces/medical-data"
CLUSTER = f"/apis/postgresql.cnpg.io/v1/{SPACE}/clusters/records"
QUORUM = f"/apis/postgresql.cnpg.io/v1/{SPACE}/failoverquorums/records"
LEASE = f"/apis/coordination.k8s.io/v1/{SPACE}/leases/records"
PODS = f"/api/v1/{SPACE}/pods"


def healthy() -> dict[str, dict[str, Any]]:
    """What a healthy cluster's objects say, as far as anybody here reads them."""

    def pod(name: str, node: str) -> dict[str, Any]:
        conditions = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}]
        return {
            "metadata": {"name": name, "resourceVersion": "20"},
            "spec": {"nodeName": node},
            "status": {"conditions": conditions},
        }

    return {
        CLUSTER: {
            "metadata": {"name": "records", "resourceVersion": "10"},
            "spec": {"postgresql": {"synchronous": {"method": "any", "number": 1}}},
            "status": {
                "currentPrimary": "records-1",
                "targetPrimary": "records-1",
                "instanceNames": ["records-1", "records-2"],
                "instancesStatus": {"healthy": ["records-1", "records-2"]},
                "phase": "Cluster in healthy state",
            },
        },
        QUORUM: {
            "metadata": {"name": "records", "resourceVersion": "11"},
            "status": {"primary": "records-1", "standbyNames": ["records-2"], "standbyNumber": 1},
        },
        LEASE: {
            "metadata": {"name": "records", "resourceVersion": "12"},
            "spec": {"holderIdentity": "records-1", "leaseDurationSeconds": 6},
        },
        f"{PODS}/records-1": pod("records-1", "mac-a"),
        f"{PODS}/records-2": pod("records-2", "mac-b"),
    }


@dataclass
class FakeApi:
    """What it holds, what it was asked, and how it misbehaves: ``delay`` seconds, ``drip``, ``status``."""

    port: int = 0
    objects: dict[str, dict[str, Any]] = field(default_factory=healthy)
    asked: list[tuple[str, str]] = field(default_factory=list)
    patches: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    managers: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)
    delay: float = 0.0
    drip: bool = False
    status: int | None = None
    garbage: bool = False
    version: int = 100

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[FakeApi]:
        """It serves on a free port of the loopback, to whoever shows a certificate of its authority."""
        fake = cls()

        class Handler(_Handler):
            api = fake

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
        context.load_verify_locations(folder / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        # The handshake belongs to the thread of its connection, not to the one that accepts them all.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        fake.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            server.server_close()

    def change(self, path: str, body: dict[str, Any]) -> int:
        """Apply a merge patch; the status it is answered with."""
        found = self.objects.get(path.removesuffix("/status"))
        if found is None:
            return 404
        wanted = body.get("metadata", {}).get("resourceVersion")
        if wanted is not None and wanted != found["metadata"]["resourceVersion"]:
            return 409
        self.version += 1
        merge(found, body)
        found["metadata"]["resourceVersion"] = str(self.version)
        return 200


def merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    """RFC 7386, and the one list that Kubernetes merges by key here: conditions by type."""
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict) and not isinstance(into.get(key), dict):
            into[key] = {}
            merge(into[key], value)
        elif isinstance(value, dict):
            merge(into[key], value)
        elif key == "conditions":
            others = [one for one in into[key] if one["type"] not in {new["type"] for new in value}]
            into[key] = others + value
        else:
            into[key] = value


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: FakeApi

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def handle(self) -> None:
        with suppress(OSError):  # a client that gave up, or was refused
            super().handle()

    def do_GET(self) -> None:
        self.api.asked.append(("GET", self.path))
        found = self.api.objects.get(self.path)
        self._answer(404 if found is None else 200, found or {"message": "not found"})

    def do_PATCH(self) -> None:
        self.path, _, manager = self.path.partition("?fieldManager=")
        self.api.managers.add(manager)
        self.api.asked.append(("PATCH", self.path))
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.api.patches.append((self.path, self.headers["Content-Type"], body))
        status = self.api.status or self.api.change(self.path, body)
        self._answer(status, self.api.objects.get(self.path.removesuffix("/status"), {}))

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        certificate: Any = self.connection
        subject = certificate.getpeercert()["subject"]
        self.api.subjects.add(",".join(f"{key}={value}" for part in subject for key, value in part))
        time.sleep(self.api.delay)
        body = b"<html>" if self.api.garbage else json.dumps(document).encode()
        self.send_response(self.api.status or status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for part in [body[i : i + 1] for i in range(len(body))] if self.api.drip else [body]:
            self.wfile.write(part)
            self.wfile.flush()
            time.sleep(0.05 if self.api.drip else 0)
