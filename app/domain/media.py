"""What may be attached to the record: judged by the content, whatever its name or sender say."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.refusals import Refusal

LARGEST = 20 * 1024 * 1024
"""Bytes of one document."""


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
    # Their libraries take a tenth of a second, which a process that is given no document need not.
    from app.domain.media_content import check_image, check_pdf  # noqa: PLC0415

    if media is MediaType.PDF:
        check_pdf(content)
    else:
        check_image(content, media)
    return media
