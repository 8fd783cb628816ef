"""The patient summary: a whole document that both judges take, in which nothing unknown is left blank."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.allergies import ACTIVE, STANDING
from app.domain.problems import ACTIVE as HAS
from app.exchange.summary import (
    ALLERGIES,
    MEDICATIONS,
    PROBLEMS,
    RESULTS,
    VITAL_SIGNS,
    Known,
    Maker,
    summary,
)
from tests.unit.app.exchange import values
from tests.unit.app.exchange.judges import judge
from tests.unit.app.exchange.values import PHASES

MAKER = Maker("Hospital", "1234567", "Prontuário 1", datetime(2026, 11, 21, 12, tzinfo=UTC))
DOCUMENT = UUID("d0c00000-0000-4000-8000-000000000001")
some = settings(max_examples=8, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))


def several(one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Up to three, each another entry."""
    return st.lists(one, max_size=3, unique_by=lambda view: view.id)


known = st.builds(
    Known,
    patient=values.patients.map(lambda one: one.model_copy(update={"chart_id": one.id})),
    problems=several(values.problems.filter(lambda one: one.status == HAS)),
    allergies=several(values.allergies.filter(lambda one: one.status == ACTIVE)),
    denial=st.none() | values.denials.filter(lambda one: one.status == STANDING),
    medications=several(values.medications),
    vital_signs=several(values.observations),
    results=several(values.observations),
)


def sections(made: Any) -> dict[str, Any]:
    """By their LOINC codes."""
    return {one["code"]["coding"][0]["code"]: one for one in made["entry"][0]["resource"]["section"]}


def entries(made: Any, section: str) -> list[Any]:
    """The resources of a section."""
    found = {one["fullUrl"]: one["resource"] for one in made["entry"]}
    return [found[one["reference"]] for one in sections(made)[section]["entry"]]


def references(part: Any) -> list[str]:
    """Everything that ``part`` refers to."""
    if isinstance(part, list):
        return [found for one in part for found in references(one)]
    if not isinstance(part, dict):
        return []
    here = [part["reference"]] if isinstance(part.get("reference"), str) else []
    return here + [found for one in part.values() for found in references(one)]


@given(known)
@some
def test_a_document_is_whole_and_refers_to_nothing_outside(content: Known) -> None:
    made = summary(content, DOCUMENT, MAKER)
    judge(made)
    addresses = [one["fullUrl"] for one in made["entry"]]
    assert len(set(addresses)) == len(addresses)  # bdl-7
    assert set(references(made)) <= set(addresses)
    assert [one["resource"]["resourceType"] for one in made["entry"][:2]] == ["Composition", "Patient"]
    assert {PROBLEMS, ALLERGIES, MEDICATIONS} <= set(sections(made))
    assert (RESULTS in sections(made), VITAL_SIGNS in sections(made)) == (
        bool(content.results),
        bool(content.vital_signs),
    )
    for section in sections(made).values():
        assert section["entry"]
        ET.fromstring(section["text"]["div"])  # noqa: S314 (our own text)


@given(known)
@some
def test_what_is_not_known_is_said(content: Known) -> None:
    made = summary(content, DOCUMENT, MAKER)
    said = {one["code"]["coding"][0]["code"] for one in entries(made, ALLERGIES) if "coding" in one["code"]}
    if content.allergies:
        assert not said & {"no-known-allergies", "no-allergy-info"}
    else:
        assert said == {"no-known-allergies" if content.denial else "no-allergy-info"}
    for section, code, there in (
        (PROBLEMS, "no-problem-info", content.problems),
        (MEDICATIONS, "no-medication-info", content.medications),
    ):
        assert (code in str(entries(made, section))) is not bool(there)


@given(known, st.just("<script>alert('&amp;')</script>"))
@some
def test_no_text_of_the_record_becomes_markup(content: Known, text: str) -> None:
    if content.problems:
        first = content.problems[0]
        coded = first.coded.model_copy(update={"original": text})
        problems = [first.model_copy(update={"coded": coded})]
        content = Known(**{**vars(content), "problems": problems})
        made = summary(content, DOCUMENT, MAKER)
        div = sections(made)[PROBLEMS]["text"]["div"]
        assert "<script>" not in div
        assert text in "".join(ET.fromstring(div).itertext())  # noqa: S314 (our own text)
