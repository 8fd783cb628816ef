"""``python -m app [command]``: the service of one machine, told by PRONTUARIO_* variables.

Without a command it serves. ``migrate`` brings the records' tables to this release and ends. ``audit verify``
says whether anybody touched the audit; ``account first-administrator`` makes the account that
makes all others; ``terminology`` loads codes; ``seed`` writes invented patients.
"""

import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence

from app import account_command, audit_command, logs
from app.database.migrate import migrate
from app.server import build_server
from app.settings import Settings, SettingsError


def serve(settings: Settings, _: Sequence[str]) -> int:
    """Serve until told to stop."""
    logs.configure()
    build_server(settings).run()
    logging.shutdown()
    # A thread may still hang in a check or in the journal, and the interpreter would wait for it.
    os._exit(os.EX_OK)


def bring_up_to_date(settings: Settings, _: Sequence[str]) -> int:
    """Apply every migration that is missing."""
    if settings.records_address is None:
        print("migrate: PRONTUARIO_RECORDS_ADDRESS is not set: there is nothing to migrate", file=sys.stderr)
        return os.EX_CONFIG
    migrate(settings)
    return os.EX_OK


def write_invented(settings: Settings, words: Sequence[str]) -> int:
    """See app/seed_command.py."""
    from app import seed_command  # noqa: PLC0415 (the service does without it)

    return seed_command.run(settings, words)


def load_terminologies(settings: Settings, words: Sequence[str]) -> int:
    """See app/terminology_command.py."""
    from app import terminology_command  # noqa: PLC0415 (the service does without it)

    return terminology_command.run(settings, words)


COMMANDS: Mapping[str, Callable[[Settings, Sequence[str]], int]] = {
    "serve": serve,
    "migrate": bring_up_to_date,
    "audit": audit_command.run,
    "account": account_command.run,
    "seed": write_invented,
    "terminology": load_terminologies,
}
_WITH_WORDS = frozenset({"audit", "account", "seed", "terminology"})
"""Commands that more words may follow."""


def main(words: Sequence[str] = ()) -> int:
    """Do what ``words`` say; 64 for an unknown command, 78 (sysexits.h) when the environment is wrong."""
    name = words[0] if words else "serve"
    if name not in COMMANDS or (len(words) > 1 and name not in _WITH_WORDS):
        print(f"usage: python -m app [{' | '.join(COMMANDS)}]", file=sys.stderr)
        return os.EX_USAGE
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    return COMMANDS[name](settings, words[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
