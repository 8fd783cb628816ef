"""Sealed content opens under its own name, with its own key, unchanged; or not at all."""

import base64
import secrets

import pytest

from app.storage.vault import Damaged, Vault

NEW, OLD = (base64.b64encode(one).decode() for one in (bytes(range(32)), bytes(32)))
VAULT = Vault.read(f"novo0002:{NEW}\nvelho001:{OLD}\n")


@pytest.mark.sbis("NGS1.06.01", "what lies outside of the database is sealed, under names that say nothing")
def test_content_comes_back_and_nothing_of_it_shows() -> None:
    sealed = VAULT.seal("name", b"Ana Sa" * 100)
    assert VAULT.open("name", sealed) == b"Ana Sa" * 100
    assert b"Ana" not in sealed
    assert sealed != VAULT.seal("name", b"Ana Sa" * 100)


@pytest.mark.parametrize("place", [0, 5, 13, 30, 75, 90, -1])
def test_a_changed_byte_is_found_wherever_it_is(place: int) -> None:
    sealed = bytearray(VAULT.seal("name", secrets.token_bytes(100)))
    sealed[place] ^= 1
    with pytest.raises(Damaged):
        VAULT.open("name", bytes(sealed))


@pytest.mark.parametrize("stored", [b"", b"PRN1", b"PRN1novo0002" + bytes(20), b"%PDF-1.7" * 20])
def test_what_was_never_sealed_is_damaged(stored: bytes) -> None:
    with pytest.raises(Damaged):
        VAULT.open("name", stored)


def test_an_object_cannot_stand_for_another() -> None:
    with pytest.raises(Damaged):
        VAULT.open("other", VAULT.seal("name", b"x"))


def test_old_keys_open_and_new_ones_seal() -> None:
    old = Vault("velho001", {"velho001": bytes(32)}).seal("name", b"x")
    assert VAULT.open("name", old) == b"x"
    assert VAULT.seal("name", b"x")[4:12] == b"novo0002"


@pytest.mark.parametrize(
    "text", ["", "short:AAAA", "novo0002:not base64!", "novo0002", f"novo0002:{'A' * 44}x"]
)
def test_a_wrong_key_is_told_without_it(text: str) -> None:
    with pytest.raises(ValueError, match="document key") as told:
        Vault.read(text)
    assert "AAAA" not in str(told.value)
