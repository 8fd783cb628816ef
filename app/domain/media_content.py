"""Reads what is to be attached to the record, with the libraries of its kind."""

from io import BytesIO
from typing import Any

from PIL import Image, UnidentifiedImageError
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from app.domain.media import MediaRefused, MediaType

_PIXELS = 120_000_000
"""Of one image; a scan of A3 at 600 dpi has 70 million."""
_TOO_MANY = MediaRefused("imagem-grande-demais", "A imagem tem pontos demais. Reduza a resolução.")
_ACTIVE = frozenset({"/JavaScript", "/EmbeddedFiles"})
_ACTIONS = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm"})


def check_image(content: bytes, media: MediaType) -> None:
    """That all of it can be read, and it is not enormous when unpacked; raises MediaRefused."""
    try:
        with Image.open(BytesIO(content), formats=[media.name]) as image:
            if image.width * image.height > _PIXELS:
                raise _TOO_MANY
            image.load()
    except Image.DecompressionBombError as error:
        raise _TOO_MANY from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise MediaRefused("danificado", "A imagem está danificada ou incompleta.") from error


def check_pdf(content: bytes) -> None:
    """That it has pages, no password and nothing that acts; raises MediaRefused."""
    try:
        reader = PdfFileReader(BytesIO(content), strict=False)
        encrypted = reader.encrypted
        active = False if encrypted else _acts(reader.root)
        pages = 0 if encrypted else int(reader.root["/Pages"]["/Count"])
    except (PdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise MediaRefused("danificado", "O PDF está danificado ou incompleto.") from error
    if encrypted:
        raise MediaRefused("protegido", "O PDF está protegido por senha. Envie-o sem proteção.")
    if active:
        raise MediaRefused("conteudo-ativo", "O PDF contém programas ou arquivos embutidos, e não é aceito.")
    if pages < 1:
        raise MediaRefused("danificado", "O PDF está danificado ou incompleto.")


def _acts(root: DictionaryObject) -> bool:
    """Whether opening the document would do something, or it carries other files."""
    names: Any = root.get("/Names", {})
    opening: Any = root.get("/OpenAction", {})
    acts = isinstance(opening, DictionaryObject) and opening.get("/S") in _ACTIONS
    return acts or "/AA" in root or bool(_ACTIVE & set(names))
