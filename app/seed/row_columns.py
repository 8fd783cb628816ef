"""Which columns of which tables a generated record fills; the database itself fills versions and times."""

from collections.abc import Mapping

_ENTRY = ("id", "patient_id", "encounter_id", "status", "occurred_at", "recorded_by")
_CODED = ("system", "edition", "code", "term", "original")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "patients": (
        *("id", "chart_id", "identity", "name", "social_name", "mother", "birth", "sex"),
        *("gender_identity", "race_colour", "cpf", "cns", "phone", "address", "occupation"),
        *("invented", "recorded_by"),
    ),
    "encounters": (*_ENTRY, *_CODED, "kind", "ended_at", "ward", "bed"),
    "problems": (*_ENTRY, *_CODED, "certainty", "onset", "resolved"),
    "allergies": (*_ENTRY, *_CODED, "reaction", "severity"),
    "allergy_denials": _ENTRY,
    "prescriptions": _ENTRY,
    "medications": (
        *(*_ENTRY, *_CODED, "prescription_id", "problem_id"),
        *("dose", "unit", "route", "frequency", "started", "ended"),
    ),
    "observations": (*_ENTRY, *_CODED, "category", "value", "unit", "words"),
    "notes": (*_ENTRY, "kind", "text"),
}
"""In the order in which tables are filled: nothing refers to a later one."""
