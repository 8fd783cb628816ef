"""The first account is made on the machine, once, and its password is no argument."""

import os
import subprocess
import sys
from pathlib import Path

from app.settings import Settings
from tests.records.identity.hospital import FIRST, Hospital, Person

WORDS = ("--username", "ana.admin", "--name", "Ana Admin", "--cpf", "529.982.247-25")


def run(settings: Settings, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The command, as somebody at the machine gives it."""
    told = {
        "PRONTUARIO_RECORDS_ADDRESS": str(settings.records_address),
        "PRONTUARIO_RECORDS_PORT": str(settings.records_port),
        "CREDENTIALS_DIRECTORY": str(settings.credentials),
    }
    command = [sys.executable, "-m", "app", "account", "first-administrator", *words]
    return subprocess.run(
        command, input=stdin, env=os.environ | told, capture_output=True, text=True, check=False
    )


def test_the_first_administrator_is_made_once(migrated: Settings, hospital: Hospital) -> None:
    made = run(migrated, *WORDS, stdin=f"{FIRST}\n")
    assert made.returncode == 0, made.stderr
    assert FIRST not in made.stdout + made.stderr
    ana = Person(hospital, "ana.admin", FIRST).sign_in()
    assert ana.details["password_due"] is True
    again = run(migrated, *WORDS, stdin=f"{FIRST}\n")
    assert again.returncode == os.EX_DATAERR
    assert again.stderr == "account: Já existem contas: peça a um administrador que crie a sua.\n"


def test_the_password_may_be_in_a_file(migrated: Settings, hospital: Hospital, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{FIRST}\n")
    made = run(migrated, *WORDS, "--password-file", str(tmp_path / "password"))
    assert made.returncode == 0, made.stderr
    Person(hospital, "ana.admin", FIRST).sign_in()


def test_what_is_wrong_is_one_line_and_makes_nothing(migrated: Settings, hospital: Hospital) -> None:
    weak = run(migrated, *WORDS, stdin="curta\n")
    assert weak.stderr == "account: A senha precisa ter de 8 a 200 caracteres.\n"
    forged = run(migrated, *WORDS[:-1], "111.111.111-11", stdin=f"{FIRST}\n")
    assert forged.stderr == "account: CPF inválido: os dígitos verificadores não conferem.\n"
    assert run(migrated, *WORDS, "--password", FIRST).returncode != 0
    assert hospital.sql("SELECT count(*) FROM accounts") == "0"
