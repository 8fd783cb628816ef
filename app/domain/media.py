"""What may be attached to the record: judged by the content, whatever its name or sender say."""

from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Any

from PIL import Image, UnidentifiedImageError
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from app.domain.refusals import Refusal

LARGEST = 20 * 1024 * 1024
"""Bytes of one document."""
_PIXELS = 120_000_000
"""Of one image; a scan of A3 at 600 dpi has 70 million."""


class MediaType(StrEnum):
    """The kinds that the record keeps."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    TIFF = "image/tiff"


class TooLarge(Refusal):
    status = 413
    kind = "documento-grande-demais"
    title = "Documento grande demais"
    detail = "O documento passa do limite de 20 MB. Reduza-o ou divida-o em partes."


class MediaRefused(Refusal):
    """The content is none that the record keeps; ``causa`` is a fixed word for programs."""

    status = 415
    kind = "tipo-de-documento-recusado"
    title = "Documento recusado"

    def __init__(self, causa: str, detail: str) -> None:
        super().__init__(detail, causa=causa)
        self.cause = causa


@dataclass(frozen=True)
class _Kind:
    media: MediaType
    starts: tuple[bytes, ...]


_KINDS = (
    _Kind(MediaType.PDF, (b"%PDF-",)),
    _Kind(MediaType.JPEG, (b"\xff\xd8\xff",)),
    _Kind(MediaType.PNG, (b"\x89PNG\r\n\x1a\n",)),
    _Kind(MediaType.TIFF, (b"II*\x00", b"MM\x00*")),
)
_TOO_MANY = MediaRefused("imagem-grande-demais", "A imagem tem pontos demais. Reduza a resolução.")
_ACTIVE = frozenset({"/JavaScript", "/EmbeddedFiles"})
_ACTIONS = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm"})


def judge(content: bytes, declared: str) -> MediaType:
    """The kind that ``content`` is; raises TooLarge or MediaRefused, also when it is not what was declared.

    Blocks while it reads the whole of it: call it in a thread.
    """
    if len(content) > LARGEST:
        raise TooLarge
    if not content:
        raise MediaRefused("vazio", "O documento está vazio.")
    media = next((one.media for one in _KINDS if content.startswith(one.starts)), None)
    if media is None:
        raise MediaRefused("tipo", "São aceitos documentos em PDF, JPEG, PNG e TIFF.")
    if declared.partition(";")[0].strip().lower() != media:
        raise MediaRefused("diferente", "O conteúdo do documento não é do tipo que foi informado.")
    if media is MediaType.PDF:
        _check_pdf(content)
    else:
        _check_image(content, media)
    return media


def _check_image(content: bytes, media: MediaType) -> None:
    try:
        with Image.open(BytesIO(content), formats=[media.name]) as image:
            if image.width * image.height > _PIXELS:
                raise _TOO_MANY
            image.load()
    except Image.DecompressionBombError as error:
        raise _TOO_MANY from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise MediaRefused("danificado", "A imagem está danificada ou incompleta.") from error


def _check_pdf(content: bytes) -> None:
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
