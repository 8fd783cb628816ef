"""The patient summary (IPS): a document with what must be known of somebody when nobody knows them.

Three sections are always there, and say so when nothing is known: problems, allergies, medications. After IPS
1.1.0, on which IPS Brasil 1.0.0 is built; see docs/decisions/0040-fhir.md for what that means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from app.domain.allergies import AllergyView, DenialView
from app.domain.medications import MedicationView
from app.domain.observations import ObservationView
from app.domain.patients import PatientView
from app.domain.problems import ProblemView
from app.exchange import absent
from app.exchange.allergy import allergy, denial
from app.exchange.bundle import document
from app.exchange.condition import condition
from app.exchange.medication_request import medication_request
from app.exchange.narrative import narrative
from app.exchange.observation import observation
from app.exchange.parts import HL7, Resource, concept, instant, reference
from app.exchange.patient import patient
from app.exchange.summary_lines import allergy_line, medication_line, observation_line, problem_line

LOINC = "http://loinc.org"
CNES = "https://saude.gov.br/fhir/sid/cnes"
PROBLEMS, ALLERGIES, MEDICATIONS = "11450-4", "48765-2", "10160-0"
VITAL_SIGNS, RESULTS = "8716-3", "30954-2"


@dataclass(frozen=True)
class Known:
    """What the chart holds that belongs into a summary: what is active, and what was measured last."""

    patient: PatientView
    problems: Sequence[ProblemView]
    allergies: Sequence[AllergyView]
    denial: DenialView | None
    medications: Sequence[MedicationView]
    vital_signs: Sequence[ObservationView]
    results: Sequence[ObservationView]


@dataclass(frozen=True)
class Maker:
    """Who makes the document: ``institution``, whose number is ``cnes``, by its ``software``, and when."""

    institution: str
    cnes: str | None
    software: str
    made_at: datetime


@dataclass(frozen=True)
class _Section:
    title: str
    code: str
    resources: Sequence[Resource]
    lines: Sequence[str]

    def render(self) -> Resource:
        return {
            "title": self.title,
            "code": concept(LOINC, self.code),
            "text": narrative(self.lines),
            "entry": [reference(one["resourceType"], UUID(one["id"])) for one in self.resources],
        }


def summary(known: Known, identity: UUID, maker: Maker) -> Resource:
    """The document ``identity`` about a patient."""
    sections = [_problems(known), _allergies(known), _medications(known, maker.made_at), *_measured(known)]
    device, hospital = uuid5(identity, "device"), uuid5(identity, "organization")
    head = {
        "resourceType": "Composition",
        "id": str(uuid5(identity, "composition")),
        "language": "pt-BR",
        "status": "final",
        "type": concept(LOINC, "60591-5", "Sumário do paciente"),
        "subject": reference("Patient", known.patient.id),
        "date": instant(maker.made_at),
        "author": [reference("Device", device)],
        "title": "Sumário do paciente",
        "custodian": reference("Organization", hospital),
        "section": [one.render() for one in sections],
    }
    made_by = {"deviceName": [{"name": maker.software, "type": "user-friendly-name"}]}
    rest = [resource for one in sections for resource in one.resources]
    return document(
        [
            head,
            patient(known.patient),
            {"resourceType": "Device", "id": str(device)} | made_by,
            _organization(hospital, maker),
            *rest,
        ],
        identity,
        maker.made_at,
    )


def _organization(identity: UUID, maker: Maker) -> Resource:
    """The hospital, with its number as IPS Brasil and the Brazilian core name it."""
    number = {"use": "official", "type": concept(f"{HL7}v2-0203", "PRN"), "system": CNES, "value": maker.cnes}
    numbered = {"identifier": [number]} if maker.cnes else {}
    return {"resourceType": "Organization", "id": str(identity), **numbered, "name": maker.institution}


def _problems(known: Known) -> _Section:
    chart = known.patient.id
    if not known.problems:
        return _Section("Problemas", PROBLEMS, [absent.problems(chart)], ["Sem informação sobre problemas."])
    lines = [problem_line(one) for one in known.problems]
    return _Section("Problemas", PROBLEMS, [condition(one, chart) for one in known.problems], lines)


def _allergies(known: Known) -> _Section:
    chart, title = known.patient.id, "Alergias e intolerâncias"
    if known.allergies:
        lines = [allergy_line(one) for one in known.allergies]
        return _Section(title, ALLERGIES, [allergy(one, chart) for one in known.allergies], lines)
    if known.denial:
        return _Section(title, ALLERGIES, [denial(known.denial, chart)], ["Nega alergias."])
    return _Section(title, ALLERGIES, [absent.allergies(chart)], ["Sem informação sobre alergias."])


def _medications(known: Known, now: datetime) -> _Section:
    chart, title = known.patient.id, "Medicamentos"
    if not known.medications:
        lines = ["Sem informação sobre medicamentos."]
        return _Section(title, MEDICATIONS, [absent.medications(chart, now)], lines)
    lines = [medication_line(one) for one in known.medications]
    return _Section(title, MEDICATIONS, [medication_request(one, chart) for one in known.medications], lines)


def _measured(known: Known) -> list[_Section]:
    """Sections of what was measured, where anything was: these may be left out."""
    chart = known.patient.id
    wanted = (("Sinais vitais", VITAL_SIGNS, known.vital_signs), ("Resultados", RESULTS, known.results))
    return [
        _Section(
            title, code, [observation(one, chart) for one in found], [observation_line(one) for one in found]
        )
        for title, code, found in wanted
        if found
    ]
