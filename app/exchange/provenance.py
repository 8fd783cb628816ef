"""Provenance: who made one version of an entry, when, and why."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.exchange.parts import HL7, Resource, concept, instant, person, said


@dataclass(frozen=True)
class VersionMade:
    """One version of an entry. ``kind``: the entry's resource; ``occurred_at``: when it itself happened."""

    kind: str
    id: UUID
    version: int
    made_at: datetime
    made_by: UUID
    reason: str | None
    inactivated: bool
    occurred_at: datetime | None


def provenance(one: VersionMade) -> Resource:
    """What the history knows of that version."""
    first = one.version == 1
    done = "CREATE" if first else ("NULLIFY" if one.inactivated else "UPDATE")
    happened = one.occurred_at if first and one.occurred_at else one.made_at
    before = {"role": "revision", "what": {"reference": _of_version(one, one.version - 1)}}
    return {"resourceType": "Provenance", "id": provenance_id(one.id, one.version)} | said(
        {
            "target": [{"reference": _of_version(one, one.version)}],
            "occurredDateTime": instant(happened),
            "recorded": instant(one.made_at),
            "reason": [{"text": one.reason}] if one.reason else None,
            "activity": concept(f"{HL7}v3-DataOperation", done),
            "agent": [
                {
                    "type": concept(f"{HL7}provenance-participant-type", "author"),
                    "who": person(one.made_by),
                }
            ],
            "entity": None if first else [before],
        }
    )


def provenance_id(identity: UUID, version: int) -> str:
    """``<entry>.<version>``: 40 to 46 characters that FHIR allows in an id."""
    return f"{identity}.{version}"


def version_of(written: str) -> tuple[UUID, int] | None:
    """What ``provenance_id`` was made of; None for anything else."""
    identity, _, version = written.rpartition(".")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        return None
    try:
        return UUID(identity), int(version)
    except ValueError:
        return None


def _of_version(one: VersionMade, version: int) -> str:
    return f"{one.kind}/{one.id}/_history/{version}"
