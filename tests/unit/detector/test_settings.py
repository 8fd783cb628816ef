"""The configuration file that the component writes is the one that the detector reads."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.detector_files import render_config
from components.detector_package import build_package
from detector.__main__ import main
from detector.settings import SettingsError, read_settings
from infra.config.load import read_hospital
from infra.config.model import Hospital
from tests.components.conftest import hospital_document

SECRET = "ab" * 32


@pytest.fixture
def hospital() -> Hospital:
    """Two Macs and a witness."""
    return read_hospital(hospital_document())


@pytest.fixture
def file(hospital: Hospital, tmp_path: Path) -> Path:
    """The witness's."""
    path = tmp_path / "detector.json"
    path.write_text(render_config(hospital, "witness", SECRET))
    return path


def test_what_is_written_is_what_is_read(file: Path, hospital: Hospital) -> None:
    settings = read_settings(file)
    assert settings.machine == "witness"
    assert settings.others == {"mac-a": "192.168.100.10", "mac-b": "192.168.100.11"}
    assert settings.macs == ("mac-a", "mac-b")
    assert settings.timing.dead == hospital.detector.dead
    assert settings.api == ("10.254.0.1", 6444)
    assert settings.secret == bytes.fromhex(SECRET)
    assert SECRET not in repr(settings)
    assert repr(settings.secret) not in repr(settings)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda document: document.pop("macs"), "macs is missing"),
        (lambda document: document.update(machine="mac-c"), "machine mac-c is not among machines"),
        (lambda document: document.update(macs=["mac-z"]), "macs names a machine"),
        (lambda document: document["machines"].pop("mac-a"), "not among machines"),
        (lambda document: document.update(secret="ab"), "32 bytes in hexadecimal"),
        (lambda document: document.update(secret="zz" * 32), "32 bytes in hexadecimal"),
        (lambda document: document.update(port=0), "0 is no port"),
        (lambda document: document.update(port="9777"), "9777 is no port"),
        (lambda document: document.update(dead=0.4), "0.4 s is too short"),
        (lambda document: document["machines"].update(witness="nowhere"), "nowhere"),
    ],
)
def test_a_mistake_is_one_line_without_the_secret(
    file: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[dict[str, Any]], object], said: str
) -> None:
    document = json.loads(file.read_text())
    spoil(document)
    file.write_text(json.dumps(document))
    assert main(["check", str(file)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert line.startswith(str(file))
    assert SECRET not in line


def test_a_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        read_settings(tmp_path / "missing")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(SettingsError, match="not JSON"):
        read_settings(tmp_path / "text")


def test_the_package_is_the_same_for_the_same_sources_and_runs_without_anything_else(
    file: Path, tmp_path: Path
) -> None:
    first, second = build_package(tmp_path / "one"), build_package(tmp_path / "two")
    assert first.name == second.name
    assert first.path.read_bytes() == second.path.read_bytes()
    run = subprocess.run(
        ["python3", "-I", "-S", "-B", first.path, "check", file],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
