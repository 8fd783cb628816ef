"""Whatever is sent to any operation, by anybody: what the interface promised, or a clear refusal."""

import re
from http import HTTPStatus

import httpx
import pytest
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.domain.caller import Role
from app.exchange.outcome import MEDIA_TYPE as FHIR_MEDIA_TYPE
from app.openapi import Problem
from app.problems import MEDIA_TYPE
from tests.records.interface.operations import ACTIONS, OPEN, Operation, is_allowed, some_of
from tests.records.interface.requests import Case, Inventor
from tests.records.interface.test_roles import EVERYBODY, keep_out
from tests.records.interface.world import World

PROMISED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MACHINES_AND_PAGES = ("/live", "/ready", "/health", "/metrics", "/")
ENGLISH = re.compile(r"\b(the|not|must|should|invalid|error|field|value|request|found|and)\b", re.I)


@pytest.fixture(scope="module")
def inventor(world: World) -> Inventor:
    """What is asked comes from the interface's own description."""
    return Inventor(world)


@pytest.mark.parametrize("operation", ACTIONS, ids=some_of(ACTIONS))
def test_anything_from_anybody_is_answered_as_promised(
    world: World, inventor: Inventor, operation: Operation
) -> None:
    world.begin()
    for case in inventor.cases(operation):
        request = inventor.request(case, operation)
        for role in EVERYBODY:
            answer = inventor.answer(role, request)
            judge(role, operation, case, answer)
            if role is not None and _is_over(operation, answer):
                world.sign_in(role)


def judge(role: Role | None, operation: Operation, case: Case, answer: httpx.Response) -> None:
    """Fail for anything that was not promised, or that the role may not know."""
    case.validate_response(answer, checks=PROMISED)
    if answer.is_success and case.method.upper() == operation[0]:
        assert is_allowed(operation, role), f"{role} got {answer.status_code}"
    refused = not answer.is_success and answer.status_code != HTTPStatus.NOT_MODIFIED
    if refused and operation[1] not in MACHINES_AND_PAGES:
        refused_clearly(answer)
    keep_out(role, answer.text)


def refused_clearly(answer: httpx.Response) -> None:
    """Fail for a refusal that is not one clear problem in Portuguese, or FHIR's form of it."""
    if answer.headers["content-type"] == FHIR_MEDIA_TYPE:
        told = answer.json()
        assert told["resourceType"] == "OperationOutcome"
        said = [one["details"]["text"] for one in told["issue"]]
        assert ENGLISH.search(" ".join(said)) is None, said
        return
    assert answer.headers["content-type"] == MEDIA_TYPE, answer.text
    problem = Problem.model_validate(answer.json())
    assert problem.status == answer.status_code
    assert problem.codigo == answer.headers["x-request-id"]
    words = " ".join([problem.title, problem.detail, *(one.motivo for one in problem.erros or ())])
    assert ENGLISH.search(words) is None, words


def _is_over(operation: Operation, answer: httpx.Response) -> bool:
    """Whether the session ended with this request."""
    return operation == ("DELETE", "/api/v1/session") and answer.is_success


def test_open_operations_are_few_and_known() -> None:
    assert sum(words[0] == OPEN for words in ACTIONS.values()) == 13
