"""A coded entry: terminology, edition, code and its term, beside the words that the person used."""

from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from app.domain.fields import Form, Line, View
from app.domain.refusals import Rule

Terminology = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,15}$")]
Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9.\-]{1,20}$")]
EditionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]


class Choice(Form):
    """A code chosen in a loaded terminology, or plain words where none fits.

    terminology: its short name (``cid10``)
    edition: which; the one loaded last, when none is given
    original: the words the person used, when they differ from the term
    """

    terminology: Terminology | None = None
    code: Code | None = None
    edition: EditionName | None = None
    original: Line | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.terminology is None) != (self.code is None):
            raise Rule("informe a terminologia e o código, juntos")
        if self.code is None and self.original is None:
            raise Rule("informe um código ou escreva o termo")
        return self


class CodeNeeded(Choice):
    """A choice that must have a code."""

    @model_validator(mode="after")
    def _has_a_code(self) -> Self:
        if self.code is None:
            raise Rule("escolha um código da terminologia")
        return self


class Coded(View):
    """As it stands in the record; ``system`` is the terminology's URI. Without a code, only ``original``."""

    system: str | None
    edition: str | None
    code: str | None
    term: str | None
    original: str


class ConceptView(View):
    """One code that may be chosen."""

    terminology: str
    edition: str
    code: str
    term: str
    sex: str | None
