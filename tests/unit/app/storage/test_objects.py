"""Documents in an S3 store: a real server of the protocol, and the adapter against it."""

import asyncio
import base64
import secrets
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import httpx
import obstore
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from moto.server import ThreadedMotoServer
from obstore.store import ObjectStore

from app.domain.audit_chain import Anchor
from app.settings import Settings
from app.storage.objects import Objects, StoreUnavailable
from app.storage.vault import Damaged
from tests.unit.app.signing.authority import Authority


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server with an empty bucket."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx.put(f"http://{host}:{port}/documents").raise_for_status()
    yield f"http://{host}:{port}"
    server.stop()


def settings(folder: Path, endpoint: str) -> Settings:
    """A service that uses the store there."""
    (folder / "store-access-key").write_text("GK0123\n")
    (folder / "store-secret-key").write_text("secret\n")
    (folder / "document-keys").write_text(f"chave001:{base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    (folder / "authority").write_bytes(Authority().root.certificate.public_bytes(Encoding.PEM))
    return Settings(address=IPv4Address("127.0.0.1"), store_endpoint=endpoint, credentials=folder)


def behind(objects: Objects) -> ObjectStore:
    """The store as its operator sees it."""
    assert objects.store is not None
    return objects.store


@pytest.mark.sbis("NGS1.06.01", "documents lie in the object store sealed, under names that say nothing")
def test_what_was_put_comes_back_and_the_store_sees_nothing(endpoint: str, tmp_path: Path) -> None:
    objects = Objects.of(settings(tmp_path, endpoint))

    async def work() -> None:
        name = await objects.put(b"Ana Sa, 46 anos")
        assert await objects.get(name) == b"Ana Sa, 46 anos"
        raw = await obstore.get_async(behind(objects), f"documentos/{name[:2]}/{name}")
        assert b"Ana" not in bytes(await raw.bytes_async())

    asyncio.run(work())


def test_what_is_gone_or_was_exchanged_is_damaged(endpoint: str, tmp_path: Path) -> None:
    objects = Objects.of(settings(tmp_path, endpoint))

    async def work() -> None:
        one, other = await objects.put(b"one"), await objects.put(b"other")
        raw = await obstore.get_async(behind(objects), f"documentos/{other[:2]}/{other}")
        stored = bytes(await raw.bytes_async())
        await obstore.put_async(behind(objects), f"documentos/{one[:2]}/{one}", stored)
        for name in (one, "00" * 20):
            with pytest.raises(Damaged):
                await objects.get(name)

    asyncio.run(work())


def test_anchors_of_the_audit_are_kept_and_found(endpoint: str, tmp_path: Path) -> None:
    objects = Objects.of(settings(tmp_path, endpoint))
    anchors = [Anchor(10, b"\x01" * 32), Anchor(2000, b"\x02" * 32)]

    async def work() -> None:
        for one in anchors:
            await objects.keep_anchor(one)
        assert await objects.anchors() == anchors

    asyncio.run(work())


def test_a_store_that_is_away_is_one_clear_refusal(tmp_path: Path) -> None:
    objects = Objects.of(settings(tmp_path, "http://127.0.0.1:9"))

    async def work() -> None:
        with pytest.raises(StoreUnavailable):
            await objects.put(b"x")
        with pytest.raises(StoreUnavailable):
            await objects.get("00" * 20)
        with pytest.raises(StoreUnavailable):
            await Objects(None, None).put(b"x")

    asyncio.run(work())
