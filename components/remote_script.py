"""The text that travels through the SSH door: a shell script with its payload behind it.

The command line stays short and never changes, because the provider prints it in every error and the
machine shows it to every user: :data:`RUNNER` only stores standard input in a file that root alone can read
and runs it. What to do, and what content to do it with, is standard input: a script that ends with
``exit``, a marker, and the payload.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

_SCRIPTS = Path(__file__).with_name("scripts")
_MARKER = "#--payload--"

RUNNER = (
    "sudo -n sh -c 'umask 77; f=$(mktemp /run/prontuario.XXXXXX)"
    """ && trap "rm -f $f" 0 && cat >$f && sh $f %s'"""
)
"""Command line for the verb ``apply`` or ``remove``. /run is memory: no payload reaches a disk on its way."""


def assemble(
    *,
    machine: str,
    step: str,
    apply: str,
    remove: str = "",
    libraries: Sequence[str] = (),
    limit: float = 120,
    payload: str = "",
) -> str:
    """The whole standard input of :data:`RUNNER`.

    ``apply`` and ``remove`` are POSIX sh; ``libraries`` name files of ours in ``scripts/`` with functions
    they use; ``limit`` is in seconds; ``apply`` finds ``payload`` on its standard input. ValueError if a
    text would end the script early.
    """
    parts = [
        f"machine={shlex.quote(machine)} step={shlex.quote(step)} limit={limit:g}",
        (_SCRIPTS / "door.sh").read_text(),
        *((_SCRIPTS / library).read_text() for library in libraries),
        function("apply", apply),
        function("remove", remove),
        'main "$@"',
        "exit",
    ]
    script = "\n".join(part.rstrip("\n") for part in parts)
    if _MARKER in script.splitlines():
        raise ValueError(f"{machine}: {step}: a script may not contain the line {_MARKER}")
    return f"{script}\n{_MARKER}\n{payload}"


def function(name: str, body: str | None) -> str:
    """A shell function; without a body it does nothing, successfully."""
    return f"{name}() {{\n:\n{(body or '').strip(chr(10))}\n}}"


def call(name: str, *arguments: str) -> str:
    """A call of a shell function with every argument quoted."""
    return " ".join([name, *map(shlex.quote, arguments)])
