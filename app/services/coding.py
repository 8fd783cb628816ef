"""From a chosen code to what the record keeps: system, edition, code and term, beside the original words."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.database.engine import Database
from app.domain.caller import Caller
from app.domain.coded import Choice, ConceptView
from app.domain.pages import Page
from app.domain.refusals import Forbidden, Invalid
from app.repositories import terminology

_COMPACT = {"cid10": re.compile(r"\."), "cbo": re.compile(r"[.-]"), "ciap2": re.compile(r"\.")}
"""How codes are written on paper, but not in the tables."""


def compact(name: str, code: str) -> str:
    """The code as the tables have it: ``J45.9`` is ``J459``."""
    written = code.strip().upper()
    return _COMPACT[name].sub("", written) if name in _COMPACT else written


async def resolve(session: AsyncSession, choices: Sequence[Choice]) -> list[dict[str, Any]]:
    """The coded columns of each choice. Raises Invalid when a code is in no edition that was loaded."""
    wanted = {
        (one.terminology, compact(one.terminology, one.code))
        for one in choices
        if one.terminology is not None and one.code is not None
    }
    found = await terminology.concepts(session, wanted) if wanted else []
    return [_columns(one, found) for one in choices]


class Terminologies:
    """What may be chosen."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, caller: Caller, name: str, text: str, limit: int) -> Page[ConceptView]:
        """Codes of one terminology by their code or by words; nothing here is about a patient."""
        if not caller.roles:
            raise Forbidden
        async with self._database.transaction() as session:
            found = await terminology.search(session, name, text, limit)
        return Page(items=[ConceptView.model_validate(one) for one in found])


def _columns(choice: Choice, found: Sequence[terminology.Found]) -> dict[str, Any]:
    if choice.terminology is None or choice.code is None:
        nothing = dict.fromkeys(("system", "edition", "code", "term"))
        return {**nothing, "original": choice.original}
    code = compact(choice.terminology, choice.code)
    for concept in found:
        if (concept.terminology, concept.code) == (choice.terminology, code) and choice.edition in (
            None,
            concept.edition,
        ):
            return {
                "system": concept.system,
                "edition": concept.edition,
                "code": code,
                "term": concept.term,
                "original": choice.original or concept.term,
            }
    raise Invalid("O código escolhido não existe nas terminologias carregadas. Escolha outro.")
