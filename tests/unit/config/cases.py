"""The committed stack files as plain data, and a way to change one thing in them."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

from infra.config.load import ConfigurationError, read_hospital
from infra.config.stack_file import hospital_value

PROJECT = Path(__file__).parents[3]
STACK_FILES = [PROJECT / f"Pulumi.{stack}.yaml" for stack in ("lab-mvp", "lab", "mvp", "prod")]

ABSENT = object()
"""As a new value: take the key out."""

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43


@cache
def _committed(stack: str) -> object:
    return hospital_value(PROJECT / f"Pulumi.{stack}.yaml")


def changed(stack: str, changes: dict[str, Any]) -> dict[str, Any]:
    """What the stack file says after ``changes`` (dotted key path -> new value), making blocks on the way."""
    document = copy.deepcopy(_committed(stack))
    assert isinstance(document, dict)
    for path, value in changes.items():
        *blocks, last = path.split(".")
        block = document
        for name in blocks:
            block = block.setdefault(name, {})
        if value is ABSENT:
            del block[last]
        else:
            block[last] = value
    return document


def problems(document: object) -> tuple[str, ...]:
    """Every line with which ``document`` is refused; none when it is a valid hospital."""
    try:
        read_hospital(document)
    except ConfigurationError as error:
        return error.problems
    return ()
