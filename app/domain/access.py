"""What a role may do: one table, asked by every service before it reads or writes anything.

A service adds what it offers to ``Action`` and says in ``ALLOWED`` who may do it; a test spells the whole
table a second time, so that no right is widened in passing. Rights of several roles add up.
"""

from collections.abc import Mapping
from enum import StrEnum

from app.domain.caller import Caller, Role
from app.domain.refusals import Forbidden, PasskeyNeeded, ProveAgain


class Action(StrEnum):
    """One thing that a person may be allowed to do."""

    # accounts and how people sign in
    READ_ACCOUNTS = "consultar-contas"
    MANAGE_ACCOUNTS = "administrar-contas"
    CHANGE_SECURITY_POLICY = "alterar-politica-de-seguranca"
    PUBLISH_TERMS = "publicar-termo-de-uso"
    # patients
    FIND_PATIENT = "localizar-paciente"
    """Find patients and read who they are."""
    IDENTIFY_PATIENT = "identificar-paciente"
    """Register and correct who a patient is."""
    MERGE_PATIENTS = "unificar-pacientes"
    ADMIT_PATIENT = "registrar-atendimento"
    """Open, move and close encounters."""
    # the chart
    READ_CHART = "consultar-prontuario"
    WRITE_NOTE = "escrever-evolucao"
    RECORD_PROBLEM = "registrar-problema"
    RECORD_ALLERGY = "registrar-alergia"
    RECORD_MEASUREMENT = "registrar-medida"
    """Vital signs and results, with their units."""
    PRESCRIBE = "prescrever"
    DISPENSE = "dispensar"
    ADMINISTER_MEDICATION = "administrar-medicamento"
    MANAGE_TASKS = "tratar-tarefas"
    ATTACH_DOCUMENT = "anexar-documento"
    SIGN_DOCUMENT = "assinar-documento"
    OPEN_EMERGENCY_ACCESS = "abrir-acesso-de-emergencia"
    """Open a chart that is closed to the caller, for a reason and a limited time."""
    # trust
    RECORD_CONSENT = "registrar-consentimento"
    HOLD_RECORD = "guardar-por-ordem-legal"
    READ_AUDIT = "consultar-auditoria"
    REVIEW_EMERGENCY_ACCESS = "revisar-acesso-de-emergencia"


_CLINICAL = frozenset(
    {
        Action.FIND_PATIENT,
        Action.READ_CHART,
        Action.WRITE_NOTE,
        Action.RECORD_ALLERGY,
        Action.MANAGE_TASKS,
        Action.ATTACH_DOCUMENT,
        Action.SIGN_DOCUMENT,
        Action.OPEN_EMERGENCY_ACCESS,
        Action.RECORD_CONSENT,
    }
)

ALLOWED: Mapping[Role, frozenset[Action]] = {
    Role.ADMINISTRATOR: frozenset(
        {
            Action.READ_ACCOUNTS,
            Action.MANAGE_ACCOUNTS,
            Action.CHANGE_SECURITY_POLICY,
            Action.PUBLISH_TERMS,
        }
    ),
    Role.ADMINISTRATIVE: frozenset(
        {
            Action.FIND_PATIENT,
            Action.IDENTIFY_PATIENT,
            Action.MERGE_PATIENTS,
            Action.ADMIT_PATIENT,
            Action.RECORD_CONSENT,
            Action.HOLD_RECORD,
        }
    ),
    Role.PHYSICIAN: _CLINICAL
    | {
        Action.IDENTIFY_PATIENT,
        Action.ADMIT_PATIENT,
        Action.RECORD_PROBLEM,
        Action.RECORD_MEASUREMENT,
        Action.PRESCRIBE,
        Action.ADMINISTER_MEDICATION,
    },
    Role.NURSE: _CLINICAL
    | {
        Action.IDENTIFY_PATIENT,
        Action.ADMIT_PATIENT,
        Action.RECORD_PROBLEM,
        Action.RECORD_MEASUREMENT,
        Action.ADMINISTER_MEDICATION,
    },
    Role.PHARMACIST: _CLINICAL | {Action.DISPENSE},
    Role.AUDITOR: frozenset({Action.READ_AUDIT, Action.REVIEW_EMERGENCY_ACCESS}),
}

CRITICAL = frozenset(
    {
        Action.MANAGE_ACCOUNTS,
        Action.CHANGE_SECURITY_POLICY,
        Action.PUBLISH_TERMS,
        Action.MERGE_PATIENTS,
        Action.SIGN_DOCUMENT,
        Action.OPEN_EMERGENCY_ACCESS,
    }
)
"""Asked only of somebody who proved a moment ago who they are: a screen left open must not do these."""

NOT_BY_FACE = frozenset({Action.MANAGE_ACCOUNTS, Action.CHANGE_SECURITY_POLICY, Action.SIGN_DOCUMENT})
"""Refused to a session whose second factor was a face: nobody proves here that it was alive."""


def may(caller: Caller, action: Action) -> bool:
    """Whether one of the caller's roles allows ``action``; says nothing about a recent proof."""
    return any(action in ALLOWED[role] for role in caller.roles)


def require(caller: Caller, action: Action) -> None:
    """Let ``caller`` pass, or raise Forbidden; PasskeyNeeded where a face is not enough; ProveAgain where the
    act is critical and the proof is old."""
    if not may(caller, action):
        raise Forbidden
    if action in NOT_BY_FACE:
        more_than_a_face(caller)
    if action in CRITICAL and not caller.proved_recently:
        raise ProveAgain


def more_than_a_face(caller: Caller) -> None:
    """Raise PasskeyNeeded for whoever came in by one: it must not open the way to stronger factors either."""
    if caller.by_face:
        raise PasskeyNeeded
