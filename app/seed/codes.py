"""Codes for generated entries, from the seed editions in ``app/terminology/data``."""

from functools import cache

from app.seed.records import Coded
from app.terminology.load import load_seed


@cache
def _edition(name: str) -> dict[str, Coded]:
    loaded = load_seed(name)
    edition = loaded.edition
    return {
        concept.code: Coded(edition.system, edition.version, concept.code, concept.term, concept.term)
        for concept in loaded.concepts
    }


def coded(terminology: str, code: str, original: str | None = None) -> Coded:
    """The entry of that code, as worded by ``original``; KeyError when the seed edition lacks it."""
    entry = _edition(terminology)[code]
    if original is None:
        return entry
    return Coded(entry.system, entry.version, entry.code, entry.term, original)
