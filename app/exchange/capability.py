"""CapabilityStatement: what this service offers, and what may be asked of each resource."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from app.exchange.parts import Resource, instant
from app.exchange.vital_signs import PROFILES

TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("_id", "identifier", "status", "class", "reason-code", "code", "category"), "token"),
    **dict.fromkeys(("clinical-status", "verification-status", "criticality"), "token"),
    **dict.fromkeys(("intent", "type", "subtype"), "token"),
    **dict.fromkeys(("_lastUpdated", "date", "recorded-date", "onset-date", "authoredon"), "date"),
    "birthdate": "date",
    "name": "string",
    **dict.fromkeys(("patient", "encounter", "target"), "reference"),
}
"""What kind of parameter each one is."""
_ENTRY = ("_id", "_lastUpdated", "patient")
SEARCHES: Final[Mapping[str, tuple[str, ...]]] = {
    "Patient": ("_id", "identifier", "name", "birthdate"),
    "Encounter": (*_ENTRY, "date", "status", "class", "reason-code"),
    "Condition": (
        *(*_ENTRY, "encounter", "recorded-date", "onset-date", "clinical-status", "verification-status"),
        *("category", "code"),
    ),
    "AllergyIntolerance": (
        *(*_ENTRY, "date", "clinical-status", "verification-status", "criticality"),
        "code",
    ),
    "MedicationRequest": (*_ENTRY, "encounter", "authoredon", "status", "intent", "code"),
    "Observation": (*_ENTRY, "encounter", "date", "status", "category", "code"),
    "DocumentReference": (*_ENTRY, "encounter", "date", "status", "type"),
    "Provenance": ("_id", "target", "patient"),
    "AuditEvent": ("_id", "patient", "date", "subtype"),
}
"""What may be asked of each resource; nothing else is, and an unknown parameter is refused."""
ENTRIES = tuple(kind for kind in SEARCHES if kind not in ("Patient", "Provenance", "AuditEvent"))
"""Entries of charts: read by id and version, and found by their patient."""
INCLUDES: Final[Mapping[str, tuple[str, ...]]] = {
    kind: tuple(f"{kind}:{name}" for name in ("patient", "encounter") if name in SEARCHES[kind])
    for kind in ENTRIES
}
"""What a page of entries may bring along, as ``_include`` says it."""
_BY_NUMBER = "Somente por POST [base]/Patient/_search: em um endereço, acabaria em registros."
_NOTES = {
    **dict.fromkeys(("identifier", "name", "birthdate"), _BY_NUMBER),
    "patient": "Obrigatório quando não há _id nem encounter: uma pesquisa lê um só prontuário.",
}


def capability(software: str, release: str, made_at: datetime, base: str) -> Resource:
    """What ``software`` offers at ``base`` in this ``release``."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(made_at),
        "kind": "instance",
        "software": {"name": software, "version": release},
        "implementation": {"description": "Leitura do prontuário em FHIR R4", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Somente leitura. Parâmetros desconhecidos são recusados.",
                "security": {"cors": False, "description": "Bearer, da entrada do Prontuário"},
                "resource": [_resource(kind) for kind in SEARCHES] + [_binary()],
            }
        ],
    }


def _resource(kind: str) -> Resource:
    versioned = kind in ENTRIES or kind == "Patient"
    interactions = ["read", "search-type"] + (["vread"] if versioned else [])
    offered: Resource = {
        "type": kind,
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned" if versioned else "no-version",
        "readHistory": versioned,
        "conditionalRead": "not-match" if versioned else "not-supported",
        "searchParam": [_parameter(name) for name in SEARCHES[kind]],
    }
    if kind in INCLUDES:
        offered["searchInclude"] = list(INCLUDES[kind])
    if kind == "Observation":
        offered["supportedProfile"] = list(PROFILES)
    if kind == "Patient":
        summary = "http://hl7.org/fhir/uv/ips/OperationDefinition/summary"
        offered["operation"] = [{"name": "summary", "definition": summary}]
    return offered


def _parameter(name: str) -> Resource:
    documented = {"documentation": _NOTES[name]} if name in _NOTES else {}
    return {"name": name, "type": TYPES[name]} | documented


def _binary() -> Resource:
    return {"type": "Binary", "interaction": [{"code": "read"}]}
