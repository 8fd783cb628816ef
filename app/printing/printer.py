"""Entries of a chart as PDF, in a thread. Loads Typst: who answers clinicians imports it when it is due."""

import asyncio

from app.domain.medications import PrescriptionView
from app.domain.notes import NoteView
from app.domain.rendering import About
from app.printing.clinical import name_of, note_page, prescription_page
from app.printing.pdf import render


class Printer:
    """Every method gives the PDF's bytes, the same ones for the same values. Raises NotPrintable."""

    async def note(self, note: NoteView, about: About) -> bytes:
        """A finished note."""
        return await asyncio.to_thread(render, note_page(note, about))

    async def prescription(self, prescription: PrescriptionView, about: About) -> bytes:
        """A prescription with its lines."""
        return await asyncio.to_thread(render, prescription_page(prescription, about))

    def title_of(self, note: NoteView) -> str:
        """What lists call its document."""
        return name_of(note)
