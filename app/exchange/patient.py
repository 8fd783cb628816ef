"""Patient, with the identifiers and extensions of IPS Brasil 1.0.0."""

from app.brazil.demographics import RACE_COLOUR_SYSTEM, GenderIdentity, RaceColour
from app.domain.patients import Address, Identity, PatientView
from app.exchange.parts import HL7, Resource, coding, concept, entry, reference, said

CPF = "https://saude.gov.br/fhir/sid/cpf"
CNS = "https://saude.gov.br/fhir/sid/cns"
"""Both as IPS Brasil and the Brazilian core name them; RNDS's older names are in ``OTHER_NAMES``."""
OTHER_NAMES = {
    "https://rnds-fhir.saude.gov.br/NamingSystem/cpf": CPF,
    "https://rnds-fhir.saude.gov.br/NamingSystem/cns": CNS,
    "http://rnds.saude.gov.br/fhir/r4/NamingSystem/cpf": CPF,
    "http://rnds.saude.gov.br/fhir/r4/NamingSystem/cns": CNS,
}
_BRAZIL = "https://ips.saude.gov.br/fhir/StructureDefinition/"
_RACE_COLOUR = "https://terminologia.saude.gov.br/fhir/CodeSystem/BRRacaCor"
_TEST_DATA = {"system": f"{HL7}v3-ActReason", "code": "HTEST", "display": "test health data"}


def patient(view: PatientView) -> Resource:
    """Who somebody is. A merged identity points to the one whose chart it shares."""
    merged = view.chart_id != view.id
    made = entry(
        "Patient",
        view,
        {
            "extension": _extensions(view),
            "identifier": [one for one in (_cpf(view.cpf), _cns(view.cns)) if one],
            "active": not merged,
            "name": _names(view),
            "telecom": [{"system": "phone", "value": view.phone}] if view.phone else None,
            "gender": view.sex.value,
            "birthDate": view.birth.isoformat() if view.birth else None,
            "address": [_address(view.address)] if view.address else None,
            "contact": [_mother(view.mother)] if view.mother else None,
            "link": [{"other": reference("Patient", view.chart_id), "type": "replaced-by"}]
            if merged
            else None,
        },
    )
    if view.invented:
        made["meta"]["security"] = [_TEST_DATA]
    return made


def _cpf(digits: str | None) -> Resource | None:
    return _identifier("TAX", CPF, digits)


def _cns(digits: str | None) -> Resource | None:
    return _identifier("HC", CNS, digits)


def _identifier(kind: str, system: str, digits: str | None) -> Resource | None:
    if digits is None:
        return None
    return {"use": "official", "type": concept(f"{HL7}v2-0203", kind), "system": system, "value": digits}


def _names(view: PatientView) -> list[Resource]:
    """The whole name as one text: where a Brazilian family name begins, nobody can tell from it."""
    known = view.identity is Identity.IDENTIFIED
    names = [{"use": "official" if known else "temp", "text": view.name}]
    return names + ([{"use": "usual", "text": view.social_name}] if view.social_name else [])


def _address(home: Address) -> Resource:
    lines = (f"{home.street}, {home.number}", home.complement, home.district)
    return said(
        {
            "use": "home",
            "line": [one for one in lines if one],
            "city": home.city,
            "state": home.state,
            "postalCode": home.cep,
            "country": "BR",
        }
    )


def _mother(name: str) -> Resource:
    return {"relationship": [concept(f"{HL7}v3-RoleCode", "MTH", "Mãe")], "name": {"text": name}}


def _extensions(view: PatientView) -> list[Resource]:
    found = []
    if view.race_colour:
        found.append({"url": f"{_BRAZIL}raca-br-ips", "valueCodeableConcept": _race_colour(view.race_colour)})
    if view.gender_identity:
        found.append(_gender_identity(view.gender_identity))
    return found


def _race_colour(said_to_be: RaceColour) -> Resource:
    """In both systems: IPS Brasil's, and RNDS's, whose codes are the same."""
    systems = (_RACE_COLOUR, RACE_COLOUR_SYSTEM)
    codes = [coding(system, said_to_be.value, said_to_be.label) for system in systems]
    return {"coding": codes, "text": said_to_be.label}


def _gender_identity(identity: GenderIdentity) -> Resource:
    """In words: the guide's codes for it have not been published where we could check them."""
    return {
        "url": f"{_BRAZIL}identidade-genero-br-ips",
        "valueCodeableConcept": {"text": identity.label},
    }
