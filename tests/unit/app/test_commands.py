"""One program, several commands: each wrong word or setting is one line."""

import os

import pytest

from app.__main__ import main


def test_an_unknown_command_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["frobnicate"]) == os.EX_USAGE
    assert capsys.readouterr().err.startswith("usage: python -m app [serve | migrate")


def test_migrating_without_records_says_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PRONTUARIO_RECORDS_ADDRESS", raising=False)
    assert main(["migrate"]) == os.EX_CONFIG
    assert "PRONTUARIO_RECORDS_ADDRESS is not set" in capsys.readouterr().err
