"""The one door to the object store: sealed content in, under a random name; content out."""

import asyncio
import secrets
from collections.abc import Awaitable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import MemoryStore, ObjectStore, S3Store

from app.domain.audit_chain import Anchor
from app.domain.refusals import Refusal
from app.settings import Settings
from app.storage.vault import Damaged, Vault

if TYPE_CHECKING:
    from obstore.store import ClientConfig  # known to type checkers alone

_PATIENCE = timedelta(seconds=15)
_ANCHORS = "auditoria/"
_T = TypeVar("_T")


class StoreUnavailable(Refusal):
    """The object store does not answer: nothing was written."""

    status = 503
    kind = "documentos-indisponiveis"
    title = "Documentos indisponíveis"
    detail = "O armazenamento de documentos não pode atender agora. Tente novamente em instantes."


class Objects:
    """Documents' content. ``store``: any that obstore knows; without one nothing can be stored."""

    def __init__(self, store: ObjectStore | None, vault: Vault | None) -> None:
        self.store = store
        self._vault = vault

    @classmethod
    def of(cls, settings: Settings) -> "Objects":
        """The hospital's store, or none where ``settings`` name none. Raises ValueError for a wrong key."""
        if settings.store_endpoint is None:
            return cls(None, None)
        client: ClientConfig = {
            "timeout": _PATIENCE,
            "connect_timeout": timedelta(seconds=2),
            "root_certificate": settings.secret("authority"),
            "allow_http": settings.store_endpoint.startswith("http://127."),
        }
        store = S3Store(
            settings.store_bucket,
            endpoint=settings.store_endpoint,
            region=settings.store_region,
            access_key_id=settings.secret("store-access-key"),
            secret_access_key=settings.secret("store-secret-key"),
            virtual_hosted_style_request=False,
            client_options=client,
            retry_config={"max_retries": 2, "retry_timeout": _PATIENCE},
        )
        return cls(store, Vault.read(settings.secret("document-keys")))

    @classmethod
    def in_memory(cls) -> "Objects":
        """For what runs without a store: gone with the process."""
        return cls(MemoryStore(), Vault("memory00", {"memory00": secrets.token_bytes(32)}))

    async def put(self, content: bytes) -> str:
        """Store ``content``; the name it got tells nothing. Raises StoreUnavailable."""
        store, vault = self._ready()
        name = secrets.token_hex(20)
        sealed = await asyncio.to_thread(vault.seal, name, content)
        await _answered(obstore.put_async(store, _path(name), sealed))
        return name

    async def get(self, name: str) -> bytes:
        """What was stored under ``name``. Raises StoreUnavailable; Damaged when it is gone or was changed."""
        store, vault = self._ready()
        try:
            answer = await _answered(obstore.get_async(store, _path(name)))
            stored = bytes(await _answered(answer.bytes_async()))
        except FileNotFoundError:
            raise Damaged from None
        return await asyncio.to_thread(vault.open, name, stored)

    async def keep_anchor(self, anchor: Anchor) -> None:
        """Tell the store where the audit ends."""
        if self.store is not None:
            path = f"{_ANCHORS}{anchor.position:020d}-{anchor.hash.hex()}"
            await _answered(obstore.put_async(self.store, path, b"."))

    async def anchors(self) -> list[Anchor]:
        """Every anchor that was told."""
        if self.store is None:
            return []
        found = []
        async for page in obstore.list(self.store, _ANCHORS):
            for one in page:
                position, _, digest = one["path"].removeprefix(_ANCHORS).partition("-")
                found.append(Anchor(int(position), bytes.fromhex(digest)))
        return found

    def _ready(self) -> tuple[ObjectStore, Vault]:
        if self.store is None or self._vault is None:
            raise StoreUnavailable
        return self.store, self._vault


def _path(name: str) -> str:
    """Spread over folders, as the names are random."""
    return f"documentos/{name[:2]}/{name}"


async def _answered(asked: Awaitable[_T]) -> _T:
    try:
        return await asked
    except FileNotFoundError:  # what obstore raises for an object that is not there
        raise
    except (BaseError, OSError) as error:
        raise StoreUnavailable from error
