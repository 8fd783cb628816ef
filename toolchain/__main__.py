"""python -m toolchain build | doctor | env | clean"""

from __future__ import annotations

import argparse
import shutil
import sys

from toolchain import catalogue, doctor, engine, programs, store
from toolchain.build import build, missing
from toolchain.errors import ToolchainError

EVERYTHING = (*catalogue.ARTEFACTS, *programs.CLUSTER)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it worked, 1 with a line on stderr when not, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    commands = {"build": _build, "doctor": _doctor, "env": _env, "clean": _clean}
    try:
        return commands[options.command](options)
    except ToolchainError as error:
        print(f"toolchain: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ntoolchain: stopped; the same command carries on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m toolchain", description="The Pulumi engine, found or built."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="build what is missing of what requirements.txt needs")
    which = building.add_mutually_exclusive_group()
    names = ", ".join(artefact.name for artefact in EVERYTHING)
    which.add_argument("--only", nargs="+", metavar="NAME", help=f"among {names}")
    which.add_argument("--cluster", action="store_true", help="what the cluster is made of")
    which.add_argument("--all", action="store_true", help="everything the engine could ever need")
    commands.add_parser("doctor", help="say what is there, what would be built and what that costs")
    commands.add_parser("env", help="print the environment to start the engine in, as KEY=VALUE lines")
    cleaning = commands.add_parser("clean", help="remove what the present sources no longer want")
    cleaning.add_argument("--all", action="store_true", help="remove every built artefact")
    return parser


def _build(options: argparse.Namespace) -> int:
    if options.only:
        wanted = catalogue.named(options.only, EVERYTHING)
    elif options.cluster:
        wanted = list(programs.CLUSTER)
    else:
        wanted = list(catalogue.ARTEFACTS) if options.all else catalogue.required()
    if not missing(wanted):
        print("toolchain: everything is there", file=sys.stderr)
        return 0
    build(wanted)
    return 0


def _doctor(_: argparse.Namespace) -> int:
    text, well = doctor.report(doctor.examine())
    print(text)
    return 0 if well else 1


def _env(_: argparse.Namespace) -> int:
    for key, value in engine.environment().items():
        print(f"{key}={value}")
    return 0


def _clean(options: argparse.Namespace) -> int:
    if options.all:
        shutil.rmtree(store.root(), ignore_errors=True)
        print(f"toolchain: removed {store.root()}")
        return 0
    wanted = [
        found
        for artefact in EVERYTHING
        if (found := store.find(artefact, engine.compiler(artefact).version())) is not None
    ]
    for gone in store.clean(wanted, engine.home()):
        print(f"toolchain: removed {gone}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
