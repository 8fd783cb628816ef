"""A hospital that has one of everything, and one person of every role, signed in for real."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from app.domain.caller import Role
from app.settings import Settings
from app.storage.objects import Objects
from tests.records.identity.hospital import CHOSEN, Hospital, Person
from tests.records.interface.operations import Operation
from tests.records.server import Server
from tests.unit.app.signing.test_signing import PDF

CLINICAL = "canarioclinico"
"""Stands in every clinical text of the hospital."""
IDENTITY = "Canarinho"
"""Stands in every patient's name, and in their mother's."""
NOW = "2026-11-01T10:00:00Z"
WHY = {"reason": "Motivo do teste"}
_PARAMETER = re.compile(r"/([A-Za-z_-]+)/\{([a-z]+)\}")
_EXCHANGED = {
    "Patient": "patients",
    "Encounter": "encounters",
    "Condition": "problems",
    "AllergyIntolerance": "allergies",
    "MedicationRequest": "medications",
    "Observation": "observations",
    "DocumentReference": "documents",
    "Binary": "documents",
}
"""Whose ids FHIR's resources carry."""
_COUNCIL = "registration = 'CRM-SP 123456'"
_AS_NEW = "UPDATE security_policies SET version = version + 1, second_factor = false, access_seconds = 900,"
_POLICY = f"{_AS_NEW} inactivity_seconds = 3600, proof_seconds = 900, tries = 10"


@dataclass
class World:
    """``ids``: of one thing of each kind, by the segment of the path before it."""

    hospital: Hospital
    administrator: Person
    people: dict[Role | None, Person] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def ask(self, role: Role | None, method: str, path: str, **options: Any) -> httpx.Response:
        """A whole path, asked by whoever has the role; None: by nobody who is known."""
        headers = options.pop("headers", {})
        if role is not None:
            headers = headers | {"authorization": f"Bearer {self.people[role].access}"}
        return self.hospital.client.request(method, path, headers=headers, **options)

    def sign_in(self, role: Role) -> None:
        """A new session, by the rules as they were at first; what must be accepted is accepted."""
        person = self.people[role]
        person.sign_in()
        if person.details["terms_due"]:
            number = person.ask("GET", "/session/terms").json()["number"]
            assert person.ask("POST", f"/session/terms/{number}/acceptance").status_code == 204

    def begin(self) -> None:
        """The rules of signing in as they were at first, and everybody in a new session."""
        self.hospital.sql(_POLICY)
        self.hospital.sql("DELETE FROM session_tokens")
        for role in self.people:
            if role is not None:
                self.sign_in(role)

    def filled(self, template: str) -> str:
        """The path of things that are there."""

        def one(found: re.Match[str]) -> str:
            return f"/{found[1]}/{self.ids[found[1]]}"

        return _PARAMETER.sub(one, template)

    def write(self, role: Role, method: str, path: str, body: Any, version: int | None = None) -> Any:
        """A write that must succeed; what it made."""
        headers = {"idempotency-key": secrets.token_hex(8)}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        answer = self.ask(role, method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()


def build(settings: Settings, server: Server) -> World:
    """All of it; the service must run already: use ``with world.hospital.client``."""
    site = settings.model_copy(update={"site": "prontuario.hospital.example"})
    return World(Hospital(site, server, Objects.in_memory()), Person(None, "", ""))  # type: ignore[arg-type]


def furnish(world: World) -> None:
    """People, then patients, then one entry of each kind by who may make it."""
    hospital = world.hospital
    world.administrator = hospital.administrator()
    for role in Role:
        world.people[role] = hospital.employ(world.administrator, f"pessoa.{role.value}", role)
    # Without it she may prescribe, and print nothing of it.
    doctor = world.people[Role.PHYSICIAN].account
    hospital.sql(f"UPDATE accounts SET version = version + 1, {_COUNCIL} WHERE id = '{doctor}'")  # noqa: S608
    world.people[None] = Person(hospital, "ninguem", CHOSEN)
    spare = hospital.employ(world.administrator, "outra.pessoa", Role.NURSE)
    first = world.write(Role.ADMINISTRATOR, "POST", "/terms", BODIES["POST", "/api/v1/terms"])
    world.ids["terms"] = str(first["number"])
    world.ids |= {"accounts": spare.account, "passkeys": str(uuid4()), "terminologies": "cid10"}
    _patients(world)
    _chart(world)
    _rights(world)
    world.ids |= {kind: world.ids[path] for kind, path in _EXCHANGED.items()}
    world.ids |= {"_history": "1", "AuditEvent": "1", "Provenance": f"{world.ids['problems']}.1"}


def patient_form(number: int = 0, **others: Any) -> dict[str, Any]:
    """Somebody new; ``number`` tells them apart."""
    usual = {
        "name": f"{IDENTITY} Numero {'abcdefghij'[number]}",
        "mother": f"Dona {IDENTITY}",
        "birth": f"198{number}-05-17",
        "sex": "female",
        "certain_new": True,
    }
    return usual | others


def _patients(world: World) -> None:
    people = [
        world.write(Role.ADMINISTRATIVE, "POST", "/patients", patient_form(number)) for number in range(4)
    ]
    world.ids["patients"] = people[0]["id"]
    merge = {"kept_id": people[1]["id"], "merged_id": people[2]["id"], **WHY}
    world.ids["merges"] = world.write(Role.ADMINISTRATIVE, "POST", "/merges", merge)["id"]
    world.write(Role.ADMINISTRATIVE, "POST", "/patients", patient_form(3))
    [twins] = world.ask(Role.ADMINISTRATIVE, "GET", "/api/v1/duplicates").json()["items"]
    world.ids["duplicates"] = twins["id"]
    denial = f"/patients/{people[3]['id']}/allergy-denials"
    world.ids["allergy-denials"] = world.write(Role.NURSE, "POST", denial, {})["id"]


def _chart(world: World) -> None:
    patient = f"/patients/{world.ids['patients']}"
    for kind, path, body in (
        ("encounters", "encounters", BODIES["POST", "/api/v1/patients/{patient}/encounters"]),
        ("problems", "problems", BODIES["POST", "/api/v1/patients/{patient}/problems"]),
        ("allergies", "allergies", BODIES["POST", "/api/v1/patients/{patient}/allergies"]),
        ("notes", "notes", BODIES["POST", "/api/v1/patients/{patient}/notes"]),
    ):
        world.ids[kind] = world.write(Role.PHYSICIAN, "POST", f"{patient}/{path}", body)["id"]
    draft = BODIES["POST", "/api/v1/patients/{patient}/notes"] | {"draft": True}
    world.write(Role.PHYSICIAN, "POST", f"{patient}/notes", draft)
    body = BODIES["POST", "/api/v1/patients/{patient}/observations"]
    made = world.write(Role.NURSE, "POST", f"{patient}/observations", body)
    world.ids["observations"] = made["observations"][0]["id"]
    body = BODIES["POST", "/api/v1/patients/{patient}/prescriptions"]
    made = world.write(Role.PHYSICIAN, "POST", f"{patient}/prescriptions", body)
    world.ids |= {"prescriptions": made["id"], "medications": made["medications"][0]["id"]}
    task = {"title": f"Rever {CLINICAL}", "role": "medico", "patient_id": world.ids["patients"]}
    world.ids["tasks"] = world.write(Role.PHYSICIAN, "POST", "/tasks", task)["id"]
    form = BODIES["POST", "/api/v1/patients/{patient}/documents"]
    made = world.write(Role.PHYSICIAN, "POST", f"{patient}/documents", form)
    world.ids["documents"] = made["id"]
    path = f"/api/v1/documents/{made['id']}/content"
    headers = {"content-type": "application/pdf", "if-match": '"1"', "idempotency-key": secrets.token_hex(8)}
    sent = world.ask(Role.PHYSICIAN, "PUT", path, content=PDF, headers=headers)
    assert sent.is_success, sent.text
    asked = world.write(Role.PHYSICIAN, "POST", f"/documents/{made['id']}/signature-requests", None)
    world.ids["signature-requests"] = asked["id"]


def _rights(world: World) -> None:
    patient = f"/patients/{world.ids['patients']}"
    for kind, path, role in (
        ("consents", "consents", Role.ADMINISTRATIVE),
        ("legal-holds", "legal-holds", Role.ADMINISTRATIVE),
    ):
        body = BODIES["POST", f"/api/v1/patients/{{patient}}/{path}"]
        world.ids[kind] = world.write(role, "POST", f"{patient}/{path}", body)["id"]
    nobody = {"occurred_at": NOW, "accounts": [str(uuid4())], **WHY}
    made = world.write(Role.ADMINISTRATIVE, "POST", f"{patient}/restrictions", nobody)
    world.ids["restrictions"] = made["id"]
    glass = BODIES["POST", "/api/v1/emergency-accesses"] | {"patient_id": world.ids["patients"]}
    world.ids["emergency-accesses"] = world.write(Role.PHYSICIAN, "POST", "/emergency-accesses", glass)["id"]


_SECRET = "x" * 43
_ASSERTION = {
    "id": "AAAA",
    "rawId": "AAAA",
    "type": "public-key",
    "response": {"clientDataJSON": "AAAA", "authenticatorData": "AAAA", "signature": "AAAA"},
}
_PERSON = {"name": "Outra Pessoa", "cpf": "529.982.247-25"}
_SAID = {"value": "80", "unit": "/min", "words": f"visto por {CLINICAL}"}
_HEARTBEAT = {"what": {"terminology": "loinc", "code": "8867-4"}, "category": "sinal-vital", **_SAID}
_DRUG = {"drug": {"original": "Losartana"}, "instructions": CLINICAL, "dose": "50", "unit": "mg"}
_LINE = _DRUG | {"route": "VO", "frequency": "12/12 h", "started": "2026-01-02"}

BODIES: dict[Operation, Any] = {
    ("POST", "/api/v1/sessions"): {"challenge": _SECRET, "username": "ninguem", "password": CHOSEN},
    ("POST", "/api/v1/sessions/renewal"): {"refresh_token": _SECRET},
    ("POST", "/api/v1/sessions/passkey"): {"challenge": _SECRET, "assertion": _ASSERTION},
    ("POST", "/api/v1/sessions/provider"): {"state": _SECRET, "code": "x", "attempt": _SECRET},
    ("POST", "/api/v1/session/proof"): {"challenge": _SECRET, "password": CHOSEN},
    ("POST", "/api/v1/session/proof/passkey"): {"challenge": _SECRET, "assertion": _ASSERTION},
    ("POST", "/api/v1/session/face"): {
        "challenge": _SECRET,
        "picture": "AAAA",
        "terms": "rosto-1",
        "agreed": True,
    },
    ("POST", "/api/v1/session/proof/face"): {"challenge": _SECRET, "picture": "AAAA"},
    ("PUT", "/api/v1/session/password"): {"challenge": _SECRET, "current": CHOSEN, "new": "Senha nova 3"},
    ("POST", "/api/v1/session/provider"): {"state": _SECRET, "code": "x", "attempt": _SECRET},
    ("POST", "/api/v1/session/passkeys"): {
        "challenge": _SECRET,
        "label": "Telefone",
        "credential": {
            "id": "AAAA",
            "rawId": "AAAA",
            "type": "public-key",
            "response": {"clientDataJSON": "AAAA", "attestationObject": "AAAA"},
        },
    },
    ("POST", "/api/v1/terms"): {"text": "Use o prontuário somente para cuidar de pacientes."},
    ("POST", "/api/v1/accounts"): _PERSON | {"username": "mais.uma", "roles": ["enfermagem"]},
    ("PUT", "/api/v1/accounts/{id}"): _PERSON | WHY,
    ("PUT", "/api/v1/accounts/{id}/roles"): {"roles": ["enfermagem"], **WHY},
    ("PUT", "/api/v1/accounts/{id}/standing"): {"active": True, **WHY},
    ("PUT", "/api/v1/accounts/{id}/password"): {"password": "provisoria2"},
    ("PUT", "/api/v1/security-policy"): {
        "tries": 10,
        "lock_seconds": 900,
        "inactivity_seconds": 900,
        "proof_seconds": 300,
        "access_seconds": 300,
        "session_seconds": 43_200,
        "emergency_seconds": 10_800,
        "second_factor": False,
        **WHY,
    },
    ("POST", "/api/v1/emergency-accesses"): {
        "patient_id": str(uuid4()),
        "reason": "Parada cardiorrespiratória no leito 4",
    },
    ("POST", "/api/v1/emergency-accesses/{id}/review"): {"verdict": "justificado", "remark": "Estava certo"},
    ("POST", "/api/v1/patients"): patient_form(5),
    ("POST", "/api/v1/patients/unknown"): {"description": f"homem, {IDENTITY} no braço"},
    ("POST", "/api/v1/patients/search"): {"text": IDENTITY},
    ("PUT", "/api/v1/patients/{patient}"): {
        name: value for name, value in patient_form().items() if name != "certain_new"
    }
    | WHY,
    ("POST", "/api/v1/merges"): {"kept_id": str(uuid4()), "merged_id": str(uuid4()), **WHY},
    ("POST", "/api/v1/patients/{patient}/search"): {"text": CLINICAL},
    ("POST", "/api/v1/patients/{patient}/encounters"): {
        "kind": "inpatient",
        "reason": {"original": f"Queixa de {CLINICAL}"},
        "ward": "Clínica",
        "bed": "4",
    },
    ("POST", "/api/v1/encounters/{entry}/move"): {"ward": "UTI", "bed": "2"},
    ("POST", "/api/v1/encounters/{entry}/close"): {},
    ("POST", "/api/v1/patients/{patient}/problems"): {
        "diagnosis": {"terminology": "cid10", "code": "I10", "original": f"pressão {CLINICAL}"}
    },
    ("PUT", "/api/v1/problems/{entry}"): {"certainty": "suspeito", **WHY},
    ("POST", "/api/v1/patients/{patient}/allergies"): {
        "substance": {"original": f"Dipirona {CLINICAL}"},
        "severity": "grave",
    },
    ("POST", "/api/v1/patients/{patient}/allergy-denials"): {},
    ("PUT", "/api/v1/allergies/{entry}"): {"severity": "leve", **WHY},
    ("POST", "/api/v1/patients/{patient}/prescriptions"): {"medications": [_LINE]},
    ("PUT", "/api/v1/medications/{entry}"): {"status": "suspenso", **WHY},
    ("POST", "/api/v1/patients/{patient}/observations"): {"observations": [_HEARTBEAT]},
    ("PUT", "/api/v1/observations/{entry}"): _SAID | {"status": "corrigido", **WHY},
    ("POST", "/api/v1/patients/{patient}/notes"): {"kind": "evolucao", "text": f"Vista com {CLINICAL}."},
    ("PUT", "/api/v1/notes/{entry}/draft"): {"kind": "evolucao", "text": f"Continua com {CLINICAL}."},
    ("PUT", "/api/v1/notes/{entry}"): {"text": f"Corrigida: {CLINICAL}.", **WHY},
    ("POST", "/api/v1/tasks"): {"title": f"Colher {CLINICAL}", "role": "enfermagem"},
    ("POST", "/api/v1/tasks/{task}/end"): {"status": "concluida", "outcome": "Foi feito"},
    ("POST", "/api/v1/patients/{patient}/documents"): {
        "kind": "laudo",
        "title": f"Laudo {CLINICAL}",
        "occurred_at": NOW,
    },
    ("POST", "/api/v1/signature-requests/{asked}/prepare"): {
        "certificate": "AAAA",
        "seen_sha256": "0" * 64,
    },
    ("POST", "/api/v1/signature-requests/{asked}/finish"): {"value": "AAAA"},
    ("POST", "/api/v1/patients/{patient}/consents"): {
        "purpose": "pesquisa",
        "decision": "autorizado",
        "occurred_at": NOW,
    },
    ("POST", "/api/v1/consents/{consent}/revocation"): {
        "occurred_at": datetime(2026, 11, 2, tzinfo=UTC).isoformat(),
        **WHY,
    },
    ("POST", "/api/v1/patients/{patient}/restrictions"): {
        "occurred_at": NOW,
        "accounts": [str(uuid4())],
        **WHY,
    },
    ("POST", "/api/v1/patients/{patient}/legal-holds"): {
        "authority": "1ª Vara Cível",
        "process": "0000001-00.2026.8.26.0100",
        **WHY,
    },
    ("POST", "/api/v1/patients/{patient}/erasure-requests"): {"occurred_at": NOW},
}
"""A body that the forms accept, for every operation that takes more than a reason."""


_WITHOUT = ("/content", "/challenge", "/start", "/options", "/acceptance")


def body_of(operation: Operation) -> Any:
    """What to send; None for what takes no JSON."""
    method, path = operation
    if method in ("GET", "DELETE") or path.endswith(_WITHOUT):
        return None
    if (
        path.endswith(("/signature-requests", "/document", "/_search"))
        or path == "/api/v1/emergency-accesses/{id}/end"
    ):
        return None
    return BODIES.get(operation, WHY)
