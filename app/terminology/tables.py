"""Readers of the publishers' CSV tables, told apart by their header.

| file | header | from |
|---|---|---|
| CID-10-CATEGORIAS.CSV | ``CAT;CLASSIF;DESCRICAO;…`` | DATASUS, CID10CSV.zip |
| CID-10-SUBCATEGORIAS.CSV | ``SUBCAT;CLASSIF;RESTRSEXO;CAUSAOBITO;DESCRICAO;…`` | the same |
| CBO2002 - Ocupacao.csv | ``CODIGO;TITULO`` | Ministério do Trabalho, "estrutura CBO" |
| any | ``codigo;termo`` and optionally ``procedencia`` | the hospital, or ``data/`` here |

Fields are separated by semicolons. The ministries write ISO 8859-1, we UTF-8.
"""

import csv
import io
from collections.abc import Iterator

from app.terminology.model import Concept, TerminologyError

_SEX = {"F": "female", "M": "male"}
_CID_SYSTEM, _CBO_SYSTEM = "cid10", "cbo"


def decode(content: bytes) -> str:
    """The text of a table: UTF-8 when it is that, otherwise what Windows makes of ISO 8859-1."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # The five bytes that Windows leaves undefined would not be letters of any table.
        return content.decode("cp1252", errors="replace")


def read_table(text: str, system: str) -> Iterator[tuple[int, Concept]]:
    """Line number and concept of each row of a table of ``system``, its codes as they stand in the table.

    TerminologyError when the header is none of those above or belongs to another system, or when a row is
    shorter than its header; csv.Error when quotes are not closed.
    """
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    header = [name.strip().lower() for name in next(lines, [])]
    while header and not header[-1]:
        header.pop()  # DATASUS ends every line with a semicolon
    match header:
        case ["cat", "classif", "descricao", *_] if system == _CID_SYSTEM:
            code, term, sex, provenance = 0, 2, None, None
        case ["subcat", "classif", "restrsexo", "causaobito", "descricao", *_] if system == _CID_SYSTEM:
            code, term, sex, provenance = 0, 4, 2, None
        case ["codigo", "titulo"] if system == _CBO_SYSTEM:
            code, term, sex, provenance = 0, 1, None, None
        case ["codigo", "termo"]:
            code, term, sex, provenance = 0, 1, None, None
        case ["codigo", "termo", "procedencia"]:
            code, term, sex, provenance = 0, 1, None, 2
        case _:
            raise TerminologyError(
                f"line 1: {';'.join(header)[:80]!r} is no header of a {system} table: "
                "the formats are listed in app/terminology/tables.py"
            )
    last = max(place for place in (code, term, sex, provenance) if place is not None)
    for number, row in enumerate(lines, start=2):
        if not any(map(str.strip, row)):
            continue
        if len(row) <= last:
            raise TerminologyError(f"line {number}: {len(row)} fields where at least {last + 1} are needed")
        yield (
            number,
            Concept(
                code=row[code].strip(),
                term=" ".join(row[term].split()),
                sex=_SEX.get(row[sex].strip().upper()) if sex is not None else None,
                provenance=row[provenance].strip() if provenance is not None else "publisher",
            ),
        )
