"""Invented patients in the real tables: whole, found, and never twice."""

import os
from typing import Any

import pytest

from app.database.connection import DATABASE
from app.seed.row_columns import COLUMNS
from app.seed.stream import patients
from app.seed_command import run
from app.settings import Settings
from tests.records.hospital import Hospital
from tests.records.server import Server

COUNT = "SELECT count(*), count(*) FILTER (WHERE invented) FROM patients"


def test_seeding_is_repeated_without_harm_and_the_chart_is_the_generated_one(
    migrated: Settings, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(migrated, ["--patients", "20"]) == os.EX_OK
    assert server.sql(DATABASE, COUNT) == "20|20"
    assert run(migrated, ["--patients", "30"]) == os.EX_OK
    assert "10 patients written, 20 were there already" in capsys.readouterr().out
    assert server.sql(DATABASE, COUNT) == "30|30"
    for table in COLUMNS:
        kept = f"SELECT (SELECT count(*) FROM {table}) - count(*) FROM history WHERE kind = '{table}'"  # noqa: S608
        assert server.sql(DATABASE, kept) == "0"
    with Hospital(migrated) as hospital:
        for record in patients(30):
            compare(hospital, record)


def compare(hospital: Hospital, record: Any) -> None:
    """What the service shows of a generated patient is what was generated."""
    who, path = hospital.physician, f"/patients/{record.patient.id}"
    header = hospital.ask(who, "GET", f"{path}/header").json()
    assert (header["name"], header["invented"]) == (record.patient.name, True)
    denied = "nega-alergias" if record.denies_allergies_at else "nao-informado"
    assert header["allergies"] == ("alergias" if record.allergies else denied)
    shown = hospital.ask(who, "GET", f"{path}/problems?limit=100").json()["items"]
    assert {one["id"] for one in shown} == {str(one.id) for one in record.problems}
    lines = hospital.ask(who, "GET", f"{path}/medications?limit=100").json()["items"]
    assert {one["id"] for one in lines} == {str(one.id) for one in record.medications}
    found = hospital.ask(who, "POST", "/patients/search", {"text": record.patient.cpf.digits}).json()
    assert [one["id"] for one in found["items"]] == [str(record.patient.id)]


def test_without_records_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Settings(), []) == os.EX_CONFIG
    assert "PRONTUARIO_RECORDS_ADDRESS is not set" in capsys.readouterr().err
