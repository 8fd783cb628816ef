"""The lines of a summary that a person reads; the coded entries beside them say the same."""

from app.domain.allergies import AllergyView, Severity
from app.domain.medications import MedicationView
from app.domain.observations import ObservationView
from app.domain.problems import Certainty, ProblemView
from app.exchange.dates import HOSPITAL
from app.exchange.medication_request import dosage_text


def problem_line(one: ProblemView) -> str:
    """``Hipertensão essencial (I10), desde 17/05/2020, suspeito``."""
    code = f" ({one.coded.code})" if one.coded.code else ""
    since = f", desde {one.onset:%d/%m/%Y}" if one.onset else ""
    return f"{one.coded.original}{code}{since}" + (
        ", suspeito" if one.certainty is Certainty.SUSPECTED else ""
    )


def allergy_line(one: AllergyView) -> str:
    """``Dipirona: urticária (grave)``."""
    reaction = f": {one.reaction}" if one.reaction else ""
    severity = "" if one.severity is Severity.UNKNOWN else f" ({one.severity.value})"
    return f"{one.coded.original}{reaction}{severity}"


def medication_line(one: MedicationView) -> str:
    """``Losartana: 50 mg, oral, a cada 12 horas, desde 17/05/2020``."""
    return f"{one.coded.original}: {dosage_text(one)}, desde {one.started:%d/%m/%Y}"


def observation_line(one: ObservationView) -> str:
    """``Pressão sistólica: 120 mm[Hg], 17/05/2020 10:00``; a partial result says that it is one."""
    value = f"{one.value.normalize():f} {one.unit}" if one.value is not None else one.words
    partial = " (resultado preliminar)" if one.partial else ""
    return f"{one.coded.original}: {value}{partial}, {one.occurred_at.astimezone(HOSPITAL):%d/%m/%Y %H:%M}"
