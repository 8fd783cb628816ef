"""The virtual hospital from the command line: ``python -m lab --help``."""

import sys

from lab import interrupt

if __name__ == "__main__":
    with interrupt.at_once():
        from lab.commandline import main
    sys.exit(main())
