"""Invented clinicians with accounts of their own, made or used again by an administrator.

Accounts are never deleted, so a second load uses the first one's: their passwords follow from the
administrator's, and whoever cannot sign in with theirs any more is given it again.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from app.brazil.cpf import Cpf
from drills.framework.client import Door
from load.clinician import Clinician, SetupError
from load.device import Device

AT_ONCE = 4
"""People who sign in at the same time: hashing passwords is slow on purpose."""
_ROLES = ("medico", "medico", "medico", "enfermagem", "enfermagem")
_PROOF_LASTS = 45.0
"""Seconds after which the administrator signs in again: less than the shortest proof that a policy allows."""
_FIRST_CPF = 870_000_000


@dataclass
class Office:
    """Whoever makes accounts."""

    door: Door
    administrator: Clinician
    _proved_at: float = float("-inf")
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def clinicians(self, many: int) -> list[Clinician]:
        """So many people, each signed in. Raises SetupError."""
        await self._prove()
        gate = asyncio.Semaphore(AT_ONCE)
        people = [self._person(number) for number in range(many)]
        await asyncio.gather(*(_through(gate, self._ready, one, n) for n, one in enumerate(people)))
        return people

    def _person(self, number: int) -> Clinician:
        username = f"carga.{number:04d}"
        return Clinician(Device(self.door), username, _derived(self.administrator.password, username))

    async def _ready(self, person: Clinician, number: int) -> None:
        if (await person.sign_in()).status == 201 and not person.password_due:
            return
        wanted = person.password
        person.password = _derived(wanted, "provisoria")
        async with self._turn:
            await self._prove()
            await self._give_password(await self._account(person.username, number), person.password)
        opened = await person.sign_in()
        if opened.status != 201:
            raise SetupError(f"{person.username} cannot sign in: {opened.status}")
        # Who was locked out had the wanted one a moment ago, and must have another in between.
        spare = _derived(wanted, "outra")
        if not (await person.choose(wanted) or (await person.choose(spare) and await person.choose(wanted))):
            raise SetupError(f"{person.username} may not choose the password of the load")

    async def _account(self, username: str, number: int) -> str:
        form = {
            "username": username,
            "name": f"Carga {number:04d}",
            "cpf": Cpf.from_base(f"{_FIRST_CPF + number}", invented=True).digits,
            "roles": [_ROLES[number % len(_ROLES)]],
        }
        made = await self.administrator.write("POST", "/accounts", form)
        if made.status == 201:
            return str(made.content["id"])
        there = await self.administrator.read("/accounts")
        found = [one["id"] for one in there.content or () if one["username"] == username]
        if not found:
            raise SetupError(f"the account {username} could not be made: {made.status}")
        return str(found[0])

    async def _give_password(self, account: str, password: str) -> None:
        given = await self.administrator.device.ask(
            "PUT", f"/accounts/{account}/password", {"password": password}
        )
        if given.status != 204:
            raise SetupError(f"the administrator may not give passwords: {given.status}")

    async def _prove(self) -> None:
        if monotonic() - self._proved_at < _PROOF_LASTS:
            return
        opened = await self.administrator.sign_in()
        if opened.status != 201:
            raise SetupError(f"the administrator cannot sign in: {opened.status or 'nobody answered'}")
        self._proved_at = monotonic()


def _derived(secret: str, purpose: str) -> str:
    """A password that nobody can guess, the same every time; a letter and a digit are always in it."""
    digest = hmac.new(secret.encode(), f"prontuario load {purpose}".encode(), hashlib.sha256)
    return f"k7{digest.hexdigest()[:30]}"


async def _through(
    gate: asyncio.Semaphore, work: Callable[[Clinician, int], Awaitable[None]], one: Clinician, number: int
) -> None:
    async with gate:
        await work(one, number)


async def sign_out(people: Sequence[Clinician]) -> None:
    """End everybody's session."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def leave(one: Clinician, _: int) -> None:
        await one.device.ask("DELETE", "/session")
        one.device.hang_up()

    await asyncio.gather(*(_through(gate, leave, one, 0) for one in people))
