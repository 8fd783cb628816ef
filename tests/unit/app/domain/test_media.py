"""What may be attached is judged by its content."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer

from app.domain.media import LARGEST, MediaRefused, MediaType, TooLarge, judge
from tests.unit.app.signing.test_signing import PDF


def picture(kind: str) -> bytes:
    """A small image."""
    written = BytesIO()
    Image.new("RGB", (20, 10), "white").save(written, kind)
    return written.getvalue()


def pdf(change: Callable[[PdfFileWriter], None]) -> bytes:
    """The usual document, changed."""
    writer = copy_into_new_writer(PdfFileReader(BytesIO(PDF)))
    change(writer)
    written = BytesIO()
    writer.write(written)  # type: ignore[no-untyped-call]
    return written.getvalue()


def opens_with_a_program(writer: PdfFileWriter) -> None:
    """A document that does something."""
    action = {
        generic.pdf_name("/S"): generic.pdf_name("/JavaScript"),
        generic.pdf_name("/JS"): generic.pdf_string("1"),
    }
    writer.root["/OpenAction"] = generic.DictionaryObject(action)  # type: ignore[no-untyped-call]


def locked(writer: PdfFileWriter) -> None:
    """A document with a password."""
    writer.encrypt("secret")  # type: ignore[no-untyped-call]


def _by_place(value: object) -> str:
    """A name that two processes agree on: the PDFs made here hold random numbers."""
    return "made" if isinstance(value, bytes) else str(value)


@pytest.mark.sbis("ECF.07.38", "PDF, TIFF and JPEG are attached to the record, with the kind of document")
@pytest.mark.parametrize(
    ("content", "media"),
    [
        (PDF, MediaType.PDF),
        (picture("JPEG"), MediaType.JPEG),
        (picture("PNG"), MediaType.PNG),
        (picture("TIFF"), MediaType.TIFF),
    ],
    ids=_by_place,
)
def test_the_four_kinds_are_taken(content: bytes, media: MediaType) -> None:
    assert judge(content, media) is media


@pytest.mark.sbis("NGS1.06.03", "what is sent is judged by its content, size and structure")
@pytest.mark.parametrize(
    ("content", "declared", "cause"),
    [
        (b"", "application/pdf", "vazio"),
        (b"MZ\x90\x00", "application/pdf", "tipo"),
        (b"<html><script>", "application/pdf", "tipo"),
        (b"GIF89a", "image/gif", "tipo"),
        (picture("PNG"), "image/jpeg", "diferente"),
        (PDF, "image/png", "diferente"),
        (PDF, "", "diferente"),
        (b"%PDF-1.7\nnothing", "application/pdf", "danificado"),
        (PDF[:300], "application/pdf", "danificado"),
        (picture("JPEG")[:200], "image/jpeg", "danificado"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png", "danificado"),
        (pdf(opens_with_a_program), "application/pdf", "conteudo-ativo"),
        (pdf(locked), "application/pdf", "protegido"),
    ],
    ids=_by_place,
)
def test_everything_else_is_refused_with_its_cause(content: bytes, declared: str, cause: str) -> None:
    with pytest.raises(MediaRefused) as refused:
        judge(content, declared)
    assert refused.value.cause == cause


def test_an_image_that_would_fill_the_memory_is_refused() -> None:
    written = BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")
    with pytest.raises(MediaRefused) as refused:
        judge(written.getvalue(), "image/png")
    assert refused.value.cause == "imagem-grande-demais"


def test_what_is_too_large_is_not_even_looked_at() -> None:
    with pytest.raises(TooLarge):
        judge(bytes(LARGEST + 1), "application/pdf")
