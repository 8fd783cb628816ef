"""The auditor's view of the audit; that they looked is itself a row."""

import csv
import io
import json
from collections.abc import AsyncIterator
from xml.sax.saxutils import escape, quoteattr

from app.database.engine import Database
from app.domain.access import Action, require
from app.domain.audit_events import Event
from app.domain.audit_reading import AuditLine, AuditQuery, ExportQuery, Format, Order
from app.domain.caller import Caller
from app.domain.pages import Page, cut, decode_cursor, encode_cursor, word
from app.domain.refusals import Invalid
from app.repositories import audit as rows
from app.services.audit import audit

_PAGE = 2000
_FIELDS = tuple(AuditLine.model_fields)


class AuditReading:
    """``software``: name and version, which stand in every export."""

    def __init__(self, database: Database, software: str) -> None:
        self._database = database
        self._software = software

    async def read(self, caller: Caller, asked: AuditQuery) -> Page[AuditLine]:
        """One page."""
        require(caller, Action.READ_AUDIT)
        after = _position(asked.cursor)
        async with self._database.transaction() as session:
            found = await rows.read(session, asked, asked.order, after, asked.limit + 1)
            lines, more = cut(found, asked.limit)
            await audit(session, caller, Event.AUDIT_READ, detail={**asked.words, "found": len(lines)})
        return Page(items=lines, next=encode_cursor(str(lines[-1].entry)) if more else None)

    async def one(self, caller: Caller, entry: int) -> AuditLine | None:
        """The row of that number."""
        require(caller, Action.READ_AUDIT)
        async with self._database.transaction() as session:
            found = await rows.read(session, AuditQuery(), Order.OLDEST, entry - 1, 1)
            line = found[0] if found and found[0].entry == entry else None
            await audit(session, caller, Event.AUDIT_READ, detail={"found": 1 if line else 0})
        return line

    async def export(self, caller: Caller, asked: ExportQuery) -> AsyncIterator[str]:
        """All of it in pieces, whatever its size; the rows of the moment at which it begins."""
        require(caller, Action.READ_AUDIT)
        async with self._database.transaction() as session:
            newest = await rows.read(session, asked, Order.NEWEST, None, 1)
            detail = {**asked.words, "format": asked.format}
            await audit(session, caller, Event.AUDIT_EXPORTED, detail=detail)
        last = newest[0].entry if newest else 0
        return self._pieces(asked, last)

    async def _pieces(self, asked: ExportQuery, last: int) -> AsyncIterator[str]:
        write = _csv if asked.format is Format.CSV else _xml
        yield (_csv_head if asked.format is Format.CSV else _xml_head)(self._software)
        after = 0
        while after < last:
            async with self._database.transaction() as session:
                page = await rows.read(session, asked, Order.OLDEST, after, _PAGE)
            if not page:
                break
            yield write([one for one in page if one.entry <= last])
            after = page[-1].entry
        if asked.format is Format.XML:
            yield "</auditoria>\n"


def _position(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    [place] = decode_cursor(cursor, word)
    if not (place.isascii() and place.isdigit() and len(place) < 19):
        raise Invalid("A marca de página não é válida. Refaça a consulta desde o início.")
    return int(place)


def _values(line: AuditLine) -> dict[str, str]:
    shown = line.model_dump(mode="json")
    shown["detail"] = json.dumps(shown["detail"], sort_keys=True, ensure_ascii=False)
    return {name: "" if shown[name] is None else str(shown[name]) for name in _FIELDS}


def _csv_head(software: str) -> str:
    return f"# {software}\r\n" + _rows([list(_FIELDS)])


def _csv(lines: list[AuditLine]) -> str:
    return _rows([list(_values(one).values()) for one in lines])


def _rows(values: list[list[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(values)
    return written.getvalue()


def _xml_head(software: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<auditoria sistema={quoteattr(software)}>\n'


def _xml(lines: list[AuditLine]) -> str:
    return "".join(
        "<registro>"
        + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in _values(one).items() if value)
        + "</registro>\n"
        for one in lines
    )
