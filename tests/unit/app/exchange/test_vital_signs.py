"""A profile is claimed by what fulfils it, and by nothing else; the rules are spelt here a second time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.coded import Coded
from app.domain.observations import Category, ObservationView
from app.exchange.observation import observation
from app.exchange.parts import UCUM
from app.exchange.vital_signs import PROFILES, vital_sign_profiles
from tests.unit.app.exchange import values
from tests.unit.app.exchange.judges import judge
from tests.unit.app.exchange.test_resources import few

BASE = "http://hl7.org/fhir/StructureDefinition/"
RULES: dict[str, tuple[str, set[str]]] = {
    "vitalsigns": ("", set()),
    "resprate": ("9279-1", {"/min"}),
    "heartrate": ("8867-4", {"/min"}),
    "oxygensat": ("2708-6", {"%"}),
    "bodytemp": ("8310-5", {"Cel", "[degF]"}),
    "bodyheight": ("8302-2", {"cm", "[in_i]"}),
    "headcircum": ("9843-4", {"cm", "[in_i]"}),
    "bodyweight": ("29463-7", {"g", "kg", "[lb_av]"}),
    "bmi": ("39156-5", {"kg/m2"}),
}
"""Of hl7.org/fhir/R4/observation-vitalsigns.html: the code and the units that each has fixed."""
CODES = [code for code, _ in RULES.values() if code] + ["8480-6", "8462-4", "2339-0"]
UNITS = ["/min", "%", "Cel", "cm", "kg", "kg/m2", "mm[Hg]", "batimentos por minuto"]
measured = values.of(
    ObservationView,
    status=st.sampled_from(["final", "preliminar", "inativado"]),
    category=st.sampled_from(Category),
    coded=st.builds(
        Coded,
        system=st.sampled_from(["http://loinc.org", "http://example.org/outro"]),
        edition=st.just("2.78"),
        code=st.sampled_from(CODES),
        term=values.lines,
        original=values.lines,
    ),
    value=values.amounts,
    unit=st.sampled_from(UNITS),
    words=st.none(),
    low=st.none(),
    high=st.none(),
)


@given(measured | values.observations)
@few
def test_whoever_claims_a_profile_fulfils_it(view: ObservationView) -> None:
    made = observation(view, values.CHART)
    judge(made)
    claimed = made["meta"].get("profile", [])
    assert set(claimed) <= set(PROFILES)
    for profile in claimed:
        code, units = RULES[profile.removeprefix(BASE)]
        assert [one["code"] for one in made["category"][0]["coding"]] == ["vital-signs"]
        assert made.keys() >= {"effectiveDateTime", "subject", "status"}
        assert made["valueQuantity"]["system"] == "http://unitsofmeasure.org"
        assert made["valueQuantity"].keys() >= {"value", "unit", "code"}
        coding = made["code"]["coding"][0]
        assert coding["system"] == "http://loinc.org"
        assert coding["code"] == code or not code
        assert made["valueQuantity"]["code"] in units or not units


@pytest.mark.parametrize("name", RULES)
def test_a_measurement_in_its_unit_claims_its_profile(name: str) -> None:
    code, units = RULES[name]
    for unit in units or {"mm[Hg]"}:
        coding = {"system": "http://loinc.org", "code": code or "8480-6"}
        found = vital_sign_profiles({"coding": [coding]}, {"system": UCUM, "code": unit})
        assert found == [BASE + one for one in dict.fromkeys(("vitalsigns", name))]


@pytest.mark.parametrize(
    ("code", "measured"),
    [
        ({"text": "Pulso"}, {"system": UCUM, "code": "/min"}),
        ({"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}, {"unit": "batimentos por minuto"}),
        ({"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}, None),
        ({"coding": [{"system": "http://loinc.org", "code": "2339-0"}]}, {"system": UCUM, "code": "mg/dL"}),
    ],
)
def test_what_lacks_a_code_or_a_unit_claims_none(code: Any, measured: Any) -> None:
    assert vital_sign_profiles(code, measured) == []
