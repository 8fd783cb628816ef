"""The bridged plugins and the language host, at work under the real engine."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.toolchain.stack import Run, Stack, Wanted

pytestmark = pytest.mark.build


@dataclass(frozen=True)
class Day:
    """One update and the preview after it."""

    run: Run
    again: Run


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """A password, a key and a certificate."""
    wanted = [
        Wanted("random.RandomPassword", "password", {"length": 24, "special": False}),
        Wanted("random.RandomBytes", "bytes", {"length": 16}),
        Wanted("tls.PrivateKey", "key", {"algorithm": "ED25519"}),
    ]
    stack = Stack(tmp_path_factory.mktemp("bridged") / "stack")
    return Day(stack.up(wanted), stack.preview(wanted))


def test_everything_is_created(day: Day) -> None:
    assert day.run.changes() == {"create": 4}


def test_second_preview_changes_nothing(day: Day) -> None:
    assert day.again.changes() == {"same": 4}


def test_password_and_key_are_secret_in_the_state(day: Day) -> None:
    assert "ciphertext" in day.run.outputs("password")["result"]
    assert "ciphertext" in day.run.outputs("key")["privateKeyPem"]
    assert "PRIVATE KEY" not in day.run.state


def test_public_half_is_in_clear(day: Day) -> None:
    assert day.run.outputs("key")["publicKeyOpenssh"].startswith("ssh-ed25519 ")


def test_bytes_are_known_by_their_own_text(day: Day) -> None:
    assert day.run.resource("bytes")["id"]
