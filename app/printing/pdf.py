"""A document of the record as PDF/A-2, made by Typst: the same data give the same bytes."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import typst

from app.domain.rendering import NotPrintable

_TEMPLATE = Path(__file__).with_name("document.typ")


@dataclass(frozen=True)
class Part:
    """A titled section; each line is a paragraph."""

    title: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Printed:
    """What a document shows. ``patient`` and ``facts``: label and value; ``patient`` stands on every page;
    ``made``: when, as the file itself says."""

    title: str
    institution: str
    software: str
    patient: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    parts: Sequence[Part]
    footer: str
    made: datetime


def render(document: Printed) -> bytes:
    """The PDF; blocks for some 50 ms, so call it in a thread. Raises NotPrintable."""
    try:
        made = typst.compile(
            _TEMPLATE.read_bytes(),
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(asdict(document), ensure_ascii=False, default=str)},
            timestamp=document.made.replace(microsecond=0),  # a PDF knows seconds
            pdf_standards=["a-2a"],
        )
    except typst.TypstError as error:
        # What PDF/A refuses in our own template is a character of the data. Typst quotes it: told to nobody.
        if error.message.startswith("PDF/A"):
            raise NotPrintable from None
        raise
    assert isinstance(made, bytes)  # noqa: S101 (one output is never a list)
    return made
