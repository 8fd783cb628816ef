"""A face as a second factor: what is kept of it, when two are alike, and what nobody may promise of it.

A face is sensitive data (LGPD, art. 5 and 11): the person agrees in so many words, and takes it back at will.
"""

import math
import struct
from collections.abc import Sequence

from app.domain.refusals import Refusal

TERMS = "rosto-1"
"""Names the text below: whoever changes the text changes the name, and people agree anew."""
CONSENT = (
    "Autorizo o hospital a guardar uma representação numérica do meu rosto, cifrada, somente para confirmar "
    "meu acesso ao prontuário nas estações compartilhadas. A foto não é guardada. O uso é opcional: sem ele "
    "entro com minha chave de acesso. Posso revogar esta autorização quando quiser, e a representação é "
    "apagada na hora."
)
LIMITS = (
    "Não há prova de vida: uma boa foto ou um vídeo da pessoa pode ser aceito, e parentes parecidos também. "
    "Por isso o rosto só complementa a senha, e não serve para assinar, para administrar contas nem para "
    "mudar chaves de acesso."
)
LARGEST = 700_000
"""Bytes of one picture: in base64 it fits into what any request may be long."""

Embedding = tuple[float, ...]
"""A face as a model sees it: numbers whose direction counts and whose length does not."""


class FaceOff(Refusal):
    status = 409
    kind = "reconhecimento-facial-ausente"
    title = "Reconhecimento facial não instalado"
    detail = "Este serviço não tem o reconhecimento facial instalado. Use sua chave de acesso."


class FaceUnavailable(Refusal):
    """It is wanted, and its model or library is missing, or not the one that the settings name."""

    status = 503
    kind = "reconhecimento-facial-indisponivel"
    title = "Reconhecimento facial indisponível"
    detail = "O reconhecimento facial não pode ser usado agora. Use sua chave de acesso e avise a TI."


class FaceRefused(Refusal):
    """The picture shows nothing that could be compared; ``causa`` is a fixed word for programs."""

    status = 422
    kind = "imagem-do-rosto-recusada"
    title = "Imagem não aceita"

    def __init__(self, causa: str, detail: str) -> None:
        super().__init__(detail, causa=causa)


def likeness(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine between two: 1 for the same direction, 0 for nothing in common, -1 at worst."""
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / (math.hypot(*one) * math.hypot(*other))


def packed(embedding: Embedding) -> bytes:
    """Four bytes for each number."""
    return struct.pack(f"<{len(embedding)}f", *embedding)


def unpacked(kept: bytes) -> Embedding:
    """The reverse."""
    return struct.unpack(f"<{len(kept) // 4}f", kept)
