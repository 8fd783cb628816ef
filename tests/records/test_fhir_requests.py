"""What is asked of the exchange in FHIR: narrowed, page by page, and refused when it cannot be asked."""

from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.exchange.capability import ENTRIES, SEARCHES
from tests.records.fhir import TYPE, ask, found, read, refusal
from tests.records.hospital import Hospital
from tests.unit.app.exchange.judges import judge


@pytest.mark.parametrize("kind", [*ENTRIES, "Patient", "Provenance", "Binary"])
def test_what_is_not_there_is_not_found(ward: Hospital, kind: str) -> None:
    for unknown in (str(uuid4()), "42", "a.b", "%27--"):
        assert refusal(ask(ward, ward.nurse, f"{kind}/{unknown}")) == (404, "not-found")
    if kind in ENTRIES:
        assert refusal(ask(ward, ward.nurse, f"{kind}?patient={uuid4()}")) == (404, "not-found")
        assert refusal(ask(ward, ward.nurse, f"{kind}?patient=42")) == (404, "not-found")


@pytest.mark.parametrize(
    "asked",
    [
        *(
            "Condition",
            "Condition?patient=x y",
            "Condition?patient=1&name=x",
            "Observation?patient=1&code=|",
            "Observation?patient=1&_include=Observation:device",
            "Observation?patient=1&code:text=pulso",
            "Encounter?encounter=1",
        ),
        *("Condition?patient=1&date=2026", "Encounter?patient=1&date=ontem", "Encounter?patient=1&_count=0"),
        *("Provenance", "Provenance?target=Condition", "AuditEvent?date=x", "Patient", "Patient?name=Ana"),
        *("AuditEvent?date=ne2026", "AuditEvent?subtype=a&subtype=b", "Patient?birthdate=1980-05-17"),
        *(
            "Encounter?patient=1&date=2026&date=2026&date=2026&date=2026&date=2026",
            "Condition?_id=1&_format=xml",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_and_not_overlooked(ward: Hospital, asked: str) -> None:
    status, code = refusal(ask(ward, ward.nurse if "Audit" not in asked else ward.auditor, asked))
    assert (status, code) in ((422, "invalid"), (406, "not-supported"))


def test_a_search_is_narrowed_by_time_and_read_page_by_page(ward: Hospital) -> None:
    patient = ward.patient()
    for day in range(1, 6):
        one = {"observations": [pressure(day)], "occurred_at": f"2026-01-0{day}T12:00:00Z"}
        ward.made(ward.nurse, f"/patients/{patient}/observations", one)
    base = f"Observation?patient={patient}"
    for words, days in (
        ("date=2026-01-03", [3]),
        ("date=ge2026-01-03", [5, 4, 3]),
        ("date=gt2026-01-03&date=lt2026-01-05", [4]),
        ("date=le2026-01-02", [2, 1]),
        ("date=2026-01&category=vital-signs", [5, 4, 3, 2, 1]),
        ("category=laboratory", []),
    ):
        shown = found(ward, ward.nurse, f"{base}&{words}")
        assert [one["valueQuantity"]["value"] for one in shown] == days, words
    values, path = [], f"{base}&_count=2"
    while path:
        page = read(ward, ward.nurse, path)
        values += [one["resource"]["valueQuantity"]["value"] for one in page["entry"]]
        links = {one["relation"]: one["url"] for one in page["link"]}
        path = links.get("next", "").partition("/fhir/R4/")[2]
    assert values == [5, 4, 3, 2, 1]
    wrong = ask(ward, ward.nurse, f"{base}&_cursor=W10=")
    assert refusal(wrong) == (422, "invalid")


WORDS = st.sampled_from(
    [
        "_id",
        "patient",
        "date",
        "recorded-date",
        "authoredon",
        "category",
        "target",
        "identifier",
        "_count",
        "_cursor",
    ]
)
VALUES = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"(ge|lt)?[0-9]{4}(-[0-9]{2}){0,2}(T[0-9]{2}:[0-9]{2}Z)?", fullmatch=True),
    st.uuids().map(str),
    st.integers().map(str),
    st.uuids().map("Patient/{}".format),
)


TAILS = st.one_of(
    st.sampled_from(["", "/_search", "/1/$summary"]), st.text(max_size=8).map("/{}".format)
).map(lambda tail: quote(tail, safe="/$"))


@given(
    path=st.builds("/fhir/R4/{}{}".format, st.sampled_from([*SEARCHES, "Binary", "metadata"]), TAILS),
    asked=st.lists(st.tuples(WORDS, VALUES), max_size=3).map(urlencode),
    role=st.integers(0, 3),
    body=st.booleans(),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_by_whomever_nothing_breaks_and_all_is_fhir(
    ward: Hospital, path: str, asked: str, role: int, *, body: bool
) -> None:
    who = (ward.nurse, ward.clerk, ward.auditor, ward.administrator)[role]
    headers = ward.headers(who)
    if body:
        headers["content-type"] = "application/x-www-form-urlencoded"
        answer = ward.client.request("POST", path, content=asked, headers=headers)
    else:
        answer = ward.client.get(f"{path}?{asked}", headers=headers)
    assert answer.status_code < 500
    if answer.content:
        assert answer.headers["content-type"] == TYPE
        judge(answer.json())


def pressure(value: int) -> dict[str, Any]:
    """A measurement of that value."""
    what = {"terminology": "loinc", "code": "8480-6"}
    return {"what": what, "category": "sinal-vital", "value": str(value), "unit": "mm[Hg]"}
