"""What a terminology consists of once it has been read, whoever published it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


class TerminologyError(ValueError):
    """A file cannot be loaded; the message is one line: which file, which line, what to do."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One code.

    code: as RNDS writes it, without dots or hyphens (``J459``, ``225125``)
    term: the words that belong to it
    active: may be chosen for new entries; old entries keep codes that no longer are
    sex: ``male`` or ``female`` when the publisher restricts the code to one, else None
    provenance: whose words the term is
    """

    code: str
    term: str
    active: bool = True
    sex: str | None = None
    provenance: str = "publisher"


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of one terminology, as it was loaded.

    system: URI that coded entries carry
    name: short name, as in ``python -m app.terminology load NAME``
    version: the publisher's, e.g. ``2008``
    source: where the file came from and when, in the loader's words
    licence: who owns it and under what terms it may be used
    whole: every code of that version, not a part
    """

    system: str
    name: str
    version: str
    source: str
    licence: str
    whole: bool


Save = Callable[[Edition, Iterable[Concept]], int]
"""Keeps an edition, in one step or not at all, and returns how many concepts it holds afterwards.

Saving the same edition again replaces it; other editions of the system stay, since entries refer to them.
"""
