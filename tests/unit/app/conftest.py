"""A service in memory, and the means to ask it."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address
from types import TracebackType
from typing import Any, Protocol, Self

import httpx
import pytest
from fastapi import FastAPI

from app.checks import Check
from app.factory import create_app
from app.settings import Settings

MACHINE = "mac-a"
RELEASE = "0.1.0-0123456789ab-x86_64"


class Client:
    """Asks a started service without a network. ``strict``: what the server would see raised is raised."""

    def __init__(self, app: FastAPI, *, strict: bool = False) -> None:
        self.app = app
        self._runner = asyncio.Runner()
        self._lifespan = app.router.lifespan_context(app)
        transport = httpx.ASGITransport(app, raise_app_exceptions=strict)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://service")

    def __enter__(self) -> Self:
        self._runner.run(self._lifespan.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._lifespan.__aexit__(None, None, None))
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Something else in the service's own event loop."""
        return self._runner.run(work)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request."""
        answer: httpx.Response = self.run(self._http.request(method, path, **options))
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        """One GET."""
        return self.request("GET", path, **options)


class Running(Protocol):
    """Starts a service with the given checks and returns a client of it."""

    def __call__(self, *checks: Check) -> Client:
        """Start it."""


@pytest.fixture
def settings() -> Settings:
    """The service of mac-a, probing so rarely that a test sees the first results only."""
    return Settings(machine=MACHINE, address=IPv4Address("127.0.0.1"), release=RELEASE, check_interval=600)


@pytest.fixture
def running(settings: Settings) -> Iterator[Running]:
    """Services that are stopped when the test ends."""
    with ExitStack() as stack:
        yield lambda *checks: stack.enter_context(Client(create_app(settings, checks)))


@pytest.fixture
def client(running: Running) -> Client:
    """A healthy service."""
    return running()
