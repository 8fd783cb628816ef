"""Identities that may be one person: proposed to people, who merge, separate again, or say no."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.caller import Caller
from app.domain.likeness import PROPOSED, Likeness, judge
from app.domain.patients import Demographics
from app.repositories import duplicates, patients


async def look_for_duplicates(session: AsyncSession, form: Demographics, but: UUID | None) -> list[Likeness]:
    """Others alike enough to be looked at, the most alike first."""
    found = await patients.alike(session, form.name, form.birth, form.mother, but)
    judged = [
        judge(other, (form.birth, birth), name, mother, mothers_known=known)
        for other, birth, name, mother, known in found
    ]
    return sorted((one for one in judged if one.score >= PROPOSED), key=lambda one: -one.score)


async def propose(session: AsyncSession, caller: Caller, identity: UUID, alike: Iterable[Likeness]) -> None:
    """Ask somebody to look at each pair. A pair that was decided on is not proposed again."""
    for one in alike:
        await duplicates.propose(session, caller, identity, one)
