"""The words of a PDF as a reader copies them, page by page."""

import re

import pypdfium2

_INVISIBLE = re.compile(r"\s|\u200b")
_HYPHEN_AT_THE_END_OF_A_LINE = "\x02"  # PDFium's own mark


def pages(pdf: bytes) -> list[str]:
    """The text of each page, without any gap: where words end is not told in a PDF."""
    with pypdfium2.PdfDocument(pdf) as document:
        texts = [page.get_textpage().get_text_bounded() for page in document]
    return [_INVISIBLE.sub("", one.replace(_HYPHEN_AT_THE_END_OF_A_LINE, "-")) for one in texts]
