"""Observation: a vital sign or a result."""

from collections.abc import Mapping
from uuid import UUID

from app.domain.entries import INACTIVATED
from app.domain.observations import Category, ObservationView, ResultStatus
from app.exchange.codes import coded
from app.exchange.parts import (
    HL7,
    Resource,
    concept,
    entry,
    instant,
    person,
    quantity,
    reference,
    said,
)
from app.exchange.vital_signs import vital_sign_profiles

STATUS: Mapping[str, str] = {
    ResultStatus.PARTIAL: "preliminary",
    ResultStatus.FINAL: "final",
    ResultStatus.CORRECTED: "corrected",
    INACTIVATED: "entered-in-error",
}
CATEGORY = {Category.VITAL_SIGN: "vital-signs", Category.LABORATORY: "laboratory"}


def observation(view: ObservationView, chart: UUID) -> Resource:
    """What was measured of the patient ``chart``. ``issued`` is when this version of it was entered."""
    value, code = quantity(view.value, view.unit), coded(view.coded)
    written = {"note": [{"text": view.words}]} if value else {"valueString": view.words}
    made = entry(
        "Observation",
        view,
        {
            "status": STATUS[view.status],
            "category": [concept(f"{HL7}observation-category", CATEGORY[view.category])],
            "code": code,
            "subject": reference("Patient", chart),
            "encounter": reference("Encounter", view.encounter_id),
            "effectiveDateTime": instant(view.occurred_at),
            "issued": instant(view.changed_at),
            "performer": [person(view.recorded_by)],
            "valueQuantity": value,
            "interpretation": _interpretation(view),
            "referenceRange": _range(view),
        }
        | (written if view.words else {}),
    )
    if view.category is Category.VITAL_SIGN and (profiles := vital_sign_profiles(code, value)):
        made["meta"]["profile"] = profiles
    return made


def _range(view: ObservationView) -> list[Resource]:
    limits = said({"low": quantity(view.low, view.unit), "high": quantity(view.high, view.unit)})
    return [limits] if limits else []


def _interpretation(view: ObservationView) -> list[Resource] | None:
    """High, low or normal, where the reference says it; nothing is guessed."""
    if view.outside is None or view.value is None:
        return None
    below = view.low is not None and view.value < view.low
    code = ("L" if below else "H") if view.outside else "N"
    return [concept(f"{HL7}v3-ObservationInterpretation", code)]
