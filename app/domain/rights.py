"""What a patient decides of their data, and what the law says to it."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.domain.caller import Role
from app.domain.fields import CnsDigits, CpfDigits, Form, Line, Occurred, Reason, View
from app.domain.refusals import Forbidden

KEEP_YEARS = 20
"""From the last entry of a record (Lei 13.787/2018, art. 6)."""
LAW = (
    "Lei 13.787/2018, art. 6º: o prontuário é mantido por pelo menos 20 anos a partir do último registro. "
    "Fora do prontuário, os dados são anonimizados."
)
HELD = "Há ordem de guarda legal em vigor: nada deste prontuário pode ser eliminado."
OVER = "O prazo de guarda terminou e não há ordem de guarda legal: a anonimização pode ser feita."


class ChartClosed(Forbidden):
    """The patient asked that the caller does not read their chart."""

    kind = "prontuario-restrito"
    title = "Prontuário restrito a pedido do paciente"
    detail = (
        "O paciente pediu que seu perfil não acesse este prontuário. Em emergência, peça acesso justificado."
    )


class Decision(StrEnum):
    """Of a consent."""

    GIVEN = "autorizado"
    REFUSED = "nao-autorizado"


class ConsentState(StrEnum):
    """What a consent is worth now."""

    GIVEN = "autorizado"
    REFUSED = "nao-autorizado"
    REVOKED = "revogado"


class Purpose(StrEnum):
    """What data may be used for."""

    CARE = "assistencia"
    SHARING = "compartilhamento-rnds"
    RESEARCH = "pesquisa"
    TEACHING = "ensino"
    AI = "apoio-por-ia"
    PROCEDURE = "procedimento"


class Representative(Form):
    """Who decided for the patient."""

    name: Line
    cpf: CpfDigits
    cns: CnsDigits | None = None
    bond: Line


class ConsentForm(Form):
    """A decision as it was made; ``document_id``: the signed form of it."""

    purpose: Purpose
    decision: Decision
    occurred_at: Occurred
    representative: Representative | None = None
    document_id: UUID | None = None


class RevocationForm(Form):
    """The end of a consent."""

    occurred_at: Occurred
    reason: Reason
    representative: Representative | None = None


class ConsentView(View):
    """A decision and what became of it: ``decision`` is the state before, ``state`` the one after."""

    id: UUID
    patient_id: UUID
    purpose: Purpose
    decision: Decision
    state: ConsentState
    occurred_at: datetime
    recorded_at: datetime
    recorded_by: UUID
    representative: Representative | None
    document_id: UUID | None
    revoked_at: datetime | None = None
    revoked_by: UUID | None = None
    revocation_reason: str | None = None


class RestrictionForm(Form):
    """Whom the patient does not want to read the chart: these people, or everybody of these roles."""

    occurred_at: Occurred
    reason: Reason
    accounts: Annotated[list[UUID], Field(max_length=100)] = Field(default_factory=list)
    roles: Annotated[list[Role], Field(max_length=6)] = Field(default_factory=list)


class RestrictionView(View):
    """One wish; open again from ``ended_at``."""

    id: UUID
    version: int
    patient_id: UUID
    occurred_at: datetime
    recorded_at: datetime
    reason: str
    accounts: list[UUID]
    roles: list[Role]
    ended_at: datetime | None


class HoldForm(Form):
    """An order to keep everything."""

    authority: Line
    process: Line
    reason: Reason


class HoldView(View):
    """One order; in force while ``ended_at`` is null."""

    id: UUID
    version: int
    patient_id: UUID
    authority: str
    process: str
    reason: str
    recorded_at: datetime
    ended_at: datetime | None


class End(Form):
    """Why something no longer holds."""

    reason: Reason


class ErasureForm(Form):
    """A patient's wish to be erased."""

    occurred_at: Occurred
    representative: Representative | None = None


class ErasureView(View):
    """What the law says: ``decision`` is ``negado`` or ``deferido``; kept until ``keep_until``."""

    id: UUID
    patient_id: UUID
    occurred_at: datetime
    recorded_at: datetime
    decision: str
    cause: str
    keep_until: date


def end_of_duty(last_entry: date) -> date:
    """The first day on which a record whose last entry is of ``last_entry`` need not be kept."""
    year = last_entry.year + KEEP_YEARS
    try:
        return last_entry.replace(year=year)
    except ValueError:  # the 29th of February
        return last_entry.replace(year=year, day=28) + timedelta(days=1)


def judged(last_entry: date, today: date, *, held: bool) -> tuple[str, str]:
    """Decision and cause of a wish to be erased."""
    if held:
        return "negado", HELD
    if today < end_of_duty(last_entry):
        return "negado", LAW
    return "deferido", OVER
