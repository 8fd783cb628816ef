"""Reader of FHIR CodeSystem resources in JSON, as in the packages of RNDS's implementation guides."""

import json
from collections.abc import Iterator
from typing import Any

from app.terminology.model import Concept, TerminologyError


def read_code_system(text: str, uri: str) -> Iterator[tuple[int, Concept]]:
    """Position and concept of every code, those inside others included.

    TerminologyError when ``text`` is no CodeSystem, belongs to another terminology than ``uri``, or does not
    contain its concepts.
    """
    try:
        resource = json.loads(text)
    except json.JSONDecodeError as error:
        raise TerminologyError(f"line {error.lineno}: not JSON: {error.msg}") from None
    if not isinstance(resource, dict) or resource.get("resourceType") != "CodeSystem":
        raise TerminologyError("not a FHIR CodeSystem: its resourceType says otherwise")
    if resource.get("url") != uri:
        raise TerminologyError(f"this is {resource.get('url')!r}, not {uri!r}: name the other terminology")
    concepts = resource.get("concept")
    if not isinstance(concepts, list) or not concepts:
        raise TerminologyError("this CodeSystem does not contain its concepts: take the complete one")
    return enumerate(_walk(concepts), start=1)


def _walk(concepts: list[Any]) -> Iterator[Concept]:
    for concept in concepts:
        match concept:
            case {"code": str(code), "display": str(term)}:
                yield Concept(code.strip(), " ".join(term.split()), active=not _retired(concept))
                yield from _walk(concept.get("concept", []))
            case _:
                raise TerminologyError(f"a concept without code or display: {json.dumps(concept)[:80]}")


def _retired(concept: dict[str, Any]) -> bool:
    """Whether FHIR's usual properties say that the code must not be chosen any more."""
    return any(
        (one.get("code"), one.get("valueBoolean")) == ("inactive", True)
        or (one.get("code"), one.get("valueCode")) == ("status", "retired")
        for one in concept.get("property", [])
    )
