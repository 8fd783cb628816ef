"""A person declares that two identities are one person, or that they are not. Either can be taken back.

Entries stay with the identity they were made for, and a chart shows those of all its identities. So nothing
is moved by a merge, and nothing has to be sorted out when it is undone.
"""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.merging import MergeForm, MergeView, ProposalView, charts
from app.domain.pages import Page, cut, decode_cursor, encode_cursor, moment
from app.domain.refusals import Conflict, Invalid, NotFound
from app.domain.writes import Answer, Repetition, Written
from app.repositories import duplicates, versions
from app.services.once import once
from app.tables import DuplicateProposal, Patient, PatientMerge


class Merging:
    """Duplicates that were found, and what people declared."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def proposals(self, caller: Caller, limit: int, cursor: str | None) -> Page[ProposalView]:
        """Pairs nobody has decided on, the oldest first."""
        require(caller, Action.MERGE_PATIENTS)
        after = decode_cursor(cursor, moment, UUID)
        async with self._database.transaction() as session:
            rows, more = cut(await duplicates.open_proposals(session, limit, after), limit)
        following = encode_cursor(rows[-1].recorded_at.isoformat(), str(rows[-1].id)) if more else None
        return Page(items=[ProposalView.model_validate(row) for row in rows], next=following)

    async def dismiss(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, reason: str
    ) -> Answer:
        """Two people, not one; the pair is not proposed again."""
        require(caller, Action.MERGE_PATIENTS)

        async def work(session: AsyncSession) -> Written:
            row = await versions.lock(session, DuplicateProposal, identity, version)
            if row.state != duplicates.OPEN:
                raise Conflict("Esta possível duplicidade já foi decidida.")
            await versions.change(session, caller, row, {"state": duplicates.DISMISSED}, reason)
            return Written(ProposalView.model_validate(row), row.version, Event.RECORD_CHANGED, row.id)

        return await once(self._database, caller, repetition, work)

    async def merge(self, caller: Caller, repetition: Repetition, form: MergeForm) -> Answer:
        """One person from now on, in the chart of ``form.kept_id``."""
        require(caller, Action.MERGE_PATIENTS)
        if form.kept_id == form.merged_id:
            raise Invalid("Escolha dois cadastros diferentes.")

        async def work(session: AsyncSession) -> Written:
            held = await duplicates.hold(session, form.kept_id, form.merged_id)
            for identity in (form.kept_id, form.merged_id):
                if identity not in held or held[identity].merged_into is not None:
                    await versions.lock(session, Patient, identity)  # NotFound, when there is none
                    raise Conflict("Um dos cadastros já foi unificado a outro. Use o prontuário atual.")
            made = PatientMerge(kept_id=form.kept_id, merged_id=form.merged_id)
            made.change_reason = form.reason
            await versions.add(session, caller, made)
            await _link(session, caller, held, merged=form.merged_id, parent=form.kept_id, reason=form.reason)
            proposal = await duplicates.between(session, form.kept_id, form.merged_id)
            if proposal is not None:
                values = {"state": duplicates.MERGED}
                await versions.change(session, caller, proposal, values, form.reason)
            return _written(made, Event.PATIENTS_MERGED, status=201)

        return await once(self._database, caller, repetition, work)

    async def separate(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, reason: str
    ) -> Answer:
        """Two people again, each with the chart as if they had never been one."""
        require(caller, Action.MERGE_PATIENTS)

        async def work(session: AsyncSession) -> Written:
            made = await versions.lock(session, PatientMerge, identity, version)
            if made.undone_at is not None:
                raise Conflict("Esta unificação já foi desfeita.")
            merged = await session.get_one(Patient, made.merged_id)
            held = await duplicates.hold(session, merged.chart_id)
            await versions.change(session, caller, made, {"undone_at": datetime.now(UTC)}, reason)
            await _link(session, caller, held, merged=made.merged_id, parent=None, reason=reason)
            proposal = await duplicates.between(session, made.kept_id, made.merged_id)
            if proposal is not None:
                values = {"state": duplicates.DISMISSED}
                await versions.change(session, caller, proposal, values, reason)
            return _written(made, Event.PATIENTS_SEPARATED)

        return await once(self._database, caller, repetition, work)

    async def merges(self, caller: Caller, patient: UUID) -> Page[MergeView]:
        """What was declared of this identity, undone merges too."""
        require(caller, Action.MERGE_PATIENTS)
        async with self._database.transaction() as session:
            if await session.get(Patient, patient) is None:
                raise NotFound
            rows = await duplicates.merges_of(session, patient)
        return Page(items=[MergeView.model_validate(row) for row in rows])


def _written(made: PatientMerge, event: Event, status: int = 200) -> Written:
    seen = MergeView.model_validate(made)
    return Written(seen, made.version, event, made.id, patient=made.kept_id, status=status)


async def _link(
    session: AsyncSession,
    caller: Caller,
    held: dict[UUID, Patient],
    *,
    merged: UUID,
    parent: UUID | None,
    reason: str,
) -> None:
    """Let ``merged`` belong to ``parent``, and every identity to the chart that follows from it."""
    roots = charts({one: row.merged_into for one, row in held.items()} | {merged: parent})
    for one, row in held.items():
        values = {"chart_id": roots[one], "merged_into": parent if one == merged else row.merged_into}
        if (row.chart_id, row.merged_into) != (values["chart_id"], values["merged_into"]):
            await versions.change(session, caller, row, values, reason)
