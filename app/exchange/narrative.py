"""What a person reads of a section, as XHTML; every text of the record is escaped."""

from collections.abc import Sequence
from html import escape

from app.exchange.parts import Resource

_XHTML = "http://www.w3.org/1999/xhtml"


def narrative(lines: Sequence[str]) -> Resource:
    """One line after the other."""
    items = "".join(f"<li>{_escaped(line)}</li>" for line in lines)
    return {
        "status": "generated",
        "div": f'<div xmlns="{_XHTML}" lang="pt-BR" xml:lang="pt-BR"><ul>{items}</ul></div>',
    }


def _escaped(line: str) -> str:
    """Without characters that XML does not have."""
    return escape("".join(one for one in line if one.isprintable() or one.isspace()))
