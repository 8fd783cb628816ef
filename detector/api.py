"""This machine's own API server over verified TLS, with this machine's own certificate, in bounded time.

Never another machine's: the etcd member behind the local one proves that a majority agrees, so a machine that
is cut off can neither read nor change anything. Reads leave resourceVersion unset, which makes them quorum
reads. Certificates are read at each connection: a renewed one needs no restart.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
MANAGER = "prontuario-detector"
"""Whose changes these are, to Kubernetes: what a deployment wrote stays the deployment's."""
_LARGEST = 4 << 20
"""Bytes of one answer; a Cluster has some ten thousand."""


class UnavailableError(Exception):
    """No answer, or none to rely on; one line."""


class ConflictError(Exception):
    """The object had changed."""


@dataclass(frozen=True)
class Api:
    """Where it answers, who we are (a folder with ca.crt, client.crt, client.key), and patience in s."""

    host: str
    port: int
    identity: Path
    timeout: float = 2.0

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One connection for a few requests, all of them within ``timeout``. Raises UnavailableError."""
        deadline = time.monotonic() + self.timeout
        try:
            context = ssl.create_default_context(cafile=str(self.identity / "ca.crt"))
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(self.identity / "client.crt", self.identity / "client.key")
            connection = http.client.HTTPSConnection(
                self.host, self.port, context=context, timeout=self.timeout
            )
            try:
                connection.connect()
                yield Session(connection, deadline)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise UnavailableError(f"{type(error).__name__}: {error}") from None


@dataclass(frozen=True)
class Session:
    """Requests on one connection until ``deadline`` (monotonic seconds)."""

    connection: http.client.HTTPSConnection
    deadline: float

    def get(self, path: str) -> dict[str, Any] | None:
        """The object there; None if there is none."""
        status, body = self._request("GET", path, None, "application/json")
        if status == http.HTTPStatus.NOT_FOUND:
            return None
        return _checked(status, body)

    def patch(self, path: str, body: Mapping[str, Any], kind: str = MERGE) -> dict[str, Any]:
        """The object after the change. Raises ConflictError if it was no longer what ``body`` says."""
        where = f"{path}?fieldManager={MANAGER}"
        status, answer = self._request("PATCH", where, json.dumps(body).encode(), kind)
        return _checked(status, answer)

    def _request(self, method: str, path: str, body: bytes | None, kind: str) -> tuple[int, bytes]:
        self._hurry()
        headers = {"Content-Type": kind, "Accept": "application/json", "User-Agent": MANAGER}
        self.connection.request(method, path, body, headers)
        self._hurry()
        response = self.connection.getresponse()
        parts, size = [], 0
        # A server that sends one byte now and then would never let a timeout of one receive run out.
        while part := response.read1(65536):
            parts.append(part)
            size += len(part)
            if size > _LARGEST:
                raise UnavailableError(f"{method} {path}: an answer of more than {_LARGEST} bytes")
            self._hurry()
        response.close()  # read1 does not say that this was all: the connection would take no next request
        return response.status, b"".join(parts)

    def _hurry(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("too slow")
        if self.connection.sock is not None:  # it is gone when the server wants to close after its answer
            self.connection.sock.settimeout(left)


def _checked(status: int, body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if status == http.HTTPStatus.CONFLICT:
        raise ConflictError
    if status != http.HTTPStatus.OK or not isinstance(answer, dict):
        said = answer.get("message", "") if isinstance(answer, dict) else ""
        raise UnavailableError(f"status {status} {str(said)[:200]}".rstrip())
    return answer
