"""``python -m app account first-administrator``: the first account, made on the machine itself.

The password comes from a file or from stdin; arguments can be read by every process of the machine.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from app.brazil.cpf import parse_cpf
from app.database.engine import Database
from app.domain.account_fields import USERNAME
from app.domain.refusals import Refusal
from app.services.first_administrator import make_first_administrator
from app.services.identity import Identity
from app.settings import Settings


def run(settings: Settings, words: Sequence[str]) -> int:
    """Make it; 0, or an exit status of sysexits.h with one line on stderr that says why not."""
    asked = _parser().parse_args(words)
    if settings.records_address is None:
        print("account: PRONTUARIO_RECORDS_ADDRESS is not set: there are no accounts", file=sys.stderr)
        return os.EX_CONFIG
    try:
        cpf = parse_cpf(asked.cpf).digits
        password = _password(asked.password_file)
        made = asyncio.run(_make(settings, asked.username, asked.name, cpf, password))
    except Refusal as refusal:
        print(f"account: {refusal.detail}", file=sys.stderr)
        return os.EX_DATAERR
    except (OSError, ValueError) as error:
        print(f"account: {error}", file=sys.stderr)
        return os.EX_DATAERR
    print(f"account: {made} is an administrator, and chooses another password at the first sign-in")
    return os.EX_OK


async def _make(settings: Settings, username: str, name: str, cpf: str, password: str) -> str:
    database = Database(settings)
    try:
        identity = Identity.of(settings, database)
        made = await make_first_administrator(
            identity, username=username, name=name, cpf=cpf, password=password
        )
        return made.username
    finally:
        await database.close()


def _password(file: Path | None) -> str:
    """One line, from ``file`` or stdin."""
    text = sys.stdin.readline() if file is None else file.read_text()
    return text.rstrip("\r\n")


def _username(written: str) -> str:
    if USERNAME.fullmatch(written) is None:
        raise argparse.ArgumentTypeError("3 to 40 of a-z, 0-9, dot, hyphen, underscore; a letter first")
    return written


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app account", allow_abbrev=False)
    commands = parser.add_subparsers(required=True)
    first = commands.add_parser("first-administrator", help="make the account that makes all others")
    first.add_argument("--username", required=True, type=_username)
    first.add_argument("--name", required=True)
    first.add_argument("--cpf", required=True)
    first.add_argument("--password-file", type=Path, help="holds the password; without it, stdin does")
    return parser
