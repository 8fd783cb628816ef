"""``python -m app``: the service of one machine, told by PRONTUARIO_* variables."""

import logging
import os
import sys

from app import logs
from app.server import build_server
from app.settings import Settings, SettingsError


def main() -> int:
    """Serve until told to stop; 78 (a configuration error, sysexits.h) when the environment is wrong."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    logs.configure()
    build_server(settings).run()
    logging.shutdown()
    # A thread may still hang in a check or in the journal, and the interpreter would wait for it.
    os._exit(os.EX_OK)


if __name__ == "__main__":
    sys.exit(main())
