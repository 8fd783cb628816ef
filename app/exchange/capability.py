"""CapabilityStatement: what this service offers, and what may be asked of each resource."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from app.exchange.parts import Resource, instant

_TYPES = {
    "_id": "token",
    "identifier": "token",
    "category": "token",
    "patient": "reference",
    "target": "reference",
    "entity": "reference",
    "agent": "reference",
}

SEARCHES: Final[Mapping[str, tuple[str, ...]]] = {
    "Patient": ("_id", "identifier"),
    "Encounter": ("_id", "patient", "date"),
    "Condition": ("_id", "patient", "recorded-date"),
    "AllergyIntolerance": ("_id", "patient", "date"),
    "MedicationRequest": ("_id", "patient", "authoredon"),
    "Observation": ("_id", "patient", "date", "category"),
    "DocumentReference": ("_id", "patient", "date"),
    "Provenance": ("_id", "target", "patient"),
    "AuditEvent": ("_id", "patient", "date"),
}
"""What may be asked of each resource; nothing else is, and an unknown parameter is refused."""
ENTRIES = tuple(kind for kind in SEARCHES if kind not in ("Patient", "Provenance", "AuditEvent"))
"""Entries of charts: read by id and version, and found by their patient."""
_NOTES = {
    "identifier": "Somente por POST [base]/Patient/_search: um número em um endereço acabaria em registros.",
    "patient": "Obrigatório quando não há _id: uma pesquisa lê um só prontuário.",
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
        "format": ["application/fhir+json"],
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
    interactions = ["read", "search-type"] + (["vread"] if kind in ENTRIES else [])
    offered: Resource = {
        "type": kind,
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned" if kind in ENTRIES else "no-version",
        "searchParam": [_parameter(name) for name in SEARCHES[kind]],
    }
    if kind == "Patient":
        summary = "http://hl7.org/fhir/uv/ips/OperationDefinition/summary"
        offered["operation"] = [{"name": "summary", "definition": summary}]
    return offered


def _parameter(name: str) -> Resource:
    documented = {"documentation": _NOTES[name]} if name in _NOTES else {}
    return {"name": name, "type": _TYPES.get(name, "date")} | documented


def _binary() -> Resource:
    return {"type": "Binary", "interaction": [{"code": "read"}]}
