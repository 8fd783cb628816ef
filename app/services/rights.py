"""Consents, restrictions, legal holds and erasure: each decision a row for ever."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.caller import Caller
from app.domain.pages import Page
from app.domain.refusals import Conflict, Invalid, NotFound
from app.domain.rights import (
    ConsentForm,
    ConsentState,
    ConsentView,
    End,
    ErasureForm,
    ErasureView,
    HoldForm,
    HoldView,
    RestrictionForm,
    RestrictionView,
    RevocationForm,
    end_of_duty,
    judged,
)
from app.domain.writes import Answer, Repetition, Written
from app.repositories import versions
from app.services.audit import audit
from app.services.chart_door import chart_of, own_chart
from app.services.once import once
from app.tables import (
    Consent,
    ConsentRevocation,
    Document,
    ErasureRequest,
    LegalHold,
    PastVersion,
    Restriction,
)


class Rights:
    """What patients decide, and what holds against it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def consent(
        self, caller: Caller, repetition: Repetition, patient: UUID, form: ConsentForm
    ) -> Answer:
        """A decision, as it was made."""
        require(caller, Action.RECORD_CONSENT)

        async def work(session: AsyncSession) -> Written:
            chart = await own_chart(session, patient)
            if form.document_id is not None:
                document = await session.get(Document, form.document_id)
                if document is None or document.patient_id != chart:
                    raise Invalid("O documento informado não é deste paciente.")
            row = Consent(id=uuid4(), patient_id=chart, recorded_by=caller.account, **form.model_dump())
            session.add(row)
            await session.flush()
            await session.refresh(row)
            return Written(_consent(row, None), 1, Event.CONSENT_RECORDED, row.id, chart, 201)

        return await once(self._database, caller, repetition, work)

    async def revoke(
        self, caller: Caller, repetition: Repetition, consent: UUID, form: RevocationForm
    ) -> Answer:
        """The end of a consent, beside it: the decision itself stays as it was."""
        require(caller, Action.RECORD_CONSENT)

        async def work(session: AsyncSession) -> Written:
            row = await session.get(Consent, consent)
            if row is None:
                raise NotFound
            if row.decision != ConsentState.GIVEN:
                raise Conflict("Só se revoga um consentimento que foi dado.")
            if form.occurred_at < row.occurred_at:
                raise Invalid("A revogação não pode ser anterior ao consentimento.")
            end = ConsentRevocation(
                id=uuid4(), consent_id=row.id, recorded_by=caller.account, **form.model_dump()
            )
            session.add(end)
            await session.flush()
            return Written(_consent(row, end), 1, Event.CONSENT_REVOKED, row.id, row.patient_id, 201)

        return await once(self._database, caller, repetition, work)

    async def consents(self, caller: Caller, patient: UUID) -> Page[ConsentView]:
        """All decisions, by when they were made."""
        require(caller, Action.RECORD_CONSENT)
        async with self._database.transaction() as session:
            chart = await chart_of(session, patient)
            asked = (
                select(Consent, ConsentRevocation)
                .join(ConsentRevocation, ConsentRevocation.consent_id == Consent.id, isouter=True)
                .where(Consent.patient_id == chart)
                .order_by(Consent.occurred_at, Consent.id)
            )
            rows = (await session.execute(asked.limit(500))).all()
            await audit(session, caller, Event.RECORD_VIEWED, patient=chart, detail={"consents": len(rows)})
            return Page(items=[_consent(one, end) for one, end in rows])

    async def restrict(
        self, caller: Caller, repetition: Repetition, patient: UUID, form: RestrictionForm
    ) -> Answer:
        """Close the chart to some, as the patient asks."""
        require(caller, Action.RECORD_CONSENT)
        if not form.accounts and not form.roles:
            raise Invalid("Informe a quem o paciente restringe o acesso.")

        async def work(session: AsyncSession) -> Written:
            chart = await own_chart(session, patient)
            row = await versions.add(session, caller, Restriction(patient_id=chart, **form.model_dump()))
            view = RestrictionView.model_validate(row)
            return Written(view, row.version, Event.RESTRICTION_SET, row.id, chart, 201)

        return await once(self._database, caller, repetition, work)

    async def unrestrict(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: End
    ) -> Answer:
        """Open it again."""
        require(caller, Action.RECORD_CONSENT)

        async def work(session: AsyncSession) -> Written:
            row = await versions.lock(session, Restriction, identity, version)
            await _end(session, caller, row, form.reason)
            view = RestrictionView.model_validate(row)
            return Written(view, row.version, Event.RESTRICTION_LIFTED, row.id, row.patient_id)

        return await once(self._database, caller, repetition, work)

    async def hold(self, caller: Caller, repetition: Repetition, patient: UUID, form: HoldForm) -> Answer:
        """An order to keep everything of a patient."""
        require(caller, Action.HOLD_RECORD)

        async def work(session: AsyncSession) -> Written:
            chart = await own_chart(session, patient)
            row = await versions.add(session, caller, LegalHold(patient_id=chart, **form.model_dump()))
            view = HoldView.model_validate(row)
            return Written(view, row.version, Event.LEGAL_HOLD_SET, row.id, chart, 201)

        return await once(self._database, caller, repetition, work)

    async def release(
        self, caller: Caller, repetition: Repetition, identity: UUID, version: int, form: End
    ) -> Answer:
        """The order no longer holds."""
        require(caller, Action.HOLD_RECORD)

        async def work(session: AsyncSession) -> Written:
            row = await versions.lock(session, LegalHold, identity, version)
            await _end(session, caller, row, form.reason)
            view = HoldView.model_validate(row)
            return Written(view, row.version, Event.LEGAL_HOLD_LIFTED, row.id, row.patient_id)

        return await once(self._database, caller, repetition, work)

    async def erase(self, caller: Caller, repetition: Repetition, patient: UUID, form: ErasureForm) -> Answer:
        """Judge a wish to be erased; the wish and the answer are kept either way."""
        require(caller, Action.RECORD_CONSENT)

        async def work(session: AsyncSession) -> Written:
            chart = await own_chart(session, patient)
            last = await _last_entry(session, chart)
            asked = select(LegalHold.id).where(LegalHold.patient_id == chart, LegalHold.ended_at.is_(None))
            held = await session.scalar(asked.limit(1)) is not None
            decision, cause = judged(last, datetime.now(UTC).date(), held=held)
            row = ErasureRequest(
                id=uuid4(),
                patient_id=chart,
                recorded_by=caller.account,
                decision=decision,
                cause=cause,
                keep_until=end_of_duty(last),
                **form.model_dump(),
            )
            session.add(row)
            await session.flush()
            await session.refresh(row)
            await audit(session, caller, Event.ERASURE_REQUESTED, subject=row.id, patient=chart)
            return Written(ErasureView.model_validate(row), 1, Event.ERASURE_JUDGED, row.id, chart, 201)

        return await once(self._database, caller, repetition, work)


async def _end(session: AsyncSession, caller: Caller, row: Restriction | LegalHold, reason: str) -> None:
    if row.ended_at is not None:
        raise Conflict("Já foi encerrada.")
    await versions.change(session, caller, row, {"ended_at": datetime.now(UTC)}, reason)


async def _last_entry(session: AsyncSession, chart: UUID) -> date:
    """When the record was last written to: whatever kind of entry it was, the history has it."""
    content = PastVersion.content
    asked = select(func.max(content["changed_at"].astext)).where(
        or_(
            content["patient_id"].astext == str(chart),
            (PastVersion.kind == "patients") & (PastVersion.id == chart),
        )
    )
    last = await session.scalar(asked)
    return datetime.fromisoformat(last).date() if last else datetime.now(UTC).date()


def _consent(row: Consent, end: ConsentRevocation | None) -> ConsentView:
    shown = {
        name: getattr(row, name)
        for name in ConsentView.model_fields
        if not name.startswith("revo") and name != "state"
    }
    if end is None:
        return ConsentView(**shown, state=ConsentState(row.decision))
    return ConsentView(
        **shown,
        state=ConsentState.REVOKED,
        revoked_at=end.occurred_at,
        revoked_by=end.recorded_by,
        revocation_reason=end.reason,
    )
