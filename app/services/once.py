"""Every write is done once, however often it is asked for."""

from collections.abc import Awaitable, Callable

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.caller import Caller
from app.domain.refusals import Conflict
from app.domain.writes import Answer, Repetition, Written, etag
from app.repositories import keys
from app.services.audit import audit

Work = Callable[[AsyncSession], Awaitable[Written]]
_UNIQUE = "23505"


async def once(database: Database, caller: Caller, repetition: Repetition, work: Work) -> Answer:
    """Do ``work``, audit it and keep its answer, in one transaction; or answer as it was answered before.

    The same key asked twice at the same time: the second waits. A refusal keeps nothing, so that the key
    can be used again. Raises KeyReused, Conflict when somebody else just entered the same, or what ``work``
    raises.
    """
    try:
        async with database.transaction() as session:
            before = await keys.claim(session, caller, repetition)
            if before is not None:
                return before
            written = await work(session)
            answer = Answer(
                written.status,
                written.entry.model_dump_json(),
                etag(written.version),
            )
            await audit(session, caller, written.event, subject=written.subject, patient=written.patient)
            await keys.keep(session, caller, repetition, answer)
            return answer
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == _UNIQUE:
            raise Conflict(
                "O mesmo registro acaba de ser feito por outra pessoa. Consulte novamente."
            ) from error
        raise
