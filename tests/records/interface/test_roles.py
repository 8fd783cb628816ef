"""Who may do what, asked of the running interface: every role, every operation."""

from inspect import iscoroutinefunction
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from app.domain import access
from app.domain.access import ALLOWED, Action
from app.domain.caller import Caller, Role
from app.domain.refusals import Forbidden
from app.openapi import calls
from tests.records.interface.operations import (
    ACTIONS,
    OPEN,
    Operation,
    asked_actions,
    is_allowed,
    served,
    some_of,
)
from tests.records.interface.world import CLINICAL, IDENTITY, World, body_of

OF_ROLE = [one for one in ACTIONS if ACTIONS[one][0] != OPEN]
EVERYBODY: tuple[Role | None, ...] = (*Role, None)
MANY = {"text": "x"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[Action]:
    """The actions that services asked the table for."""
    found: set[Action] = set()
    may = access.may

    def listening(caller: Caller, action: Action) -> bool:
        found.add(action)
        return may(caller, action)

    monkeypatch.setattr(access, "may", listening)
    monkeypatch.setattr("app.services.encounters.may", listening)
    return found


def send(world: World, role: Role | None, operation: Operation) -> httpx.Response:
    """One well-formed request."""
    method, template = operation
    headers = {"idempotency-key": "uma-chave-qualquer", "if-match": '"999"'}
    options: dict[str, Any] = {"headers": headers}
    if (body := body_of(operation)) is not None:
        options["json"] = body
    if "terminologies" in template:
        options["params"] = MANY
    if template.endswith("/content") and method == "PUT":
        options["content"] = b"%PDF-"
        headers["content-type"] = "application/pdf"
    if template.startswith("/fhir/"):
        word = "_id" if "/Patient" in template else "patient"
        place = "data" if method == "POST" else "params"
        options[place] = {word: world.ids["patients"]} if template.count("/") == 3 or method == "POST" else {}
    return world.ask(role, method, world.filled(template), **options)


@pytest.mark.sbis("NGS1.03.04", "every operation of the interface asks for a named right")
def test_every_route_names_its_action_and_every_line_has_a_route(world: World) -> None:
    assert set(ACTIONS) == served(world.hospital.app)


@pytest.mark.sbis("NGS1.03.06", "no answer to who treats nobody holds clinical data")
@pytest.mark.parametrize("operation", OF_ROLE, ids=some_of(OF_ROLE))
def test_a_role_is_let_in_exactly_where_the_table_lets_it(
    world: World, operation: Operation, asked: set[Action]
) -> None:
    for role in EVERYBODY:
        if operation == ("DELETE", "/api/v1/session") and role is not None:
            world.sign_in(role)
        asked.clear()
        answer = send(world, role, operation)
        refused = answer.status_code == 403 and Forbidden.detail in answer.text
        if role is None:
            assert answer.status_code == 401, answer.text
            assert not asked
        else:
            assert refused is not is_allowed(operation, role), (role, answer.text)
            assert asked <= asked_actions(operation)
            assert bool(asked) is bool(asked_actions(operation))
            assert answer.status_code != 401, answer.text
        assert answer.status_code != 500
        keep_out(role, answer.text)
        if operation == ("DELETE", "/api/v1/session") and role is not None:
            world.sign_in(role)


def test_no_dependency_is_handed_to_a_thread(world: World) -> None:
    plain = {
        one
        for route in iter_route_contexts(world.hospital.app.routes)
        for one in calls(route.dependant)
        if not (iscoroutinefunction(one) or iscoroutinefunction(getattr(one, "__call__", None)))  # noqa: B004
    }
    assert plain == set()


def keep_out(role: Role | None, text: str) -> None:
    """Fail when an answer shows what the role may not know."""
    rights = ALLOWED[role] if role else frozenset()
    if Action.READ_CHART not in rights:
        assert CLINICAL not in text, f"clinical data for {role}"
    if Action.FIND_PATIENT not in rights:
        assert IDENTITY not in text, f"a patient's name for {role}"
