"""Every operation of the interface, and the action that it asks a role for: spelt here a second time.

A route that stands in no line makes the tests fail; so does a line without a route.
"""

from collections.abc import Iterable, Mapping

from fastapi import FastAPI

from app.domain.access import ALLOWED, Action
from app.domain.caller import Role
from app.openapi import described

OPEN = "aberta"
"""Asked by devices and by people who have not signed in."""
OWN = "propria"
"""About one's own session, factors and password: whoever has signed in, and nobody for somebody else."""
ANY_ROLE = "qualquer-perfil"
"""About no patient and nobody else: whoever has signed in."""

TABLE = """
GET    /live                                            aberta
GET    /ready                                           aberta
GET    /health                                          aberta
GET    /metrics                                         aberta
GET    /                                                aberta
GET    /api/v1/ping                                     aberta
POST   /api/v1/sessions/challenge                       aberta
POST   /api/v1/sessions                                 aberta
POST   /api/v1/sessions/renewal                         aberta
POST   /api/v1/sessions/passkey                         aberta
POST   /api/v1/sessions/provider/start                  aberta
POST   /api/v1/sessions/provider                        aberta
GET    /api/v1/session                                  propria
DELETE /api/v1/session                                  propria
POST   /api/v1/session/challenge                        propria
POST   /api/v1/session/proof                            propria
PUT    /api/v1/session/password                         propria
POST   /api/v1/session/proof/passkey                    propria
POST   /api/v1/session/passkeys/options                 propria
GET    /api/v1/session/passkeys                         propria
POST   /api/v1/session/passkeys                         propria
DELETE /api/v1/session/passkeys/{passkey}               propria
GET    /api/v1/session/face                             propria
POST   /api/v1/session/face                             propria
DELETE /api/v1/session/face                             propria
POST   /api/v1/session/proof/face                       propria
POST   /api/v1/session/provider/start                   propria
POST   /api/v1/session/provider                         propria
DELETE /api/v1/session/provider                         propria
GET    /api/v1/session/terms                            propria
POST   /api/v1/session/terms/{number}/acceptance        propria
POST   /api/v1/terms                                    publicar-termo-de-uso
GET    /api/v1/accounts                                 consultar-contas
POST   /api/v1/accounts                                 administrar-contas
GET    /api/v1/accounts/{id}                            consultar-contas
PUT    /api/v1/accounts/{id}                            administrar-contas
PUT    /api/v1/accounts/{id}/roles                      administrar-contas
PUT    /api/v1/accounts/{id}/standing                   administrar-contas
PUT    /api/v1/accounts/{id}/password                   administrar-contas
DELETE /api/v1/accounts/{id}/sessions                   administrar-contas
GET    /api/v1/security-policy                          consultar-contas
PUT    /api/v1/security-policy                          alterar-politica-de-seguranca
POST   /api/v1/emergency-accesses                       abrir-acesso-de-emergencia
GET    /api/v1/emergency-accesses/mine                  consultar-prontuario
GET    /api/v1/emergency-accesses/waiting               revisar-acesso-de-emergencia
POST   /api/v1/emergency-accesses/{id}/end              consultar-prontuario
POST   /api/v1/emergency-accesses/{id}/review           revisar-acesso-de-emergencia
POST   /api/v1/patients                                 identificar-paciente
POST   /api/v1/patients/unknown                         identificar-paciente
POST   /api/v1/patients/search                          localizar-paciente
GET    /api/v1/patients/{patient}                       localizar-paciente
PUT    /api/v1/patients/{patient}                       identificar-paciente
GET    /api/v1/duplicates                               unificar-pacientes
POST   /api/v1/duplicates/{proposal}/dismiss            unificar-pacientes
POST   /api/v1/merges                                   unificar-pacientes
POST   /api/v1/merges/{made}/undo                       unificar-pacientes
GET    /api/v1/patients/{patient}/merges                unificar-pacientes
GET    /api/v1/patients/{patient}/header                consultar-prontuario
POST   /api/v1/patients/{patient}/search                consultar-prontuario
GET    /api/v1/terminologies/{name}                     qualquer-perfil
GET    /api/v1/encounters/present                       consultar-prontuario registrar-atendimento
POST   /api/v1/patients/{patient}/encounters            registrar-atendimento
GET    /api/v1/patients/{patient}/encounters            consultar-prontuario
POST   /api/v1/encounters/{entry}/move                  registrar-atendimento
POST   /api/v1/encounters/{entry}/close                 registrar-atendimento
GET    /api/v1/encounters/{entry}                       consultar-prontuario
GET    /api/v1/encounters/{entry}/versions              consultar-prontuario
POST   /api/v1/encounters/{entry}/inactivate            registrar-atendimento
POST   /api/v1/patients/{patient}/problems              registrar-problema
GET    /api/v1/patients/{patient}/problems              consultar-prontuario
PUT    /api/v1/problems/{entry}                         registrar-problema
GET    /api/v1/problems/{entry}                         consultar-prontuario
GET    /api/v1/problems/{entry}/versions                consultar-prontuario
POST   /api/v1/problems/{entry}/inactivate              registrar-problema
POST   /api/v1/patients/{patient}/allergies             registrar-alergia
GET    /api/v1/patients/{patient}/allergies             consultar-prontuario
POST   /api/v1/patients/{patient}/allergy-denials       registrar-alergia
GET    /api/v1/patients/{patient}/allergy-denials       consultar-prontuario
PUT    /api/v1/allergies/{entry}                        registrar-alergia
GET    /api/v1/allergies/{entry}                        consultar-prontuario
GET    /api/v1/allergies/{entry}/versions               consultar-prontuario
POST   /api/v1/allergies/{entry}/inactivate             registrar-alergia
GET    /api/v1/allergy-denials/{entry}                  consultar-prontuario
GET    /api/v1/allergy-denials/{entry}/versions         consultar-prontuario
POST   /api/v1/allergy-denials/{entry}/inactivate       registrar-alergia
POST   /api/v1/patients/{patient}/prescriptions         prescrever
GET    /api/v1/patients/{patient}/medications           consultar-prontuario
GET    /api/v1/prescriptions/{entry}                    consultar-prontuario
POST   /api/v1/prescriptions/{entry}/document           anexar-documento+prescrever
PUT    /api/v1/medications/{entry}                      prescrever
GET    /api/v1/medications/{entry}                      consultar-prontuario
GET    /api/v1/medications/{entry}/versions             consultar-prontuario
POST   /api/v1/medications/{entry}/inactivate           prescrever
GET    /api/v1/patients/{patient}/observations          consultar-prontuario
POST   /api/v1/patients/{patient}/observations          registrar-medida
PUT    /api/v1/observations/{entry}                     registrar-medida
GET    /api/v1/observations/{entry}                     consultar-prontuario
GET    /api/v1/observations/{entry}/versions            consultar-prontuario
POST   /api/v1/observations/{entry}/inactivate          registrar-medida
GET    /api/v1/notes/drafts                             escrever-evolucao
GET    /api/v1/patients/{patient}/notes                 consultar-prontuario
POST   /api/v1/patients/{patient}/notes                 escrever-evolucao
PUT    /api/v1/notes/{entry}/draft                      escrever-evolucao
PUT    /api/v1/notes/{entry}                            escrever-evolucao
GET    /api/v1/notes/{entry}                            consultar-prontuario
GET    /api/v1/notes/{entry}/versions                   consultar-prontuario
POST   /api/v1/notes/{entry}/inactivate                 escrever-evolucao
POST   /api/v1/notes/{entry}/document                   anexar-documento
GET    /api/v1/tasks                                    tratar-tarefas
POST   /api/v1/tasks                                    tratar-tarefas
POST   /api/v1/tasks/{task}/end                         tratar-tarefas
GET    /api/v1/patients/{patient}/tasks                 consultar-prontuario
GET    /api/v1/audit                                    consultar-auditoria
GET    /api/v1/audit/export                             consultar-auditoria
POST   /api/v1/patients/{patient}/documents             anexar-documento
GET    /api/v1/patients/{patient}/documents             consultar-prontuario
PUT    /api/v1/documents/{document}/content             anexar-documento
GET    /api/v1/documents/{document}/content             consultar-prontuario
POST   /api/v1/documents/{document}/inactivate          anexar-documento
POST   /api/v1/documents/{document}/signature-requests  anexar-documento
GET    /api/v1/signature-requests                       consultar-prontuario
GET    /api/v1/signature-requests/{asked}/preview       consultar-prontuario
POST   /api/v1/signature-requests/{asked}/prepare       assinar-documento
POST   /api/v1/signature-requests/{asked}/finish        assinar-documento
GET    /api/v1/documents/{document}/signatures          consultar-prontuario
GET    /api/v1/documents/{document}/signed-content      consultar-prontuario
GET    /api/v1/patients/{patient}/signed-chain          consultar-prontuario
POST   /api/v1/patients/{patient}/consents              registrar-consentimento
GET    /api/v1/patients/{patient}/consents              registrar-consentimento
POST   /api/v1/consents/{consent}/revocation            registrar-consentimento
POST   /api/v1/patients/{patient}/restrictions          registrar-consentimento
POST   /api/v1/restrictions/{restriction}/end           registrar-consentimento
POST   /api/v1/patients/{patient}/legal-holds           guardar-por-ordem-legal
POST   /api/v1/legal-holds/{hold}/end                   guardar-por-ordem-legal
POST   /api/v1/patients/{patient}/erasure-requests      registrar-consentimento
GET    /fhir/R4/metadata                                aberta
GET    /fhir/R4/Patient                                 localizar-paciente
POST   /fhir/R4/Patient/_search                         localizar-paciente
GET    /fhir/R4/Patient/{identity}                      localizar-paciente
GET    /fhir/R4/Patient/{identity}/_history/{version}   localizar-paciente
GET    /fhir/R4/Patient/{identity}/$summary             consultar-prontuario
GET    /fhir/R4/Encounter                               consultar-prontuario
POST   /fhir/R4/Encounter/_search                       consultar-prontuario
GET    /fhir/R4/Encounter/{identity}                    consultar-prontuario
GET    /fhir/R4/Encounter/{identity}/_history/{version} consultar-prontuario
GET    /fhir/R4/Condition                               consultar-prontuario
POST   /fhir/R4/Condition/_search                       consultar-prontuario
GET    /fhir/R4/Condition/{identity}                    consultar-prontuario
GET    /fhir/R4/Condition/{identity}/_history/{version} consultar-prontuario
GET    /fhir/R4/AllergyIntolerance                      consultar-prontuario
POST   /fhir/R4/AllergyIntolerance/_search              consultar-prontuario
GET    /fhir/R4/AllergyIntolerance/{identity}           consultar-prontuario
GET    /fhir/R4/AllergyIntolerance/{identity}/_history/{version} consultar-prontuario
GET    /fhir/R4/MedicationRequest                       consultar-prontuario
POST   /fhir/R4/MedicationRequest/_search               consultar-prontuario
GET    /fhir/R4/MedicationRequest/{identity}            consultar-prontuario
GET    /fhir/R4/MedicationRequest/{identity}/_history/{version} consultar-prontuario
GET    /fhir/R4/Observation                             consultar-prontuario
POST   /fhir/R4/Observation/_search                     consultar-prontuario
GET    /fhir/R4/Observation/{identity}                  consultar-prontuario
GET    /fhir/R4/Observation/{identity}/_history/{version} consultar-prontuario
GET    /fhir/R4/DocumentReference                       consultar-prontuario
POST   /fhir/R4/DocumentReference/_search               consultar-prontuario
GET    /fhir/R4/DocumentReference/{identity}            consultar-prontuario
GET    /fhir/R4/DocumentReference/{identity}/_history/{version} consultar-prontuario
GET    /fhir/R4/Provenance  localizar-paciente consultar-prontuario+localizar-paciente
GET    /fhir/R4/Provenance/{identity}                   consultar-prontuario+localizar-paciente
GET    /fhir/R4/AuditEvent                              consultar-auditoria
GET    /fhir/R4/AuditEvent/{identity}                   consultar-auditoria
GET    /fhir/R4/Binary/{identity}                       consultar-prontuario
"""

Operation = tuple[str, str]
"""Method and path template."""


def _rows() -> Mapping[Operation, tuple[str, ...]]:
    lines = (line.split() for line in TABLE.strip().splitlines())
    return {(method, path): tuple(words) for method, path, *words in lines}


ACTIONS = _rows()
"""What each operation asks for: a word of ours alone, or actions of which any is enough (``+``: all)."""


def served(app: FastAPI) -> set[Operation]:
    """Every operation that the application answers."""
    return {(method.upper(), path) for path, methods in described(app)["paths"].items() for method in methods}


def asked_actions(operation: Operation) -> set[Action]:
    """The actions that a service may ask for; none where no role is asked for."""
    words = ACTIONS[operation]
    if words[0] in (OPEN, OWN, ANY_ROLE):
        return set()
    return {Action(one) for word in words for one in word.split("+")}


def is_allowed(operation: Operation, role: Role | None) -> bool:
    """Whether the table of access lets the role do it; None: nobody who is known."""
    words = ACTIONS[operation]
    if not asked_actions(operation):
        return role is not None or words[0] == OPEN
    return role is not None and any(set(map(Action, word.split("+"))) <= ALLOWED[role] for word in words)


def some_of(operations: Iterable[Operation]) -> list[str]:
    """Names for test cases."""
    return [f"{method} {path}" for method, path in operations]
