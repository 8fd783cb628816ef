"""Keys of repetition: who comes second waits for the first, and gets the first one's answer."""

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.caller import Caller
from app.domain.refusals import KeyReused
from app.domain.writes import Answer, Repetition
from app.tables import IdempotencyKey


async def claim(session: AsyncSession, caller: Caller, repetition: Repetition) -> Answer | None:
    """None when the key is now ours; otherwise what was answered under it.

    Waits while another transaction holds the key: if that is rolled back, the key is ours after all.
    Raises KeyReused when something else was asked under it.
    """
    new = insert(IdempotencyKey).values(
        caller=caller.account, key=repetition.key, fingerprint=repetition.fingerprint
    )
    taken = await session.execute(new.on_conflict_do_nothing().returning(IdempotencyKey.key))
    if taken.first() is not None:
        return None
    # A new statement sees what the transaction that we waited for has committed.
    before = (
        await session.execute(
            select(
                IdempotencyKey.fingerprint, IdempotencyKey.status, IdempotencyKey.body, IdempotencyKey.etag
            ).where(IdempotencyKey.caller == caller.account, IdempotencyKey.key == repetition.key)
        )
    ).one()
    if bytes(before.fingerprint) != repetition.fingerprint:
        raise KeyReused
    return Answer(before.status, before.body, before.etag)


async def keep(session: AsyncSession, caller: Caller, repetition: Repetition, answer: Answer) -> None:
    """Keep the answer under the key, in the transaction that it reports on."""
    await session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.caller == caller.account, IdempotencyKey.key == repetition.key)
        .values(status=answer.status, body=answer.body, etag=answer.etag)
    )
