"""Columns that several rows of a generated record share."""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from app.seed.records import Author, Coded, PatientRecord


def account(author: Author) -> UUID:
    """Who entered it. There is no account behind it: an invented professional signs in nowhere."""
    return uuid5(NAMESPACE_URL, f"urn:prontuario:invented:{author.registration}")


def entry(
    record: PatientRecord, identity: UUID, encounter: UUID | None, occurred: object, by: UUID
) -> dict[str, Any]:
    """What every entry of a chart has."""
    return {
        "id": identity,
        "patient_id": record.patient.id,
        "encounter_id": encounter,
        "occurred_at": occurred,
        "recorded_by": by,
    }


def coded_columns(one: Coded) -> dict[str, Any]:
    """A code with its words."""
    return {
        "system": one.system,
        "edition": one.version,
        "code": one.code,
        "term": one.term,
        "original": one.original,
    }


def uncoded_columns(words: object) -> dict[str, Any]:
    """Words without a code."""
    return {"original": words}
