"""Terms of use: published by an administrator, accepted by everybody before anything else.

A new version asks from the next sign-in on, and takes nobody's screen away in the middle of their work; a
session lasts for hours at most.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.refusals import NotFound
from app.domain.terms import MyTermsView, TermsForm, TermsReplaced, TermsView
from app.domain.writes import Answer, Repetition, Written
from app.repositories import terms as rows
from app.services.audit import audit
from app.services.identity import Identity
from app.services.once import once

_NONE = "O hospital ainda não publicou um termo de uso."


async def publish_terms(
    identity: Identity, caller: Caller, repetition: Repetition, form: TermsForm
) -> Answer:
    """The next version of the terms; the ones before stay. Raises Conflict when another was published now."""
    require(caller, Action.PUBLISH_TERMS)

    async def work(session: AsyncSession) -> Written:
        made = await rows.publish(session, form.text, caller.account)
        entry = TermsView.model_validate(made)
        return Written(entry, made.number, Event.TERMS_PUBLISHED, made.id, status=201)

    return await once(identity.database, caller, repetition, work)


async def my_terms(identity: Identity, caller: Caller) -> MyTermsView:
    """The version that holds, and whether the caller accepted it. Raises NotFound while there is none."""
    async with identity.database.transaction() as session:
        terms = await rows.current(session)
        if terms is None:
            raise NotFound(_NONE)
        accepted = await rows.accepted_at(session, caller.account, terms.id)
        return MyTermsView(**TermsView.model_validate(terms).model_dump(), accepted_at=accepted)


async def accept_terms(identity: Identity, caller: Caller, number: int) -> None:
    """The caller accepts that version, which must be the one that holds: nobody accepts what they did not
    read. Accepting twice changes nothing. Raises NotFound and TermsReplaced."""
    async with identity.database.transaction() as session:
        terms = await rows.current(session)
        if terms is None or number > terms.number:
            raise NotFound(_NONE if terms is None else "Não há termo de uso com este número.")
        if number < terms.number:
            raise TermsReplaced
        if await rows.accept(session, caller.account, terms.id, caller.session):
            detail = {"version": terms.number}
            await audit(session, caller, Event.TERMS_ACCEPTED, subject=terms.id, detail=detail)
