"""The problem list: what is entered and shown."""

from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from app.domain.coded import Coded, CodeNeeded
from app.domain.entries import EntryForm, EntryView
from app.domain.fields import Day, Form, Reason
from app.domain.refusals import Rule

ACTIVE, RESOLVED = "ativo", "resolvido"


class Certainty(StrEnum):
    """Whether somebody is sure."""

    CONFIRMED = "confirmado"
    SUSPECTED = "suspeito"


class ProblemForm(EntryForm):
    """A new line of the problem list."""

    diagnosis: CodeNeeded
    certainty: Certainty = Certainty.CONFIRMED
    onset: Day | None = None


class ProblemChange(Form):
    """The line as it is now: resolved since a day, or active (again)."""

    certainty: Certainty
    onset: Day | None = None
    resolved: Day | None = None
    reason: Reason

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.onset and self.resolved and self.resolved < self.onset:
            raise Rule("o problema não pode terminar antes de começar")
        return self


class ProblemView(EntryView):
    """A line of the problem list; ``coded`` is the diagnosis."""

    coded: Coded
    certainty: Certainty
    onset: date | None
    resolved: date | None
