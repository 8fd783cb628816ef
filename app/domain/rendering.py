"""What a document of the record shows when an entry is rendered into it, and when it may not be."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.fields import View
from app.domain.patients import PatientView
from app.domain.refusals import Conflict


class SourceKind(StrEnum):
    """Entries that become documents, named as their versions are in the history."""

    NOTE = "notes"
    PRESCRIPTION = "prescriptions"


class SourceView(View):
    """The one version of an entry that a document shows. It is rendered into no other document."""

    kind: SourceKind
    id: UUID
    version: int


@dataclass(frozen=True)
class Author:
    """Who wrote the entry; ``registration``: with the council of the profession."""

    name: str
    registration: str | None


@dataclass(frozen=True)
class About:
    """What stands on the pages beside the entry. ``document``: the id that it gets; ``made``: when."""

    document: UUID
    patient: PatientView
    author: Author
    institution: str
    software: str
    made: datetime


class NotPrintable(Conflict):
    """Some character has no shape in the fonts: left out, what is signed would not be what was written."""

    kind = "texto-nao-imprimivel"
    title = "Texto não imprimível"
    detail = "O texto tem símbolos que não podem ser impressos. Corrija o registro, sem eles, e repita."


class NoLongerAsPrescribed(Conflict):
    kind = "prescricao-alterada"
    title = "Prescrição alterada"
    detail = (
        "Algum item desta prescrição foi suspenso, retomado, encerrado ou inativado. "
        "Prescreva de novo o que continua valendo e gere a receita."
    )


class CouncilNumberNeeded(Conflict):
    kind = "registro-profissional-ausente"
    title = "Registro profissional ausente"
    detail = "A receita traz o número do conselho de quem prescreve. Peça ao administrador que o cadastre."


class AlreadyInactivated(Conflict):
    kind = "documento-ja-inativado"
    title = "Documento já inativado"
    detail = (
        "Esta versão já teve um documento, que foi inativado. Corrija o registro, ou prescreva de novo, "
        "para gerar outro."
    )
