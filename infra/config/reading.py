"""What pydantic found wrong with one field, said as a :class:`Problem`."""

from collections.abc import Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from infra.config.model import Hospital
from infra.config.problems import Path, Problem, shown
from infra.config.words import Words


def field_problems(errors: Sequence[ErrorDetails]) -> list[Problem]:
    """The problems behind pydantic's ``errors`` about a hospital.

    A list whose only item is unreadable is also called too short by pydantic: once is enough.
    """
    paths = [error["loc"] for error in errors]
    return [
        _problem(error)
        for error in errors
        if error["type"] != "too_short" or not any(path[:-1] == error["loc"] for path in paths)
    ]


def _problem(error: ErrorDetails) -> Problem:
    path: Path = error["loc"]
    if error["type"] == "json_invalid":
        return Problem((), "{...}", "not plain data: use only blocks, lists, text, numbers, true and false")
    if error["type"] == "missing":
        return Problem(path, "missing", f"add {words_for(path)}")
    value = shown(error["input"], path)
    if error["type"] == "extra_forbidden":
        return Problem(path, value, _unknown_key(path))
    if path and path[-1] == "[key]":
        return Problem(path[:-2], value, f"each key must be {words_for(path)}")
    if error["type"] == "int_type" and isinstance(error["input"], str):
        return Problem(path, f'"{value}"', f"must be {words_for(path)}, without quotes")
    return Problem(path, value, f"must be {words_for(path)}{_nearest(path, error['input'])}")


def words_for(path: Path) -> str:
    """What belongs at ``path``, in words."""
    kind, metadata = _kind_at(path)
    for item in metadata:
        if isinstance(item, Words):
            return item.text
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    return f"a block with the keys {', '.join(_keys(kind))}"


def meant_key(path: Path) -> str | None:
    """The known key that the unknown one at ``path`` looks like."""
    return next(iter(get_close_matches(str(path[-1]), _keys(_kind_at(path[:-1])[0]), n=1)), None)


def _unknown_key(path: Path) -> str:
    meant, known = meant_key(path), _keys(_kind_at(path[:-1])[0])
    return f"unknown key: did you mean {meant}?" if meant else f"unknown key: use {', '.join(known)}"


def _nearest(path: Path, value: object) -> str:
    kind = _kind_at(path)[0]
    close = (
        get_close_matches(value, get_args(kind), n=1) if isinstance(value, str) and _is_choice(kind) else []
    )
    return f": did you mean {close[0]}?" if close else ""


def _is_choice(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _keys(kind: Any) -> list[str]:
    return list(kind.model_fields)


def _kind_at(path: Path) -> tuple[Any, tuple[Any, ...]]:
    """The type at ``path`` without Optional and Annotated, and what Annotated said about it."""
    kind, metadata = _bare(Hospital)
    if path and path[-1] == "[key]":
        return _bare(get_args(_kind_at(path[:-2])[0])[0])
    for part in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = get_type_hints(kind, include_extras=True)[str(part)]
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        else:
            kind = get_args(kind)[0]
        kind, metadata = _bare(kind)
    return kind, metadata


def _bare(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    metadata: tuple[Any, ...] = ()
    while get_origin(kind) in (Annotated, Union, UnionType):
        if get_origin(kind) is Annotated:
            kind, metadata = kind.__origin__, (*metadata, *kind.__metadata__)
        else:
            kind = next(choice for choice in get_args(kind) if choice is not type(None))
    return kind, metadata
