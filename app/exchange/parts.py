"""Pieces that several resources share: meta, codes, references, times, quantities."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

Resource = dict[str, Any]
"""A resource, or an element of one, as it stands in JSON."""

UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"
OWN = "urn:prontuario:"
"""Before the names of what only this record numbers: accounts, prescriptions, events."""
_UCUM_CODE = re.compile(r"\S+")


class Versioned(Protocol):
    """What every entry of ours has. Properties, because views are frozen."""

    @property
    def id(self) -> UUID:
        """Opaque, and the resource's id too."""

    @property
    def version(self) -> int:
        """From 1."""

    @property
    def changed_at(self) -> datetime:
        """When this version was entered."""


def entry(kind: str, view: Versioned, elements: Mapping[str, Any]) -> Resource:
    """The resource ``kind`` of an entry: its id and version, and those ``elements`` that say something."""
    meta = {"versionId": str(view.version), "lastUpdated": instant(view.changed_at)}
    return {"resourceType": kind, "id": str(view.id), "meta": meta} | said(elements)


def said(elements: Mapping[str, Any]) -> Resource:
    """Without what is unknown: FHIR has neither nulls nor empty lists, objects or texts."""
    return {name: value for name, value in elements.items() if value not in (None, [], {}, "")}


def coding(system: str, code: str, display: str | None = None, version: str | None = None) -> Resource:
    """One code of one system."""
    return said({"system": system, "version": version, "code": code, "display": display})


def concept(system: str, code: str, text: str | None = None) -> Resource:
    """A code of FHIR's own, with our words for it."""
    return said({"coding": [coding(system, code)], "text": text})


def reference(kind: str, identity: UUID | None) -> Resource | None:
    """To a resource of this service."""
    return None if identity is None else {"reference": f"{kind}/{identity}"}


def person(account: UUID) -> Resource:
    """A professional, by the account's opaque id: accounts are no resources that could be read here."""
    return {"type": "Practitioner", "identifier": {"system": f"{OWN}conta", "value": str(account)}}


def instant(moment: datetime) -> str:
    """RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat()


def number(value: Decimal) -> int | float:
    """As JSON has it. At most 14 digits: a double holds each of them."""
    return int(value) if value == value.to_integral_value() else float(value)


def quantity(value: Decimal | None, unit: str | None) -> Resource | None:
    """A number with its unit, which is a code of UCUM's whenever it can be one."""
    if value is None or unit is None:
        return None
    measured: Resource = {"value": number(value), "unit": unit}
    return measured | ({"system": UCUM, "code": unit} if _UCUM_CODE.fullmatch(unit) else {})
