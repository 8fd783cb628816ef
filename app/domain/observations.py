"""Vital signs and results: a number never stands without its unit, a partial result never looks final."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, computed_field, model_validator

from app.domain.coded import Coded, CodeNeeded
from app.domain.entries import EntryForm, EntryView
from app.domain.fields import Amount, Form, Line, Prose, Reason, View
from app.domain.refusals import Rule


class Category(StrEnum):
    """Measured at the bedside, or by the laboratory."""

    VITAL_SIGN = "sinal-vital"
    LABORATORY = "exame"


class ResultStatus(StrEnum):
    """Whether a result may still change."""

    PARTIAL = "preliminar"
    FINAL = "final"
    CORRECTED = "corrigido"


class Finding(Form):
    """A number with its unit (UCUM's), or words, or both; ``low`` and ``high`` are its reference."""

    value: Amount | None = None
    unit: Line | None = None
    words: Prose | None = None
    low: Amount | None = None
    high: Amount | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.value is None) != (self.unit is None):
            raise Rule("informe o valor e a unidade, juntos")
        if self.value is None and self.words is None:
            raise Rule("informe um valor com unidade ou escreva o resultado")
        return self


class ObservationForm(Finding):
    """One thing that was measured."""

    what: CodeNeeded
    category: Category
    status: ResultStatus = ResultStatus.FINAL

    @model_validator(mode="after")
    def _not_corrected_yet(self) -> Self:
        if self.status is ResultStatus.CORRECTED:
            raise Rule("um resultado novo é preliminar ou final")
        return self


class ObservationsForm(EntryForm):
    """What was measured at one time, entered together or not at all."""

    observations: Annotated[list[ObservationForm], Field(min_length=1, max_length=50)]


class ResultChange(Finding):
    """The result as it is now known: still partial, final, or (when it was final) corrected."""

    status: ResultStatus
    reason: Reason


class ObservationView(EntryView):
    """A measurement; ``coded`` is what was measured."""

    category: Category
    coded: Coded
    value: Decimal | None
    unit: str | None
    words: str | None
    low: Decimal | None
    high: Decimal | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def partial(self) -> bool:
        """Must not be taken for the last word."""
        return self.status == ResultStatus.PARTIAL

    @computed_field  # type: ignore[prop-decorator]
    @property
    def outside(self) -> bool | None:
        """Whether the number lies outside of its reference; null when that cannot be said."""
        if self.value is None or (self.low is None and self.high is None):
            return None
        below = self.low is not None and self.value < self.low
        return below or (self.high is not None and self.value > self.high)


class ObservationsView(View):
    """What was entered together."""

    observations: list[ObservationView]
