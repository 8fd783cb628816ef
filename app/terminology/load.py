"""From files to an edition that can be saved: everything is read and judged before anything is kept."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from app.terminology.catalogue import System, find_system
from app.terminology.code_system import read_code_system
from app.terminology.model import Concept, Edition, TerminologyError
from app.terminology.tables import decode, read_table

SEED_VERSION = "seed-1"
_SEED_SOURCE = "app/terminology/data, for invented patients only"


@dataclass(frozen=True, slots=True)
class Loaded:
    """An edition with its concepts, sorted by code."""

    edition: Edition
    concepts: tuple[Concept, ...]


def load_files(
    name: str, paths: Sequence[Path], *, version: str, source: str, partial: bool = False
) -> Loaded:
    """One edition of terminology ``name`` from its files (CID-10 has two).

    partial: it is meant to be only a part of that version; otherwise too few concepts are an error.
    Raises TerminologyError with one line for the first fault.
    """
    system = find_system(name)
    concepts: dict[str, Concept] = {}
    for path in paths:
        try:
            # What a later file says replaces what an earlier one said: CID-10's two tables share some codes.
            concepts |= _read(path.read_bytes(), system)
        except OSError as error:
            raise TerminologyError(f"{path}: cannot be read: {error.strerror}") from None
        except (TerminologyError, csv.Error) as error:
            raise TerminologyError(f"{path}: {error}") from None
    if not partial and len(concepts) < system.least:
        raise TerminologyError(
            f"{name}: {len(concepts)} concepts, and a whole edition has at least {system.least}: a file is "
            "missing or cut short (CID-10 has two); if only a part is meant, say --partial"
        )
    edition = Edition(system.uri, name, version, source, system.licence, whole=not partial)
    return Loaded(edition, tuple(concepts[code] for code in sorted(concepts)))


def load_seed(name: str) -> Loaded:
    """The few concepts that the invented patients use; its terms are ours, not the publisher's."""
    find_system(name)
    path = Path(str(files("app.terminology") / "data" / f"{name}.csv"))
    return load_files(name, [path], version=SEED_VERSION, source=_SEED_SOURCE, partial=True)


def _read(content: bytes, system: System) -> dict[str, Concept]:
    """The concepts of one file by their codes."""
    text = decode(content)
    is_json = text.lstrip()[:1] in ("{", "[")
    found = read_code_system(text, system.uri) if is_json else read_table(text, system.name)
    concepts: dict[str, Concept] = {}
    for where, raw in found:
        concept = _judge(raw, system, where)
        before = concepts.setdefault(concept.code, concept)
        if before.term != concept.term:
            raise TerminologyError(
                f"line {where}: {concept.code} has two terms: {before.term[:60]!r} and {concept.term[:60]!r}"
            )
    return concepts


def _judge(concept: Concept, system: System, where: int) -> Concept:
    code = concept.code.upper()
    if system.name == "loinc":
        pass  # its hyphen is part of the code
    elif system.name == "cbo":
        # Spreadsheets lose the zeros that armed forces' codes begin with.
        code = re.sub(r"[.-]", "", code).zfill(6)
    elif system.name == "cid10":
        code = code.replace(".", "")
    if system.code.fullmatch(code) is None:
        raise TerminologyError(f"line {where}: {concept.code[:20]!r} is no code of {system.name}")
    if not concept.term:
        raise TerminologyError(f"line {where}: {code} has no term")
    return replace(concept, code=code)
