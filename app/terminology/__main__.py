"""Load a coded terminology from its publisher's files, or judge the files without keeping anything.

Which files are understood, and where they come from, stands in app/terminology/tables.py and code_system.py.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from app.terminology.catalogue import SYSTEMS
from app.terminology.load import Loaded, load_files, load_seed
from app.terminology.model import Save, TerminologyError
from app.terminology.saves import save_to_folder

_FOLDER = Path("build/terminology")


def main(words: Sequence[str] | None = None, save: Save | None = None) -> int:
    """The command line; returns the exit status. ``save`` replaces the folder that ``--to`` names."""
    arguments = _parser().parse_args(words)
    keep = save or save_to_folder(arguments.to if arguments.verb in ("load", "seed") else _FOLDER)
    try:
        if arguments.verb == "list":
            for system in SYSTEMS.values():
                print(f"{system.name:6} {system.title}\n       {system.uri}\n       {system.licence}")
        elif arguments.verb == "seed":
            for name in SYSTEMS:
                _keep(load_seed(name), keep)
        else:
            loaded = load_files(
                arguments.name,
                arguments.files,
                version=arguments.version,
                source=arguments.source,
                partial=arguments.partial,
            )
            if arguments.verb == "check":
                print(f"{arguments.name}: {len(loaded.concepts)} concepts, nothing kept")
            else:
                _keep(loaded, keep)
    except TerminologyError as error:
        print(f"terminology: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"terminology: cannot keep it: {error}", file=sys.stderr)
        return 1
    return 0


def _keep(loaded: Loaded, save: Save) -> None:
    count = save(loaded.edition, loaded.concepts)
    print(f"{loaded.edition.name} {loaded.edition.version}: {count} concepts. {loaded.edition.licence}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.terminology", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="which terminologies are known, and who owns them")
    seed = verbs.add_parser("seed", help="load the few codes that the invented patients use")
    load = verbs.add_parser("load", help="load one edition; the same one again replaces it")
    check = verbs.add_parser("check", help="read and judge the files, keep nothing")
    for verb in (load, check):
        verb.add_argument("name", choices=SYSTEMS)
        verb.add_argument("files", nargs="+", type=Path, metavar="FILE")
        verb.add_argument("--version", required=True, type=_version, help="the publisher's, e.g. 2008")
        verb.add_argument("--source", required=True, help="where the files come from, and when")
        verb.add_argument("--partial", action="store_true", help="only a part of that version is meant")
    for verb in (load, seed):
        verb.add_argument("--to", type=Path, default=_FOLDER, metavar="FOLDER", help=f"default: {_FOLDER}")
    return parser


def _version(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", text) is None or text.startswith("seed"):
        raise argparse.ArgumentTypeError(f"{text!r}: letters, digits, dots and hyphens, and not seed-…")
    return text


if __name__ == "__main__":
    sys.exit(main())
