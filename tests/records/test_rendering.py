"""Notes and prescriptions become documents of the patient: one for each version, seen before it is signed."""

import asyncio
import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.database.connection import DATABASE
from app.domain.caller import Caller
from app.domain.medications import PrescriptionView
from app.domain.notes import NoteView
from app.domain.patients import PatientView
from app.domain.rendering import About, Author
from app.printing.clinical import note_page, prescription_page
from app.printing.pdf import render
from app.settings import Settings
from app.storage.objects import Objects
from tests.records.hospital import Hospital
from tests.records.server import Server
from tests.records.test_allergies import line
from tests.records.test_documents import last_event, signed
from tests.records.test_notes import note
from tests.unit.app.printing.text import pages
from tests.unit.app.signing.authority import CPF, Authority

AUTHOR = Author("Bruno Reis", "CRM-SP 123456")
PLACE = {"institution": "Hospital Santa Rita", "software": "Prontuário development"}
EMOJI = "Sem dor \U0001f600"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Who issues the physicians' certificates."""
    return Authority()


@pytest.fixture(scope="module")
def wards(
    ward_settings: Settings, ward_server: Server, authority: Authority, tmp_path_factory: Any
) -> Iterator[Hospital]:
    """A hospital that keeps documents; its people have accounts."""
    trust: Path = authority.write(tmp_path_factory.mktemp("icp") / "trust")
    changed = {"institution": PLACE["institution"], "signature_trust": trust}
    with Hospital(ward_settings.model_copy(update=changed), Objects.in_memory()) as one:
        for who, cpf, council in (
            (one.physician, CPF, f"'{AUTHOR.registration}'"),
            (one.other_physician, "11144477735", "NULL"),
            (one.nurse, "39053344705", "NULL"),
        ):
            columns = "id, version, username, name, cpf, registration, roles, active, recorded_by"
            values = f"'{who.account}', 1, 'm{cpf}', '{AUTHOR.name}', '{cpf}', {council}, '{{medico}}', true"
            insert = f"INSERT INTO accounts ({columns}) VALUES ({values}, '{who.account}')"  # noqa: S608
            ward_server.sql(DATABASE, insert)
        yield one


def prescribed(wards: Hospital, patient: object, who: Caller | None = None) -> Any:
    """A prescription of two drugs."""
    body = {"medications": [line("Losartana", dose="50"), line("Anlodipino", dose="2.5")]}
    return wards.made(who or wards.physician, f"/patients/{patient}/prescriptions", body)


def rendering(
    wards: Hospital,
    kind: str,
    entry: Any,
    *,
    who: Caller | None = None,
    version: int = 1,
    key: str | None = None,
) -> httpx.Response:
    """The answer to who wants a document of an entry."""
    path = f"/{kind}/{entry['id']}/document"
    return wards.ask(who or wards.physician, "POST", path, version=version, key=key)


def content(wards: Hospital, document: Any) -> bytes:
    """The document's bytes, as a nurse gets them."""
    answer = wards.ask(wards.nurse, "GET", f"/documents/{document['id']}/content")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    return answer.content


def beside(wards: Hospital, document: Any, chart: object) -> About:
    """What the document's pages show beside the entry."""
    seen = wards.ask(wards.clerk, "GET", f"/patients/{chart}")
    return About(
        document=UUID(document["id"]),
        patient=PatientView.model_validate_json(seen.content),
        author=AUTHOR,
        made=datetime.fromisoformat(document["recorded_at"]),
        **PLACE,
    )


def read(wards: Hospital, kind: str, entry: Any) -> bytes:
    """The entry as it is now."""
    return wards.ask(wards.nurse, "GET", f"/{kind}/{entry['id']}").content


def kind_of(answer: httpx.Response) -> str:
    """Which problem it is."""
    return str(answer.json()["type"]).rpartition(":")[2]


def documents_of(wards: Hospital, patient: object) -> list[Any]:
    """What lies in a chart."""
    items: list[Any] = wards.ask(wards.nurse, "GET", f"/patients/{patient}/documents").json()["items"]
    return items


@pytest.mark.sbis("NGS2.02.04", "a note is rendered by the server, and signed as it was shown")
def test_a_finished_note_becomes_a_document_that_says_what_it_was_made_of(
    wards: Hospital, ward_server: Server
) -> None:
    patient = wards.patient()
    made = note(wards, patient, title="Visita", occurred_at="2026-11-20T10:00:00-03:00")
    answer = rendering(wards, "notes", made)
    document = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert last_event(ward_server) == "documento.gerado"
    assert document["source"] == {"kind": "notes", "id": made["id"], "version": 1}
    shown = ("kind", "title", "state", "media_type", "patient_id", "occurred_at")
    expected = ("evolucao", "Visita", "ativo", "application/pdf", str(patient), made["occurred_at"])
    assert tuple(document[name] for name in shown) == expected
    pdf = content(wards, document)
    assert (len(pdf), hashlib.sha256(pdf).hexdigest()) == (document["size"], document["sha256"])
    view = NoteView.model_validate_json(read(wards, "notes", made))
    assert pdf == render(note_page(view, beside(wards, document, patient)))
    assert [one["source"] for one in documents_of(wards, patient)] == [document["source"]]


def test_what_was_rendered_is_previewed_and_signed_to_the_byte(wards: Hospital, authority: Authority) -> None:
    document = rendering(wards, "notes", note(wards, wards.patient())).json()
    pdf = content(wards, document)
    answer = signed(wards, document, authority.person())
    assert (answer.status_code, answer.json()["state"]) == (200, "assinada")
    kept = wards.ask(wards.nurse, "GET", f"/documents/{document['id']}/signed-content").content
    assert kept.startswith(pdf)
    assert (
        wards.ask(wards.nurse, "GET", f"/documents/{document['id']}/signatures").json()["state"] == "valida"
    )


@pytest.mark.parametrize("kind", ["notes", "prescriptions"])
def test_a_version_has_one_document_however_often_it_is_asked_for(wards: Hospital, kind: str) -> None:
    patient = wards.patient()
    made = note(wards, patient) if kind == "notes" else prescribed(wards, patient)
    first, again = (rendering(wards, kind, made, key=f"uma-chave-{made['id']}") for _ in range(2))
    assert (first.status_code, again.status_code, first.content) == (201, 201, again.content)
    other = rendering(wards, kind, made)
    assert (other.status_code, other.json()) == (200, first.json())
    assert len(documents_of(wards, patient)) == 1


def test_the_database_itself_refuses_a_second_document_of_a_version(
    wards: Hospital, ward_server: Server
) -> None:
    first, second = (note(wards, wards.patient()) for _ in range(2))
    for one in (first, second):
        assert rendering(wards, "notes", one).status_code == 201
    change = "UPDATE documents SET version = 2"
    same = f"{change}, source_id = '{first['id']}' WHERE source_id = '{second['id']}'"
    with pytest.raises(AssertionError, match="uq_documents_source"):
        ward_server.sql(DATABASE, same)
    nowhere = same.replace(f"source_id = '{first['id']}'", "source_version = 9")
    with pytest.raises(AssertionError, match="fk_documents_source"):
        ward_server.sql(DATABASE, nowhere)


def test_two_devices_that_ask_at_once_get_the_same_document(wards: Hospital) -> None:
    patient = wards.patient()
    path = f"/api/v1/notes/{note(wards, patient)['id']}/document"

    async def both() -> list[httpx.Response]:
        transport = httpx.ASGITransport(wards.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            asked = [client.post(path, headers=wards.headers(wards.physician, version=1)) for _ in range(4)]
            return await asyncio.gather(*asked)

    answers = wards.client.run(both())
    assert sorted(one.status_code for one in answers) == [200, 200, 200, 201]
    assert len({one.content for one in answers}) == 1
    assert len(documents_of(wards, patient)) == 1


def test_a_correction_becomes_a_document_of_its_own_and_the_version_before_none_any_more(
    wards: Hospital,
) -> None:
    patient = wards.patient()
    made = note(wards, patient)
    first = rendering(wards, "notes", made).json()
    body = {"text": "Sem queixas hoje.", "reason": "Texto de outro paciente"}
    assert wards.ask(wards.physician, "PUT", f"/notes/{made['id']}", body, version=1).status_code == 200
    late = rendering(wards, "notes", made)
    assert (late.status_code, late.json()["versao_atual"]) == (412, 2)
    second = rendering(wards, "notes", made, version=2)
    assert (second.status_code, second.json()["source"]["version"]) == (201, 2)
    assert "Textodeoutropaciente" in "".join(pages(content(wards, second.json())))
    assert [one["id"] for one in documents_of(wards, patient)] == [first["id"], second.json()["id"]]


def test_only_what_is_finished_and_counts_becomes_a_document(wards: Hospital) -> None:
    patient = wards.patient()
    draft = note(wards, patient, draft=True)
    refused = rendering(wards, "notes", draft)
    assert (refused.status_code, "rascunho" in refused.json()["detail"]) == (409, True)
    assert rendering(wards, "notes", draft, who=wards.nurse).status_code == 404
    wrong = note(wards, patient)
    why = {"reason": "Registrado por engano"}
    wards.ask(wards.physician, "POST", f"/notes/{wrong['id']}/inactivate", why, version=1)
    refused = rendering(wards, "notes", wrong, version=2)
    assert (refused.status_code, "inativado" in refused.json()["detail"]) == (409, True)
    assert rendering(wards, "notes", {"id": patient}).status_code == 404
    assert documents_of(wards, patient) == []


def test_the_author_alone_makes_documents_and_whoever_reads_the_chart_sees_them(wards: Hospital) -> None:
    patient = wards.patient()
    made = note(wards, patient)
    for who in (wards.other_physician, wards.nurse):
        refused = rendering(wards, "notes", made, who=who)
        assert (refused.status_code, kind_of(refused)) == (403, "somente-o-autor")
    for who in (wards.clerk, wards.administrator, wards.auditor):
        assert kind_of(rendering(wards, "notes", made, who=who)) == "acesso-negado"
    of_nurse = wards.made(
        wards.nurse, f"/patients/{patient}/notes", {"kind": "enfermagem", "text": "Dormiu."}
    )
    document = rendering(wards, "notes", of_nurse, who=wards.nurse)
    assert (document.status_code, document.json()["title"]) == (201, "Evolução de enfermagem")
    assert (
        wards.ask(wards.pharmacist, "GET", f"/documents/{document.json()['id']}/content").status_code == 200
    )


def test_what_cannot_be_printed_is_one_clear_problem_and_leaves_nothing(
    wards: Hospital, ward_server: Server
) -> None:
    patient = wards.patient()
    made = note(wards, patient, EMOJI)
    refused = rendering(wards, "notes", made)
    assert (refused.status_code, kind_of(refused)) == (409, "texto-nao-imprimivel")
    assert refused.json()["title"] == "Texto não imprimível"
    assert "Sem dor" not in refused.text
    assert last_event(ward_server) == "registro.recusado"
    assert documents_of(wards, patient) == []
    body = {"text": "Sem dor.", "reason": "Símbolo que não se imprime"}
    wards.ask(wards.physician, "PUT", f"/notes/{made['id']}", body, version=1)
    assert rendering(wards, "notes", made, version=2).status_code == 201


@pytest.mark.parametrize(("left_out", "status"), [("if-match", 428), ("idempotency-key", 400)])
def test_a_document_needs_the_version_that_was_read_and_a_key(
    wards: Hospital, left_out: str, status: int
) -> None:
    headers = wards.headers(wards.physician, version=1)
    del headers[left_out]
    path = f"/api/v1/notes/{note(wards, wards.patient())['id']}/document"
    assert wards.client.request("POST", path, headers=headers).status_code == status


@pytest.mark.sbis("ECF.10.03", "a prescription is printed with drug, dose, unit, route and frequency")
def test_a_prescription_becomes_one_document_with_all_its_lines(wards: Hospital) -> None:
    patient = wards.patient()
    made = prescribed(wards, patient)
    seen = read(wards, "prescriptions", made)
    view = PrescriptionView.model_validate_json(seen)
    assert [one.coded.original for one in view.medications] == ["Anlodipino", "Losartana"]
    document = rendering(wards, "prescriptions", made).json()
    assert (document["kind"], document["title"]) == ("receita", "Receita")
    assert document["source"] == {"kind": "prescriptions", "id": made["id"], "version": 1}
    pdf = content(wards, document)
    assert pdf == render(prescription_page(view, beside(wards, document, patient)))
    words = "".join(pages(pdf))
    for drug in ("1.Anlodipino2,5mg,VO,6/6h", "2.Losartana50mg,VO,6/6h", "BrunoReis,CRM-SP123456"):
        assert drug in words


def test_a_prescription_that_no_longer_holds_is_not_printed(wards: Hospital) -> None:
    made = prescribed(wards, wards.patient())
    assert rendering(wards, "prescriptions", made).status_code == 201
    one = made["medications"][0]
    change = {"status": "suspenso", "reason": "Pressão baixa hoje"}
    assert (
        wards.ask(wards.physician, "PUT", f"/medications/{one['id']}", change, version=1).status_code == 200
    )
    refused = rendering(wards, "prescriptions", made)
    assert (refused.status_code, kind_of(refused)) == (409, "prescricao-alterada")


def test_who_has_no_council_number_prints_no_prescription(wards: Hospital) -> None:
    made = prescribed(wards, wards.patient(), wards.other_physician)
    refused = rendering(wards, "prescriptions", made, who=wards.other_physician)
    assert (refused.status_code, kind_of(refused)) == (409, "registro-profissional-ausente")
    assert kind_of(rendering(wards, "prescriptions", made)) == "somente-o-autor"
    for who in (wards.nurse, wards.pharmacist, wards.clerk):
        assert kind_of(rendering(wards, "prescriptions", made, who=who)) == "acesso-negado"


def test_a_version_whose_document_was_inactivated_gets_no_second_one(wards: Hospital) -> None:
    made = note(wards, wards.patient())
    document = rendering(wards, "notes", made).json()
    why = {"reason": "Paciente errado"}
    path = f"/documents/{document['id']}/inactivate"
    assert wards.ask(wards.physician, "POST", path, why, version=1).json()["source"] == document["source"]
    refused = rendering(wards, "notes", made)
    assert (refused.status_code, kind_of(refused)) == (409, "documento-ja-inativado")


def test_without_the_store_there_is_no_document_and_later_there_is(
    ward_settings: Settings, wards: Hospital
) -> None:
    patient = wards.patient()
    made = note(wards, patient)
    with Hospital(ward_settings, Objects(None, None)) as without:
        refused = rendering(without, "notes", made, who=wards.physician)
        assert (refused.status_code, kind_of(refused)) == (503, "documentos-indisponiveis")
    assert documents_of(wards, patient) == []
    assert rendering(wards, "notes", made).status_code == 201


def test_what_was_written_for_a_merged_identity_is_printed_with_the_name_of_the_chart(
    wards: Hospital,
) -> None:
    kept, other = wards.patient(name="Beatriz Nóbrega"), wards.patient(name="Desconhecida Sete")
    made = note(wards, other)
    form = {"kept_id": str(kept), "merged_id": str(other), "reason": "Mesmo documento"}
    wards.made(wards.clerk, "/merges", form)
    document = rendering(wards, "notes", made).json()
    assert document["patient_id"] == str(other)
    assert [one["id"] for one in documents_of(wards, kept)] == [document["id"]]
    words = "".join(pages(content(wards, document)))
    assert "Paciente:BeatrizNóbrega" in words
    assert "Desconhecida" not in words


def test_a_closed_chart_is_not_rendered_not_even_for_the_author(wards: Hospital) -> None:
    patient = wards.patient()
    made, other = note(wards, patient), prescribed(wards, patient)
    wish = {"occurred_at": "2026-11-01T10:00:00Z", "reason": "Pedido do paciente"}
    body = wish | {"accounts": [str(wards.physician.account)]}
    wards.made(wards.clerk, f"/patients/{patient}/restrictions", body)
    for kind, entry in (("notes", made), ("prescriptions", other)):
        assert kind_of(rendering(wards, kind, entry)) == "prontuario-restrito"
    assert wards.ask(wards.physician, "GET", f"/prescriptions/{other['id']}").status_code == 403
    assert documents_of(wards, patient) == []
