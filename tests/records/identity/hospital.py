"""A hospital's service over a real database, and people who sign in to it."""

import base64
import secrets
from dataclasses import dataclass, field, replace
from typing import Any, Self

import httpx
from fastapi import FastAPI

from app.brazil.cpf import Cpf
from app.database.connection import DATABASE
from app.domain.caller import Role
from app.factory import create_app
from app.services.first_administrator import make_first_administrator
from app.services.passwords import Passwords
from app.settings import Settings
from app.storage.objects import Objects
from tests.records.server import Server
from tests.unit.app.conftest import Client

ADMINISTRATOR = "ana.admin"
FIRST = "provisoria1"
CHOSEN = "Senha boa 2"

_TIMES = {
    "sessions": ("active_at", "proved_at", "opened_at", "expires_at"),
    "session_tokens": ("expires_at", "used_at"),
    "challenges": ("expires_at",),
    "sign_in_states": ("locked_until",),
}


def weak_hashes() -> Passwords:
    """Argon2id with as little memory as it takes: a test signs in often."""
    return Passwords(memory_kib=64)


@dataclass
class Person:
    """Somebody at a device, with the tokens that the last sign-in or renewal gave."""

    hospital: "Hospital"
    username: str
    password: str
    access: str = ""
    refresh: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """The account's id, once signed in."""
        return str(self.details["account"])

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request with the access token."""
        headers = {"authorization": f"Bearer {self.access}"} | options.pop("headers", {})
        return self.hospital.client.request(method, f"/api/v1{path}", headers=headers, **options)

    def write(self, method: str, path: str, body: Any, version: int | None = None) -> httpx.Response:
        """A write with a key of its own and, for a change, the version read."""
        headers = {"idempotency-key": secrets.token_hex(8)}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        return self.ask(method, path, json=body, headers=headers)

    def sign_in(self) -> Self:
        """A session of one's own."""
        self.keep(self.hospital.sign_in(self.username, self.password))
        return self

    def keep(self, answer: httpx.Response) -> None:
        """Keep the tokens of a good answer."""
        assert answer.status_code in (200, 201), answer.text
        body = answer.json()
        self.access, self.refresh = body["access_token"], body["refresh_token"]
        self.details = body.get("details", self.details)

    def renew(self, token: str | None = None) -> httpx.Response:
        """Ask for new tokens; they are not kept."""
        body = {"refresh_token": token or self.refresh}
        return self.hospital.client.request("POST", "/api/v1/sessions/renewal", json=body)

    def challenge(self) -> str:
        """A challenge for proving again."""
        answer = self.ask("POST", "/session/challenge")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["challenge"])

    def prove(self, password: str | None = None) -> httpx.Response:
        """Prove again who it is."""
        body = {"challenge": self.challenge(), "password": password or self.password}
        return self.ask("POST", "/session/proof", json=body)

    def choose(self, new: str) -> httpx.Response:
        """Choose another password."""
        body = {"challenge": self.challenge(), "current": self.password, "new": new}
        answer = self.ask("PUT", "/session/password", json=body)
        if answer.status_code == 204:
            self.password = new
        return answer


class Hospital:
    """One service; ``sql`` is what its database administrator sees, and how a test makes time pass."""

    def __init__(self, settings: Settings, server: Server, objects: Objects | None = None) -> None:
        self.settings = settings
        self.server = server
        self.app: FastAPI = create_app(settings, (), objects)
        self.app.state.identity = replace(self.app.state.identity, passwords=weak_hashes())
        self.client = Client(self.app, strict=True)

    def sql(self, statement: str) -> str:
        """What the superuser is answered."""
        return self.server.sql(DATABASE, statement)

    def challenge(self) -> str:
        """A challenge for signing in."""
        answer = self.client.request("POST", "/api/v1/sessions/challenge")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["challenge"])

    def sign_in(self, username: str, password: str, challenge: str | None = None) -> httpx.Response:
        """One attempt."""
        body = {"challenge": challenge or self.challenge(), "username": username, "password": password}
        return self.client.request("POST", "/api/v1/sessions", json=body)

    def first_administrator(self) -> Person:
        """Ana, made by the command and not yet signed in."""
        made = make_first_administrator(
            self.app.state.identity, username=ADMINISTRATOR, name="Ana Admin", cpf=new_cpf(), password=FIRST
        )
        self.client.run(made)
        return Person(self, ADMINISTRATOR, FIRST)

    def administrator(self) -> Person:
        """Ana, with a password of her own, signed in."""
        ana = self.first_administrator().sign_in()
        assert ana.choose(CHOSEN).status_code == 204
        return ana

    def employ(self, ana: Person, username: str, *roles: Role) -> Person:
        """Somebody with those roles, an account made by Ana, and a password of their own; signed in."""
        form = {"username": username, "name": username.title(), "cpf": new_cpf(), "roles": list(roles)}
        made = ana.write("POST", "/accounts", form)
        assert made.status_code == 201, made.text
        reset = ana.ask("PUT", f"/accounts/{made.json()['id']}/password", json={"password": FIRST})
        assert reset.status_code == 204, reset.text
        person = Person(self, username, FIRST).sign_in()
        assert person.choose(CHOSEN).status_code == 204
        return person

    def pass_time(self, seconds: int) -> None:
        """What the database remembers happened so much earlier."""
        for table, columns in _TIMES.items():
            earlier = ", ".join(f"{one} = {one} - interval '{seconds} seconds'" for one in columns)
            self.sql(f"UPDATE {table} SET {earlier}")  # noqa: S608 (ours)


_NUMBERS = iter(range(10_000))


def new_cpf() -> str:
    """A valid CPF that no other account of the run has."""
    return Cpf.from_base(f"{next(_NUMBERS) + 100_000_000}", invented=True).digits


def forged_token() -> str:
    """As long and as random as ours."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
