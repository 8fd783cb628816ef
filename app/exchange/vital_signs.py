"""Which of FHIR R4's own profiles of vital signs an observation fulfils.

See hl7.org/fhir/R4/observation-vitalsigns.html. They are part of the standard, so whoever reads R4 knows
them. None is claimed where one element is missing.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.exchange.parts import UCUM

_LOINC = "http://loinc.org"
_BASE = "http://hl7.org/fhir/StructureDefinition/"
VITAL_SIGNS = f"{_BASE}vitalsigns"
_OWN: Mapping[str, tuple[str, frozenset[str]]] = {
    "9279-1": ("resprate", frozenset({"/min"})),
    "8867-4": ("heartrate", frozenset({"/min"})),
    "2708-6": ("oxygensat", frozenset({"%"})),
    "8310-5": ("bodytemp", frozenset({"Cel", "[degF]"})),
    "8302-2": ("bodyheight", frozenset({"cm", "[in_i]"})),
    "9843-4": ("headcircum", frozenset({"cm", "[in_i]"})),
    "29463-7": ("bodyweight", frozenset({"g", "kg", "[lb_av]"})),
    "39156-5": ("bmi", frozenset({"kg/m2"})),
}
"""LOINC's code -> the profile that has this code fixed, and the units that it allows."""
_PARTS = frozenset({"8480-6", "8462-4", "8478-0"})
"""Pressures: the profile of blood pressure wants both in one observation, and ours are one each."""
PROFILES: Final = (VITAL_SIGNS, *(f"{_BASE}{name}" for name, _ in _OWN.values()))


def vital_sign_profiles(code: Mapping[str, Any], measured: Mapping[str, Any] | None) -> list[str]:
    """Profiles of a vital sign of that ``code`` and quantity; what else they ask for, all of ours have."""
    codes = {one["code"] for one in code.get("coding", ()) if one["system"] == _LOINC}
    if measured is None or measured.get("system") != UCUM:
        return []
    for one in codes & _OWN.keys():
        name, units = _OWN[one]
        return [VITAL_SIGNS, f"{_BASE}{name}"] if measured["code"] in units else []
    return [VITAL_SIGNS] if codes & _PARTS else []
