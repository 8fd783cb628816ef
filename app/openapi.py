"""What the interface promises, as OpenAPI: every route's refusals are told beside its answers.

A route need not list them: which refusals are possible follows from what it asks for (a caller, a key, a
version, an id, a body). Tests ask every route for everything and compare.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic import BaseModel, ConfigDict, Field

from app.exchange.outcome import MEDIA_TYPE as FHIR_MEDIA_TYPE
from app.problems import MEDIA_TYPE
from app.routers.caller import current_caller, identity, presence
from app.routers.exchange_answers import PREFIX as FHIR
from app.routers.exchange_answers import speaks_json
from app.routers.headers import ETAG, KEY, repetition, version_read

_VERSIONS = ("/api/", FHIR)
"""What lies elsewhere is for machines, and refuses nothing in Portuguese."""
_REF = "#/components/schemas/"
_OF_FASTAPI = ("HTTPValidationError", "ValidationError")

_REFUSED: dict[Callable[..., Any], tuple[int, ...]] = {
    identity: (503,),
    presence: (401, 503),
    speaks_json: (406,),
    current_caller: (401, 403, 423, 503),
    repetition: (400, 409, 413, 422, 503),
    version_read: (404, 409, 412, 428),
}
"""What each dependency, or the service that it leads to, may refuse."""
_WITH_ID = (404, 422)
_WITH_QUERY = (422,)
_WITH_BODY = (400, 413, 422)
_WITH_FORM = (404, 415)
_RESOURCE: dict[str, Any] = {"type": "object", "required": ["resourceType"]}
_NEEDED: dict[str, dict[str, Any]] = {
    "idempotency-key": {"type": "string", "pattern": KEY.pattern},
    "if-match": {"type": "string", "pattern": ETAG.pattern},
}
"""Headers that a route cannot do without: it refuses itself, in its own words, when they are missing."""


class Fault(BaseModel):
    """One field that cannot be taken as it is."""

    campo: str
    motivo: str


class Problem(BaseModel):
    """A refusal (RFC 9457), in Portuguese. ``codigo`` is the request's id in the logs.

    Some kinds have more members: opaque ids and versions.
    """

    model_config = ConfigDict(extra="allow")

    type: str = Field(pattern=r"^(about:blank|urn:prontuario:problema:[a-z-]+)$")
    title: str
    status: int
    detail: str
    codigo: str
    erros: list[Fault] | None = None


def refusals(route: RouteContext) -> set[int]:
    """Every status with which a route may refuse."""
    dependant: Dependant = route.dependant
    found = {status for one in calls(dependant) for status in _REFUSED.get(one, ())}
    if dependant.path_params:
        found.update(_WITH_ID)
    if dependant.query_params:
        found.update(_WITH_QUERY)
        found.update(_WITH_ID if (route.path_format or "").startswith(FHIR) else ())
    extra = route.openapi_extra or {}
    if route.body_field is not None or "requestBody" in extra:
        found.update(_WITH_BODY)
        found.update(_WITH_FORM if (route.path_format or "").endswith("/_search") else ())
    return found


def calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    """Everything that a route depends on."""
    for one in dependant.dependencies:
        if one.call is not None:
            yield one.call
        yield from calls(one)


def described(app: FastAPI) -> dict[str, Any]:
    """The whole description. The service itself gives it to nobody, and does not load this module."""
    schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
    for route in iter_route_contexts(app.routes):
        path = route.path_format or ""
        if not path.startswith(_VERSIONS):
            continue
        for method in route.methods or ():
            operation = schema["paths"][path][method.lower()]
            answers = operation["responses"]
            declared = {int(one) for one in answers if int(one) >= HTTPStatus.BAD_REQUEST}
            # 422 is declared by FastAPI, in a form of its own that is never sent.
            refused = refusals(route) | declared - {HTTPStatus.UNPROCESSABLE_ENTITY}
            answers.pop("422", None)
            tell = _outcome if path.startswith(FHIR) else _problem
            answers.update({str(one): tell(one) for one in sorted(refused)})
            if FHIR_MEDIA_TYPE in answers.get("200", {}).get("content", {}):
                answers["200"]["content"][FHIR_MEDIA_TYPE] = {"schema": _RESOURCE}
            for one in operation.get("parameters", ()):
                if one["name"] in _NEEDED:
                    one.update(required=True, schema=_NEEDED[one["name"]])
    models = schema["components"]["schemas"]
    for one in _OF_FASTAPI:
        models.pop(one, None)
    problem = Problem.model_json_schema(ref_template=_REF + "{model}")
    models |= problem.pop("$defs")
    models["Problem"] = problem
    return schema


def _outcome(status: int) -> dict[str, Any]:
    """The same refusal as an OperationOutcome."""
    content = {FHIR_MEDIA_TYPE: {"schema": _RESOURCE}}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _problem(status: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}
    return {"description": HTTPStatus(status).phrase, "content": content}
