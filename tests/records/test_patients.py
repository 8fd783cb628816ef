"""The register of patients: numbers that are checked, names that are found, changes that clash."""

import pytest

from app.database.connection import DATABASE
from tests.records.hospital import ANA, Hospital
from tests.records.server import Server


@pytest.mark.sbis("ECF.03.01", "names, mother, birth, sex and numbers, each of which may be unknown")
@pytest.mark.sbis("ECF.03.02", "every patient gets a number of the record's own")
def test_a_patient_is_registered_and_read(hospital: Hospital) -> None:
    made = hospital.made(hospital.clerk, "/patients", ANA)
    answer = hospital.ask(hospital.physician, "GET", f"/patients/{made['id']}")
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"1"'
    seen = answer.json()
    assert (seen["name"], seen["cpf"], seen["identity"]) == (ANA["name"], "52998224725", "identificado")
    assert seen["invented"] is False


@pytest.mark.sbis("ECF.17.16", "CPF, CNS and dates are judged by form and check digits")
@pytest.mark.sbis("ECF.17.19", "what is wrong is said in plain Portuguese")
@pytest.mark.sbis("NGS1.06.03", "what could do harm in the database is refused on the way in")
@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("cpf", "529.982.247-26", "os dígitos verificadores não conferem"),
        ("cns", "123 4567 8901 2345", "o dígito verificador não confere"),
        ("birth", "2999-01-01", "não pode estar no futuro"),
        ("name", "Ana\x00", "não podem ser gravados"),
        ("name", "  ", "texto curto demais"),
        ("profession", "x", "campo desconhecido"),
    ],
)
def test_a_wrong_field_is_named_without_its_value(
    hospital: Hospital, field: str, value: str, words: str
) -> None:
    answer = hospital.ask(hospital.clerk, "POST", "/patients", ANA | {field: value})
    assert answer.status_code == 422
    [fault] = answer.json()["erros"]
    assert fault["campo"] == field
    assert words in fault["motivo"]
    assert "529.982.247-26" not in answer.text


@pytest.mark.sbis("ECF.03.07", "nobody is registered twice under one number")
def test_a_cpf_belongs_to_one_patient(hospital: Hospital) -> None:
    made = hospital.made(hospital.clerk, "/patients", ANA)
    other = ANA | {"name": "Bruno Sá", "mother": None, "birth": "1990-01-01"}
    answer = hospital.ask(hospital.clerk, "POST", "/patients", other)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:prontuario:problema:paciente-ja-cadastrado"
    assert answer.json()["paciente"] == made["id"]


def test_somebody_unknown_gets_a_provisional_identity_and_later_their_own(hospital: Hospital) -> None:
    made = hospital.made(hospital.nurse, "/patients/unknown", {"description": "homem, 40 anos"})
    assert made["identity"] == "provisorio"
    assert made["name"].startswith("Não identificado ")
    form = ANA | {"reason": "Documento trazido pela família"}
    answer = hospital.ask(hospital.clerk, "PUT", f"/patients/{made['id']}", form, version=1)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"2"'
    assert answer.json()["identity"] == "identificado"
    assert answer.json()["id"] == made["id"]


@pytest.mark.sbis("ECF.03.05", "who changed an identity, when and why stays readable")
def test_a_change_needs_the_version_that_was_read(hospital: Hospital, server: Server) -> None:
    patient = hospital.patient()
    form = ANA | {"reason": "Nome como no documento", "cpf": None}
    path = f"/patients/{patient}"
    assert hospital.ask(hospital.clerk, "PUT", path, form).status_code == 428
    assert hospital.ask(hospital.clerk, "PUT", path, form, version=1).status_code == 200
    late = hospital.ask(hospital.clerk, "PUT", path, form, version=1)
    assert late.status_code == 412
    assert late.json()["versao_atual"] == 2
    kept = "SELECT count(*), max(content ->> 'change_reason') FROM history WHERE kind = 'patients'"
    assert server.sql(DATABASE, kept) == "2|Nome como no documento"


@pytest.mark.sbis("ECF.03.11", "patients are found by name, number and mother")
@pytest.mark.parametrize("text", ["goncalves", "GONÇALVES", "ana gonc", "lucia", "ana lúcia gonçalves"])
def test_a_name_is_found_with_and_without_accents_and_cut_short(hospital: Hospital, text: str) -> None:
    patient = hospital.patient()
    hospital.patient(name="Bruno Sá")
    found = hospital.ask(hospital.nurse, "POST", "/patients/search", {"text": text}).json()
    assert [one["id"] for one in found["items"]] == [str(patient)]


def test_a_social_name_is_found_too_and_a_number_whatever_its_writing(hospital: Hospital) -> None:
    patient = hospital.patient(social_name="Ângela Gonçalves", cpf=ANA["cpf"])
    for text in ("angela", "52998224725", "529.982.247-25"):
        found = hospital.ask(hospital.nurse, "POST", "/patients/search", {"text": text}).json()
        assert [one["id"] for one in found["items"]] == [str(patient)]
    assert found["items"][0]["cpf_end"] == "24725"
    assert "52998224725" not in str(found)


@pytest.mark.sbis("ECF.03.14", "a list shows enough to choose the right namesake")
@pytest.mark.sbis("ECF.03.11", "patients are found by name, number and mother")
def test_namesakes_are_told_apart_by_their_mothers(hospital: Hospital) -> None:
    patient = hospital.patient(mother="Conceição Gonçalves")
    hospital.patient(mother="Rosa Lima")
    for body in ({"mother": "conceicao"}, {"text": "ana", "mother": "CONCEIÇÃO gonc"}):
        found = hospital.ask(hospital.nurse, "POST", "/patients/search", body).json()
        assert [one["id"] for one in found["items"]] == [str(patient)]


@pytest.mark.sbis("ECF.03.13", "a name spelt otherwise is found when none is spelt so")
def test_a_name_that_is_spelt_otherwise_is_found_when_none_is_spelt_so(hospital: Hospital) -> None:
    patient = hospital.patient(name="Thaís Souza Mello")
    found = hospital.ask(hospital.nurse, "POST", "/patients/search", {"text": "Tais Sousa Melo"}).json()
    assert [one["id"] for one in found["items"]] == [str(patient)]


@pytest.mark.parametrize("text", ["a b", "' | !", "(((", "& ! :*", "\\", "%_%"])
def test_what_is_no_name_is_refused_or_finds_nobody(hospital: Hospital, text: str) -> None:
    hospital.patient()
    answer = hospital.ask(hospital.nurse, "POST", "/patients/search", {"text": text})
    assert answer.status_code == 422 or answer.json()["items"] == []


def test_pages_follow_each_other_without_gap_or_repetition(hospital: Hospital) -> None:
    names = ["Álvaro Lima", "Beatriz Lima", "Célia Lima", "Davi Lima", "Érica Lima"]
    for name in reversed(names):
        hospital.patient(name=name)
    seen, cursor = [], None
    for _ in range(3):
        body = {"text": "lima", "limit": 2, "cursor": cursor}
        page = hospital.ask(hospital.nurse, "POST", "/patients/search", body).json()
        seen += [one["name"] for one in page["items"]]
        cursor = page["next"]
    assert seen == names
    assert cursor is None
    for cursor in ("W10=", "WyJhIiwiYiJd", "%%%", "WyJcdWQ4MDAiLCJiIl0="):
        body = {"text": "lima", "cursor": cursor}
        assert hospital.ask(hospital.nurse, "POST", "/patients/search", body).status_code == 422


@pytest.mark.sbis("NGS1.07.03", "registering, reading and searching are audited")
def test_what_is_done_with_a_patient_stands_in_the_audit(hospital: Hospital, server: Server) -> None:
    patient = hospital.patient()
    hospital.ask(hospital.nurse, "GET", f"/patients/{patient}")
    hospital.ask(hospital.nurse, "POST", "/patients/search", {"text": "ana"})
    events = server.sql(DATABASE, "SELECT event, patient IS NOT NULL FROM audit ORDER BY entry")
    assert events.splitlines() == ["registro.criado|t", "registro.visto|t", "registro.pesquisado|f"]


def test_who_may_not_find_patients_does_not(hospital: Hospital) -> None:
    patient = hospital.patient()
    for who in (hospital.administrator, hospital.auditor):
        assert hospital.ask(who, "GET", f"/patients/{patient}").status_code == 403
        assert hospital.ask(who, "POST", "/patients/search", {"text": "ana"}).status_code == 403
    assert hospital.ask(hospital.pharmacist, "POST", "/patients", ANA).status_code == 403


def test_the_search_by_name_uses_its_index(hospital: Hospital, server: Server) -> None:
    hospital.patient()
    query = "SELECT id FROM patients WHERE search @@ to_tsquery('names_plain', 'ana:*') AND chart_id = id"
    plan = server.sql(DATABASE, "SET enable_seqscan = off", f"EXPLAIN {query}")
    assert "ix_patients_search" in plan
    words = "name_words(coalesce(mother, ''))"
    mother = f"SELECT id FROM patients WHERE {words} @@ to_tsquery('names_plain', 'ana:*')"  # noqa: S608
    assert "ix_patients_mother" in server.sql(DATABASE, "SET enable_seqscan = off", f"EXPLAIN {mother}")
    near = "SELECT id FROM patients WHERE plain_words(name) % 'ana'"
    assert "ix_patients_plain_name" in server.sql(DATABASE, "SET enable_seqscan = off", f"EXPLAIN {near}")
