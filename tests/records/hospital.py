"""A hospital in a test: the service over a real database, and people of every role who use it."""

from ipaddress import IPv4Address
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
from fastapi import Request

from app.domain.caller import Caller, Role
from app.factory import create_app
from app.routers.caller import current_caller
from app.settings import Settings
from app.storage.objects import Objects
from tests.unit.app.conftest import Client

ANA = {
    "name": "Ana Lúcia Gonçalves",
    "mother": "Conceição Gonçalves",
    "birth": "1980-05-17",
    "sex": "female",
    "cpf": "529.982.247-25",
}


def person(*roles: Role) -> Caller:
    """Somebody with those roles, who proved a moment ago who they are."""
    return Caller(uuid4(), uuid4(), frozenset(roles), IPv4Address("192.0.2.7"), proved_recently=True)


class Hospital:
    """The service and its staff. Each asks by ``ask(who, …)``; writes get a new key unless one is given."""

    def __init__(self, settings: Settings, objects: Objects | None = None) -> None:
        self.objects = objects
        self.app = create_app(settings, checks=(), objects=objects)
        self._people: dict[str, Caller] = {}
        self.app.dependency_overrides[current_caller] = self._who
        self.client = Client(self.app, strict=True)
        self.physician, self.other_physician = person(Role.PHYSICIAN), person(Role.PHYSICIAN)
        self.nurse, self.pharmacist = person(Role.NURSE), person(Role.PHARMACIST)
        self.clerk, self.administrator = person(Role.ADMINISTRATIVE), person(Role.ADMINISTRATOR)
        self.auditor = person(Role.AUDITOR)

    def __enter__(self) -> Self:
        self.client.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.__exit__(kind, error, trace)

    def headers(self, who: Caller, key: str | None = None, version: int | None = None) -> dict[str, str]:
        """What a device of ``who`` sends."""
        self._people[str(who.account)] = who
        sent = {"x-test-account": str(who.account), "idempotency-key": key or uuid4().hex}
        return sent | ({"if-match": f'"{version}"'} if version is not None else {})

    def ask(
        self,
        who: Caller,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        version: int | None = None,
    ) -> httpx.Response:
        """One request below /api/v1."""
        return self.client.request(
            method, f"/api/v1{path}", json=body, headers=self.headers(who, key, version)
        )

    def made(self, who: Caller, path: str, body: Any) -> Any:
        """What a POST that must succeed has made."""
        answer = self.ask(who, "POST", path, body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def patient(self, **others: Any) -> UUID:
        """A new patient like Ana, but without her CPF unless one is given."""
        form = ANA | {"cpf": None, "certain_new": True} | others
        return UUID(self.made(self.clerk, "/patients", form)["id"])

    async def _who(self, request: Request) -> Caller:
        request.state.caller = self._people[request.headers["x-test-account"]]
        return self._people[request.headers["x-test-account"]]
