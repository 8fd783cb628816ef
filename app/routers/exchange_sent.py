"""A search whose parameters stand in the body, where no log of addresses keeps them."""

from collections import defaultdict
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from app.exchange.capability import TYPES
from app.routers.exchange_forms import Paged

_FORM = "application/x-www-form-urlencoded"
_ONE = frozenset({"_id", "identifier", "birthdate"})
_SEVERAL = frozenset(
    {name for name, kind in TYPES.items() if kind in ("date", "token")} - _ONE | {"_include"}
)
"""May stand more than once; each must hold."""
_MOST = 20
BODY = {"requestBody": {"content": {_FORM: {"schema": {"type": "object"}}}}}
"""For the interface's description: the parameters of the address, in the body."""
Query = TypeVar("Query", bound=Paged)


async def sent(request: Request, form: type[Query]) -> Query:
    """What the body of a ``_search`` asks; refused like an address that asks the same."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    found: dict[str, list[str]] = defaultdict(list)
    for name, value in await asked_in(request):
        found[name].append(value)
    values = {name: value if name in _SEVERAL else value[-1] for name, value in found.items()}
    try:
        return form.model_validate(values)
    except ValidationError as error:
        faults = [one | {"loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(faults) from None


async def asked_in(request: Request) -> list[tuple[str, str]]:
    """The parameters that the body holds, in their order."""
    try:
        return parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=_MOST)
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
