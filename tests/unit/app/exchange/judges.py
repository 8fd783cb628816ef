"""Two judges of a resource: one generated from R4 (4.0.1) itself, one from R4B with formats and codes.

``fhirclient`` knows every element of R4, its type and how often it stands; it judges no code. The models of
``fhir.resources`` judge formats, and carry the codes of required bindings; they are R4B's, which for what we
emit has the same elements: ``test_r4_and_r4b_have_the_same_elements`` compares them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from fhirclient.models.fhirelementfactory import FHIRElementFactory  # type: ignore[import-untyped]
from pydantic import BaseModel

_REST = {
    "CapabilityStatement.format": ("application/fhir+json",),
    "Encounter.status": ("entered-in-error", "unknown"),
    "Observation.status": ("corrected", "cancelled", "entered-in-error", "unknown"),
}
"""Codes of R4 where the models list only the most used ones, or the words "mime type"."""


def judge(resource: Mapping[str, Any]) -> None:
    """Raise, unless both take ``resource``, keep all of it, and know its codes."""
    written = json.loads(json.dumps(resource, allow_nan=False))
    kind = written["resourceType"]
    by_r4 = FHIRElementFactory.instantiate(kind, written)  # raises FHIRValidationError
    assert by_r4.as_json() == written
    by_r4b = get_fhir_model_class(kind).model_validate(written)
    wrong = list(wrong_codes(by_r4b))
    assert wrong == [], wrong


def wrong_codes(model: BaseModel) -> Iterator[str]:
    """Places in ``model`` whose code is none of those that the standard requires there."""
    for name, described in type(model).model_fields.items():
        value = getattr(model, name)
        extra = described.json_schema_extra
        allowed = extra.get("enum_values") if isinstance(extra, dict) else None
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, BaseModel):
                yield from wrong_codes(one)
            elif one is not None and isinstance(allowed, list):
                place = f"{type(model).__name__}.{name}"
                if one not in (*allowed, *_REST.get(place, ())):
                    yield f"{place}: {one}"
