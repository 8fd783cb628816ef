"""Somebody at a device: signs in, renews the session in time, asks and writes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from load.device import Device, Reply

RENEW_AT = 0.6
"""Of an access token's life."""


class SetupError(Exception):
    """The load could not begin; one line for people."""


@dataclass
class Clinician:
    """One person. ``patients``: whose charts they work with."""

    device: Device
    username: str
    password: str = field(repr=False)
    patients: list[str] = field(default_factory=list)
    refresh: str = field(default="", repr=False)
    renew_at: float = float("inf")
    password_due: bool = False

    async def sign_in(self) -> Reply:
        """A session; the reply tells whether there is one."""
        self.device.token = ""
        asked = await self.device.ask("POST", "/sessions/challenge")
        if asked.status != 201:
            return asked
        body = {
            "challenge": asked.content["challenge"],
            "username": self.username,
            "password": self.password,
        }
        opened = await self.device.ask("POST", "/sessions", body)
        if opened.status == 201:
            self._keep(opened.content)
            self.password_due = opened.content["details"]["password_due"]
        return opened

    async def choose(self, new: str) -> bool:
        """Another password; False when it is one of the last two."""
        asked = await self.device.ask("POST", "/session/challenge")
        challenge = (asked.content or {}).get("challenge", "")
        body = {"challenge": challenge, "current": self.password, "new": new}
        done = await self.device.ask("PUT", "/session/password", body)
        if done.status not in (204, 422):
            raise SetupError(f"{self.username} could not choose a password: {done.status}")
        if done.status == 204:
            self.password, self.password_due = new, False
        return done.status == 204

    async def stay(self) -> Reply | None:
        """Renew the tokens when it is time; None when it is not."""
        if monotonic() < self.renew_at:
            return None
        renewed = await self.device.ask("POST", "/sessions/renewal", {"refresh_token": self.refresh})
        if renewed.status == 200:
            self._keep(renewed.content)
        return renewed

    async def read(self, path: str) -> Reply:
        """One GET."""
        return await self.device.ask("GET", path)

    async def write(self, method: str, path: str, body: Any, version: str | None = None) -> Reply:
        """A write with a key of its own; ``version``: the ETag read, for a change."""
        headers = {"Idempotency-Key": secrets.token_hex(12)}
        if version is not None:
            headers["If-Match"] = version
        return await self.device.ask(method, path, body, headers)

    def _keep(self, tokens: Any) -> None:
        self.device.token, self.refresh = tokens["access_token"], tokens["refresh_token"]
        self.renew_at = monotonic() + tokens["expires_in"] * RENEW_AT
