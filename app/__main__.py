"""``python -m app [command]``: the service of one machine, told by PRONTUARIO_* variables.

Without a command it serves. ``migrate`` brings the records' tables to this release and ends. ``audit verify``
says whether anybody touched the audit; ``account first-administrator`` makes the account that
makes all others; ``terminology`` loads codes; ``seed`` writes invented patients.
"""

import gc
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from app import logs
from app.gently import gently
from app.settings import Settings, SettingsError

Command = Callable[[Settings, Sequence[str]], int]
# Each loads what it needs itself: a start of the service takes the processor from those that serve.


def serve(settings: Settings, _: Sequence[str]) -> int:
    """Serve until told to stop."""
    # What is loaded now stays: looking through it for what might be let go costs a sixth of the start.
    gc.disable()
    with gently(settings.start_share):
        from app.server import build_server  # noqa: PLC0415

        server = build_server(settings)
    gc.freeze()
    gc.enable()
    logs.configure()
    server.run()
    logging.shutdown()
    # A thread may still hang in a check or in the journal, and the interpreter would wait for it.
    os._exit(os.EX_OK)


def bring_up_to_date(settings: Settings, _: Sequence[str]) -> int:
    """Apply every migration that is missing."""
    if settings.records_address is None:
        print("migrate: PRONTUARIO_RECORDS_ADDRESS is not set: there is nothing to migrate", file=sys.stderr)
        return os.EX_CONFIG
    from app.database.migrate import migrate  # noqa: PLC0415

    migrate(settings)
    return os.EX_OK


def loaded(module: str) -> Command:
    """``run`` of that module, which is loaded when it is asked for."""

    def run(settings: Settings, words: Sequence[str]) -> int:
        return int(import_module(module).run(settings, words))

    return run


COMMANDS: Mapping[str, Command] = {
    "serve": serve,
    "migrate": bring_up_to_date,
    "audit": loaded("app.audit_command"),
    "account": loaded("app.account_command"),
    "seed": loaded("app.seed_command"),
    "terminology": loaded("app.terminology_command"),
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
