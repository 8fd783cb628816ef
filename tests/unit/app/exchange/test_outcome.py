"""Problems in FHIR's words, from the service itself."""

from datetime import datetime
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.exchange.capability import INCLUDES, SEARCHES, capability
from app.exchange.outcome import outcome
from app.routers.exchange import FORMS
from app.routers.exchange_forms import AuditEventQuery, Paged, PatientForm, ProvenanceQuery
from tests.unit.app.conftest import Client
from tests.unit.app.exchange.judges import judge
from tests.unit.app.exchange.values import lines

JSON = "application/fhir+json"


@given(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["about:blank", "urn:prontuario:problema:acesso-negado"]),
            "title": lines,
            "detail": lines,
            "status": st.integers(400, 599),
            "codigo": lines,
        },
        optional={"erros": st.lists(st.fixed_dictionaries({"campo": lines, "motivo": lines}), max_size=3)},
    )
)
@settings(deadline=None)
def test_every_problem_is_an_outcome(problem: dict[str, Any]) -> None:
    made = outcome(problem)
    judge(made)
    assert len(made["issue"]) == max(1, len(problem.get("erros", [])))


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/fhir/R4/Nothing/1", 404, "not-found"),
        ("DELETE", "/fhir/R4/metadata", 405, "not-supported"),
        ("GET", "/fhir/R4/metadata?_format=xml", 406, "not-supported"),
        ("GET", "/fhir/R4/Patient/1", 503, "transient"),
    ],
)
def test_below_its_path_problems_are_outcomes(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    answer = client.request(method, path, headers={"x-request-id": "r-1"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, JSON)
    judge(answer.json())
    assert (answer.json()["issue"][0]["code"], answer.json()["issue"][0]["diagnostics"]) == (
        code,
        "codigo=r-1",
    )
    assert client.get("/api/v1/nothing").headers["content-type"] == "application/problem+json"


def test_another_format_is_refused_and_a_browser_is_not(client: Client) -> None:
    for accept, status in (("application/fhir+xml", 406), ("text/html,*/*;q=0.8", 200), (JSON, 200)):
        assert client.get("/fhir/R4/metadata", headers={"accept": accept}).status_code == status


def test_the_statement_offers_what_may_be_asked_and_nothing_else(client: Client) -> None:
    made = client.get("/fhir/R4/metadata").json()
    described = client.app.openapi()["paths"]["/fhir/R4/Observation"]["get"]["parameters"]
    assert {one["name"] for one in described} >= set(SEARCHES["Observation"])
    judge(made)
    assert made == capability(
        "Prontuário",
        made["software"]["version"],
        datetime.fromisoformat(made["date"]),
        "http://service/fhir/R4",
    )
    others: dict[str, type[Paged]] = {
        "Patient": PatientForm,
        "Provenance": ProvenanceQuery,
        "AuditEvent": AuditEventQuery,
    }
    paging = {"_count", "_cursor", "_format", "_include"}
    for kind, offered in SEARCHES.items():
        form = {**FORMS, **others}[kind]
        accepted = {field.alias or name for name, field in form.model_fields.items()}
        assert accepted - paging == set(offered), kind
    for kind, includes in INCLUDES.items():
        [allowed] = get_args(FORMS[kind].model_fields["include"].annotation)
        assert get_args(allowed) == includes
