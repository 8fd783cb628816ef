"""Bundles: a page of what was found, and a document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from app.exchange.parts import Resource, instant

Asked = Sequence[tuple[str, str]]
"""Parameters of a search, in their order."""


@dataclass(frozen=True)
class Found:
    """A page of resources.

    following: the cursor of the next page; included: what the page brings along; told: OperationOutcomes
    about it
    """

    resources: Sequence[Resource]
    following: str | None = None
    included: Sequence[Resource] = ()
    told: Sequence[Resource] = ()


def searchset(found: Found, base: str, kind: str, asked: Asked) -> Resource:
    """A page of resources ``kind`` at ``base``, our own address.

    There is no total: counting a long chart would cost more than reading a page of it.
    """
    links = [{"relation": "self", "url": _address(base, kind, asked)}]
    if found.following is not None:
        others = [one for one in asked if one[0] != "_cursor"]
        links.append(
            {"relation": "next", "url": _address(base, kind, [*others, ("_cursor", found.following)])}
        )
    entries: list[Resource] = [
        {
            "fullUrl": f"{base}/{one['resourceType']}/{one['id']}",
            "resource": one,
            "search": {"mode": mode},
        }
        for mode, resources in (("match", found.resources), ("include", found.included))
        for one in resources
    ]
    entries += ({"resource": one, "search": {"mode": "outcome"}} for one in found.told)
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return bundle | ({"entry": entries} if entries else {})


def document(resources: Sequence[Resource], identity: UUID, made_at: datetime) -> Resource:
    """A document of ``resources``, the first its Composition. It refers to nothing outside of itself."""
    names = {f"{one['resourceType']}/{one['id']}": f"urn:uuid:{one['id']}" for one in resources}
    return {
        "resourceType": "Bundle",
        "id": str(identity),
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{identity}"},
        "type": "document",
        "timestamp": instant(made_at),
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": _within(one, names)} for one in resources],
    }


def _within(part: Any, names: Mapping[str, str]) -> Any:
    """``part`` with its references renamed; what refers elsewhere is left out."""
    if isinstance(part, list):
        return [kept for one in part if (kept := _within(one, names)) is not None]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("reference"), str):
        return part | {"reference": names[part["reference"]]} if part["reference"] in names else None
    kept = {name: _within(value, names) for name, value in part.items()}
    return {name: value for name, value in kept.items() if value is not None and value != []}


def _address(base: str, kind: str, asked: Asked) -> str:
    return f"{base}/{kind}?{urlencode(asked)}" if asked else f"{base}/{kind}"
