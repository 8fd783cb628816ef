"""AuditEvent: one row of the audit, which names nobody but by opaque ids."""

from collections.abc import Mapping
from uuid import UUID

from app.domain.audit_events import Event
from app.domain.audit_reading import AuditLine
from app.exchange.parts import HL7, OWN, Resource, coding, instant, person, reference, said

EVENTS = f"{OWN}evento"
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_TYPES: Mapping[str, tuple[str, str]] = {
    "acesso": ("110114", "User Authentication"),
    "conta": ("110113", "Security Alert"),
    "emergencia": ("110113", "Security Alert"),
    "sistema": ("110100", "Application Activity"),
    "regra": ("110100", "Application Activity"),
    "terminologia": ("110100", "Application Activity"),
    "auditoria": ("110101", "Audit Log Used"),
}
_RECORD = ("110110", "Patient Record")
_EXACT: Mapping[str, tuple[str, str]] = {
    Event.RECORD_SEARCHED: ("110112", "Query"),
    Event.RECORD_EXPORTED: ("110106", "Export"),
    Event.RECORD_IMPORTED: ("110107", "Import"),
    Event.ACCESS_DENIED: ("110113", "Security Alert"),
}
_SUBTYPES: Mapping[str, tuple[str, str]] = {
    Event.LOGIN: ("110122", "Login"),
    Event.LOGOUT: ("110123", "Logout"),
    Event.EMERGENCY_ACCESS_STARTED: ("110127", "Emergency Override Started"),
    Event.EMERGENCY_ACCESS_ENDED: ("110138", "Emergency Override Stopped"),
    Event.ROLES_CHANGED: ("110136", "Security Roles Changed"),
}
_CREATED = frozenset(
    {"criado", "criada", "guardado", "gerado", "registrado", "pedida", "iniciada", "importado"}
)
_READ = frozenset({"visto", "lido", "lida", "impresso", "verificada"})
_UPDATED = frozenset({"corrigido", "alterada", "inativado", "inativada", "unificado", "separado", "revogado"})
_FAILED = frozenset({"negado", "recusado", "recusada", "entrada-recusada", "nao-valida", "adulterado"})


def audit_event(line: AuditLine, software: str) -> Resource:
    """A row; ``software`` (name and version) is what observed it."""
    group, _, what = line.event.partition(".")
    subtypes = [coding(EVENTS, line.event)]
    if line.event in _SUBTYPES:
        subtypes.insert(0, coding(_DICOM, *_SUBTYPES[line.event]))
    return {"resourceType": "AuditEvent", "id": str(line.entry)} | said(
        {
            "type": coding(_DICOM, *_EXACT.get(line.event, _TYPES.get(group, _RECORD))),
            "subtype": subtypes,
            "action": _action(what),
            "recorded": instant(line.at),
            "outcome": "4" if what in _FAILED else "0",
            "agent": [_agent(line)],
            "source": {"observer": {"type": "Device", "display": software}},
            "entity": _entities(line),
        }
    )


def _action(what: str) -> str:
    """Create, read, update, or (any other act) execute."""
    for letter, words in (("C", _CREATED), ("R", _READ), ("U", _UPDATED)):
        if what in words:
            return letter
    return "E"


def _agent(line: AuditLine) -> Resource:
    address = {"address": line.address, "type": "2"} if line.address else None
    who = person(line.account) if line.account else None
    return said({"who": who, "network": address}) | {"requestor": True}


def _entities(line: AuditLine) -> list[Resource]:
    """The patient, and what it was done to, each with its role."""
    found = []
    if line.patient:
        patient = reference("Patient", line.patient)
        found.append({"what": patient, "role": coding(f"{HL7}object-role", "1", "Patient")})
    if line.subject and line.subject != line.patient:
        found.append(
            {"what": _entry(line.subject), "role": coding(f"{HL7}object-role", "4", "Domain Resource")}
        )
    return found


def _entry(identity: UUID) -> Resource:
    return {"identifier": {"system": f"{OWN}registro", "value": str(identity)}}
