"""Who a generated patient is, and the contacts with the hospital, as rows."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from app.domain.encounters import CLOSED, OPEN
from app.domain.patients import Identity
from app.seed.plan import NOW
from app.seed.records import Encounter, PatientRecord
from app.seed.row_parts import account, coded_columns, entry

IN_BED = 200
"""One patient in so many is in hospital now: the courses themselves leave nobody there."""
_WARDS = ("Clínica Médica 1", "Clínica Médica 2", "Cirurgia", "Pronto-socorro")


def patient_row(record: PatientRecord, by: UUID) -> Mapping[str, Any]:
    """Who it is."""
    one = record.patient
    home, work = one.address, one.occupation
    return {
        "id": one.id,
        "chart_id": one.id,
        "identity": Identity.IDENTIFIED,
        "name": one.name,
        "social_name": one.social_name,
        "mother": one.mother,
        "birth": one.birth,
        "sex": one.sex,
        "gender_identity": one.gender_identity,
        "race_colour": one.race_colour,
        "cpf": one.cpf.digits,
        "cns": one.cns.digits if one.cns else None,
        "phone": one.phone.e164 if one.phone else None,
        "address": {name: getattr(home, name) for name in home.__slots__} | {"cep": home.cep.digits},
        "occupation": coded_columns(work) if work else None,
        "invented": one.invented,
        "recorded_by": by,
    }


def encounter_row(record: PatientRecord, one: Encounter) -> Mapping[str, Any]:
    """A contact that is over."""
    return entry(record, one.id, None, one.started, account(one.author)) | {
        **coded_columns(one.reason),
        "status": CLOSED,
        "kind": one.kind,
        "ended_at": one.ended,
    }


def in_bed_row(record: PatientRecord, index: int) -> Mapping[str, Any]:
    """A stay that goes on, in a bed of its own."""
    last = record.encounters[-1]
    began = max(NOW - timedelta(hours=8 + index % 90), last.ended)
    place = index // IN_BED
    identity = uuid5(record.patient.id, "in bed")
    return entry(record, identity, None, began, account(last.author)) | {
        **coded_columns(last.reason),
        "status": OPEN,
        "kind": "inpatient",
        "ward": _WARDS[place % len(_WARDS)],
        "bed": f"{place // len(_WARDS) + 1:03d}",
    }
