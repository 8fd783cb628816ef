"""Faces as the services see them: a picture in, numbers out, which the database gets sealed."""

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from app.domain.faces import Embedding, FaceUnavailable, packed, unpacked
from app.later import Later
from app.settings import Settings
from app.storage.vault import Damaged, Vault

if TYPE_CHECKING:
    from uuid import UUID

_LOG = logging.getLogger(__name__)


class Models(Protocol):
    """What sees faces."""

    def embedding(self, picture: bytes) -> Embedding:
        """The one face of a picture; blocks. Raises FaceRefused or FaceUnavailable."""


class FaceReading:
    """Where the settings name models. One picture at a time: it takes a core from everybody else."""

    def __init__(self, settings: Settings) -> None:
        self.model = settings.face_recogniser_sha256 or ""
        """Whose numbers they are: those of another model cannot be compared."""
        self.threshold = settings.face_threshold
        self._models: Later[Models] = Later(lambda: _models(settings))
        self._vault = Later(lambda: Vault.read(settings.secret("document-keys")))
        self._queue = asyncio.Semaphore(1)

    async def see(self, picture: bytes) -> Embedding:
        """The one face of ``picture``. Raises FaceRefused or FaceUnavailable."""
        try:
            models = await self._models()
            async with self._queue:
                return await asyncio.to_thread(models.embedding, picture)
        except FaceUnavailable as error:
            _LOG.error("faces are wanted and cannot be used: %s", error.__cause__)
            raise

    async def seal(self, one: "UUID", embedding: Embedding) -> bytes:
        """What the database may hold of the face of that id. Raises FaceUnavailable without a key."""
        return (await self._keys()).seal(f"rosto/{one}", packed(embedding))

    async def open(self, one: "UUID", sealed: bytes) -> Embedding:
        """The reverse. Raises FaceUnavailable for what is damaged, another's, or of a key that is gone."""
        try:
            return unpacked((await self._keys()).open(f"rosto/{one}", sealed))
        except Damaged as error:
            raise FaceUnavailable from error

    async def _keys(self) -> Vault:
        try:
            return await self._vault()
        except (OSError, ValueError) as error:
            raise FaceUnavailable from error


def _models(settings: Settings) -> Models:
    try:
        from app.adapters.face_models import FaceModels  # noqa: PLC0415 - 78 MB that few hospitals install
    except ImportError as error:
        raise FaceUnavailable from error
    return FaceModels(settings)
