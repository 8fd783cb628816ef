"""A load against the real service: it ends well when all is well, and only then."""

import json
from pathlib import Path
from typing import Any

import pytest

from load.__main__ import BROKEN, KEPT, NOT_BEGUN, main
from tests.records.load.conftest import Front, Opened
from tests.records.load.faults import SLOW_S

LAX = ("--p95-ms", "60000", "--per-minute", "1")
"""Promises that any computer keeps."""


def load(
    front: Front, monkeypatch: pytest.MonkeyPatch, to: Path, *words: str, password: str | None = None
) -> tuple[int, Any]:
    """The exit status and what was written."""
    monkeypatch.setenv("PRONTUARIO_LOAD_PASSWORD", front.password if password is None else password)
    where = (
        "--base",
        front.base,
        "--authority",
        str(front.authority),
        "--administrator",
        front.administrator,
    )
    short = ("--users", "4", "--seconds", "8", "--rate", "1200")
    status = main([*where, *short, "--to", str(to), *words])
    return status, json.loads(to.read_text()) if to.exists() else None


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """Where the figures go."""
    return tmp_path / "load.json"


def test_a_good_hospital_keeps_its_promises(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, to: Path
) -> None:
    status, told = load(opened("none"), monkeypatch, to, *LAX)
    assert (status, told["broken"]) == (KEPT, [])
    assert told["users"] == 4
    assert told["errors"] == 0
    assert told["requests"] > 20
    assert 0 < told["p50_ms"] <= told["p95_ms"] <= told["p99_ms"] <= told["max_ms"]
    ledger = told["ledger"]
    assert ledger["acknowledged"] >= ledger["read_back"] > 3
    assert (ledger["lost"], ledger["duplicated"], ledger["unread"]) == (0, 0, 0)


def test_a_second_load_uses_the_same_accounts(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, to: Path
) -> None:
    assert load(opened("none"), monkeypatch, to, *LAX, "--seconds", "2")[0] in (KEPT, BROKEN)
    status, told = load(opened("none"), monkeypatch, to, *LAX, "--seed", "2")
    assert (status, told["seed"]) == (KEPT, 2)


@pytest.mark.parametrize(("fault", "counted"), [("lost", "lost"), ("twice", "duplicated")])
def test_an_acknowledged_write_that_is_lost_or_done_twice_breaks_its_promise(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, to: Path, fault: str, counted: str
) -> None:
    status, told = load(opened(fault), monkeypatch, to, *LAX)
    assert status == BROKEN
    assert told["ledger"][counted] > 0


def test_a_slow_hospital_breaks_its_promise(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, to: Path
) -> None:
    status, told = load(opened("slow"), monkeypatch, to, "--p95-ms", "200", "--per-minute", "1")
    assert status == BROKEN
    assert told["p95_ms"] >= 1000 * SLOW_S
    assert "95 % of requests took up to" in " ".join(told["broken"])


def test_too_few_requests_break_the_promise(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, to: Path
) -> None:
    slowly = ("--p95-ms", "60000", "--per-minute", "100000")
    status, told = load(opened("none"), monkeypatch, to, *slowly)
    assert status == BROKEN
    assert any("requests a minute" in phrase for phrase in told["broken"])


def test_a_wrong_password_begins_nothing(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, to: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = load(opened("none"), monkeypatch, to, password="outra senha 1")
    assert (status, told) == (NOT_BEGUN, None)
    assert "administrator cannot sign in: 401" in capsys.readouterr().err
