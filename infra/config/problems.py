"""One line for one thing that is wrong: where, what stands there, which rule, what to do."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

ROOT = "prontuario:hospital"
_SECRET = re.compile(r"pass|secret|token|private|credential|api_?key", re.IGNORECASE)
_LONGEST = 60

Path = tuple[str | int, ...]


class ConfigurationError(ValueError):
    """The configuration cannot be used. ``problems`` holds every reason, one line each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Problem:
    """A broken rule.

    path: the key to change; reads: other keys the rule looked at. When one of them is itself unreadable the
    rule's verdict would be about a value nobody wrote, so it is left out.
    """

    path: Path
    value: str
    rule: str
    reads: tuple[Path, ...] = ()

    def __str__(self) -> str:
        return f"{dotted(self.path)}: {self.value}: {self.rule}"

    def touches(self, broken: Iterable[Path]) -> bool:
        """True when one of ``broken`` is, or holds, a key of this problem, or lies in a block it read."""
        return any(
            key[: len(other)] == other or (key != self.path and other[: len(key)] == key)
            for other in broken
            for key in (self.path, *self.reads)
        )


def dotted(path: Path) -> str:
    """The key path as it is written in documents: ``nodes.mac-a.address``."""
    return ".".join(_one_line(str(part)) for part in path) or ROOT


def shown(value: object, path: Path = ()) -> str:
    """``value`` in a few characters on one line; no secret, and no block that could hold one."""
    if any(_SECRET.search(str(part)) for part in path):
        return "(hidden)"
    if isinstance(value, str):
        return "(hidden)" if "PRIVATE KEY" in value else _one_line(value) or "(empty)"
    if isinstance(value, Mapping):
        return "{...}" if value else "{}"
    if isinstance(value, Sequence):
        return "[...]" if value else "[]"
    return _one_line(json.dumps(value))


def _one_line(text: str) -> str:
    escaped = text if text.isprintable() else json.dumps(text)[1:-1]
    return escaped if len(escaped) <= _LONGEST else f"{escaped[: _LONGEST - 3]}..."
