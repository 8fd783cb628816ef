"""Tokens as FHIR searches them: a code of one system, of any system, or whatever one system has."""

from dataclasses import dataclass

_MOST = 20
_LONGEST = 200


@dataclass(frozen=True)
class Token:
    """``system``: None for any, empty for none. ``code``: None for any. At least one of them is given."""

    system: str | None
    code: str | None

    def fits(self, system: str, code: str) -> bool:
        """Whether that code of that system is meant. FHIR's own codes may be asked for without one."""
        return self.system in (None, system) and self.code in (None, code)


def parse_tokens(written: str) -> tuple[Token, ...]:
    """``code``, ``system|code``, ``|code`` or ``system|``, several with commas between them: any of these.

    ValueError when it is no such thing, or more than twenty.
    """
    parts = written.split(",")
    if len(parts) > _MOST:
        raise ValueError
    return tuple(_token(one.strip()) for one in parts)


def _token(written: str) -> Token:
    system, found, code = written.rpartition("|")
    if (not code and not system) or len(written) > _LONGEST or not written.isprintable():
        raise ValueError
    return Token(system if found else None, code or None)
