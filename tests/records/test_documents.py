"""Documents of a chart and their signatures, from the upload to the tampering that is found."""

import asyncio
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.database.connection import DATABASE
from app.domain.caller import Caller
from app.domain.media import LARGEST
from app.settings import Settings
from app.signing.values import State, whole
from app.signing.verdict import judge
from app.storage.objects import Objects
from tests.records.hospital import Hospital
from tests.records.server import Server
from tests.unit.app.signing.authority import CPF, Authority, Holder
from tests.unit.app.signing.test_signing import PDF
from tests.unit.app.signing.test_signing import signed as sign_elsewhere

FORM = {"kind": "laudo", "title": "Laudo de radiografia", "occurred_at": "2026-11-20T10:00:00-03:00"}
UNIQUE = "uq_signed_documents_patient_id_position"
SUPERUSER = "SET session_replication_role = replica"


@pytest.fixture
def authority() -> Authority:
    """Who issues the physicians' certificates."""
    return Authority()


@pytest.fixture
def hospital(migrated: Settings, server: Server, authority: Authority, tmp_path: Path) -> Iterator[Hospital]:
    """A service that keeps documents, trusts ``authority``, and has a physician with an account."""
    settings = migrated.model_copy(update={"signature_trust": authority.write(tmp_path / "icp")})
    with Hospital(settings, Objects.in_memory()) as one:
        for who, cpf in ((one.physician, CPF), (one.other_physician, "11144477735")):
            columns = "id, version, username, name, cpf, roles, active, recorded_by"
            values = f"'{who.account}', 1, 'm{cpf}', 'M', '{cpf}', '{{medico}}', true, '{who.account}'"
            server.sql(DATABASE, f"INSERT INTO accounts ({columns}) VALUES ({values})")  # noqa: S608
        yield one


def send(hospital: Hospital, document: Any, content: bytes, media: str, key: str | None = None) -> Any:
    """The content of an announced document."""
    headers = hospital.headers(hospital.physician, key, document["version"]) | {"content-type": media}
    path = f"/api/v1/documents/{document['id']}/content"
    return hospital.client.request("PUT", path, content=content, headers=headers)


def stored(hospital: Hospital, patient: UUID | None = None) -> Any:
    """A PDF in a chart."""
    patient = patient or hospital.patient()
    made = hospital.made(hospital.physician, f"/patients/{patient}/documents", FORM)
    answer = send(hospital, made, PDF, "application/pdf")
    assert answer.status_code == 200, answer.text
    return answer.json()


def last_event(server: Server) -> str:
    """The kind of the audit's last row."""
    return server.sql(DATABASE, "SELECT event FROM audit ORDER BY entry DESC LIMIT 1")


@pytest.mark.sbis("NGS1.07.03", "keeping and reading a document leaves a row each")
def test_a_document_comes_back_to_the_byte_and_the_database_holds_none_of_it(
    hospital: Hospital, server: Server
) -> None:
    made = stored(hospital)
    assert (made["state"], made["size"], made["sha256"]) == (
        "ativo",
        len(PDF),
        hashlib.sha256(PDF).hexdigest(),
    )
    answer = hospital.ask(hospital.nurse, "GET", f"/documents/{made['id']}/content")
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert last_event(server) == "documento.lido"
    assert server.sql(DATABASE, "SELECT object ~ '^[0-9a-f]{40}$' FROM documents") == "t"


def test_the_same_upload_is_done_once(hospital: Hospital) -> None:
    made = hospital.made(hospital.physician, f"/patients/{hospital.patient()}/documents", FORM)
    answers = [send(hospital, made, PDF, "application/pdf", "chave-um") for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert send(hospital, made, PDF, "application/pdf").status_code == 412


@pytest.mark.sbis(
    "NGS1.06.03", "an upload that is too large, or not what it says, is refused and leaves nothing"
)
@pytest.mark.parametrize(
    ("content", "media", "title"),
    [
        (bytes(LARGEST + 1), "application/pdf", "Conteúdo grande demais"),
        (b"MZ" + bytes(100), "application/pdf", "Documento recusado"),
        (PDF, "image/png", "Documento recusado"),
        (PDF[:500], "application/pdf", "Documento recusado"),
        (b"", "application/pdf", "Documento recusado"),
    ],
    ids=["too large", "a program", "not what it says", "cut off", "empty"],
)
def test_a_wrong_upload_is_one_clear_problem_and_a_row(
    hospital: Hospital, server: Server, content: bytes, media: str, title: str
) -> None:
    made = hospital.made(hospital.physician, f"/patients/{hospital.patient()}/documents", FORM)
    answer = send(hospital, made, content, media)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == title
    assert last_event(server) == "registro.recusado"
    assert server.sql(DATABASE, "SELECT state, object FROM documents") == "aguardando|"
    assert send(hospital, made, PDF, "application/pdf").status_code == 200


def test_any_other_request_is_read_no_further_than_a_megabyte(hospital: Hospital) -> None:
    form = FORM | {"title": "x" * 1_100_000}
    answer = hospital.ask(hospital.physician, "POST", f"/patients/{hospital.patient()}/documents", form)
    assert answer.status_code == 413
    assert answer.json()["title"] == "Conteúdo grande demais"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\r\nX-Evil: 1", "'; DROP TABLE documents; --"])
def test_a_title_is_a_word_and_nothing_else(hospital: Hospital, server: Server, name: str) -> None:
    patient = hospital.patient()
    answer = hospital.ask(
        hospital.physician, "POST", f"/patients/{patient}/documents", FORM | {"title": name}
    )
    if answer.status_code == 201:
        made = answer.json()
        send(hospital, made, PDF, "application/pdf")
        seen = hospital.ask(hospital.nurse, "GET", f"/documents/{made['id']}/content")
        assert "x-evil" not in seen.headers
        assert server.sql(DATABASE, "SELECT object ~ '^[0-9a-f]{40}$' FROM documents") == "t"
    else:
        assert answer.status_code == 422


def test_a_document_is_inactivated_by_its_author_and_stays(hospital: Hospital) -> None:
    made = stored(hospital)
    path = f"/documents/{made['id']}/inactivate"
    why = {"reason": "Paciente errado"}
    assert hospital.ask(hospital.nurse, "POST", path, why, version=2).status_code == 403
    assert hospital.ask(hospital.physician, "POST", path, why, version=2).json()["state"] == "inativo"
    [seen] = hospital.ask(hospital.nurse, "GET", f"/patients/{made['patient_id']}/documents").json()["items"]
    assert (seen["state"], seen["change_reason"]) == ("inativo", "Paciente errado")
    assert hospital.ask(hospital.nurse, "GET", f"/documents/{made['id']}/content").content == PDF


@pytest.mark.parametrize("role", ["clerk", "administrator", "auditor"])
def test_who_sees_no_chart_sees_no_document(hospital: Hospital, role: str) -> None:
    made = stored(hospital)
    who = getattr(hospital, role)
    for path in (
        f"/documents/{made['id']}/content",
        f"/patients/{made['patient_id']}/documents",
        f"/documents/{made['id']}/signatures",
        f"/patients/{made['patient_id']}/signed-chain",
    ):
        assert hospital.ask(who, "GET", path).status_code == 403


def asked(hospital: Hospital, document: Any, who: Caller | None = None) -> Any:
    """A signature that is due."""
    return hospital.made(who or hospital.physician, f"/documents/{document['id']}/signature-requests", None)


def prepared(hospital: Hospital, due: Any, holder: Holder, seen: bytes, who: Caller | None = None) -> Any:
    """The answer to the first step."""
    form = {"certificate": b64encode(holder.der).decode(), "seen_sha256": hashlib.sha256(seen).hexdigest()}
    path = f"/signature-requests/{due['id']}/prepare"
    return hospital.ask(who or hospital.physician, "POST", path, form, version=due["version"])


def signed(hospital: Hospital, document: Any, holder: Holder, who: Caller | None = None) -> Any:
    """The answer to the last step of a whole signing."""
    who = who or hospital.physician
    due = asked(hospital, document, who)
    seen = hospital.ask(who, "GET", f"/signature-requests/{due['id']}/preview").content
    answer = prepared(hospital, due, holder, seen, who)
    assert answer.status_code == 200, answer.text
    ready = answer.json()
    value = b64encode(holder.sign(b64decode(ready["to_sign"]))).decode()
    path = f"/signature-requests/{due['id']}/finish"
    return hospital.ask(who, "POST", path, {"value": value}, version=ready["version"])


@pytest.mark.sbis("NGS2.01.01", "documents of the record are signed with the professional's own certificate")
@pytest.mark.sbis("NGS2.02.09", "a signed document tells who signed it and when")
@pytest.mark.sbis(
    "NGS2.03.01", "a signature is judged when it is made and whenever the document is asked for"
)
def test_a_physician_signs_and_the_signature_is_valid(
    hospital: Hospital, server: Server, authority: Authority
) -> None:
    document = stored(hospital)
    answer = signed(hospital, document, authority.person())
    assert answer.json()["state"] == "assinada", answer.text
    assert last_event(server) == "assinatura.feita"
    seen = hospital.ask(hospital.nurse, "GET", f"/documents/{document['id']}/signatures").json()
    assert (seen["state"], seen["cause"]) == ("valida", "")
    assert seen["signatures"][0]["account_id"] == str(hospital.physician.account)
    assert seen["signatures"][0]["claimed_at"]


@pytest.mark.sbis(
    "NGS2.06.03", "a signed document leaves the system whole, and is valid to whoever checks it"
)
def test_a_signed_document_is_valid_outside_too(
    hospital: Hospital, server: Server, authority: Authority
) -> None:
    document = stored(hospital)
    path = f"/documents/{document['id']}/signed-content"
    assert hospital.ask(hospital.nurse, "GET", path).status_code == 409
    signed(hospital, document, authority.person())
    pdf = hospital.ask(hospital.nurse, "GET", path).content
    assert pdf.startswith(PDF)
    assert whole(asyncio.run(judge(pdf, authority.trust()))).state is State.VALID
    assert last_event(server) == "registro.exportado"


@pytest.mark.sbis("NGS2.06.01", "signatures in documents from elsewhere are judged as well")
def test_a_signature_from_elsewhere_is_judged(hospital: Hospital, authority: Authority) -> None:
    made = hospital.made(hospital.physician, f"/patients/{hospital.patient()}/documents", FORM)
    send(hospital, made, sign_elsewhere(authority.person()), "application/pdf")
    seen = hospital.ask(hospital.nurse, "GET", f"/documents/{made['id']}/signatures").json()
    assert (seen["state"], seen["signatures"][0]["account_id"]) == ("valida", None)


@pytest.mark.sbis("NGS2.02.05", "what was not signed at once is due")
@pytest.mark.sbis("NGS2.02.06", "everybody has a list of what they have still to sign")
def test_what_is_due_stands_on_the_list_until_it_is_signed(hospital: Hospital, authority: Authority) -> None:
    document = stored(hospital)
    due = asked(hospital, document)

    def listed(who: Caller) -> list[str]:
        return [one["id"] for one in hospital.ask(who, "GET", "/signature-requests").json()["items"]]

    assert listed(hospital.physician) == [due["id"]]
    assert listed(hospital.other_physician) == []
    assert (
        hospital.ask(
            hospital.physician, "POST", f"/documents/{document['id']}/signature-requests"
        ).status_code
        == 409
    )
    holder = authority.person()
    ready = prepared(hospital, due, holder, PDF).json()
    assert listed(hospital.physician) == [due["id"]]
    value = {"value": b64encode(holder.sign(b64decode(ready["to_sign"]))).decode()}
    hospital.ask(
        hospital.physician, "POST", f"/signature-requests/{due['id']}/finish", value, version=ready["version"]
    )
    assert listed(hospital.physician) == []


@pytest.mark.sbis("NGS2.02.04", "nothing is signed whose exact bytes the signer did not see")
def test_other_bytes_than_those_seen_are_not_signed(hospital: Hospital, authority: Authority) -> None:
    answer = prepared(hospital, asked(hospital, stored(hospital)), authority.person(), PDF + b" ")
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "conteudo-nao-conferido")


@pytest.mark.parametrize(
    "fault", ["vencido", "cpf-diferente", "uso-indevido", "cadeia-desconhecida", "ilegivel"]
)
def test_a_certificate_that_cannot_sign_is_one_clear_problem_and_a_row(
    hospital: Hospital, server: Server, authority: Authority, fault: str
) -> None:
    holders: dict[str, Holder | None] = {
        "vencido": authority.person(days=(-400, -1)),
        "cpf-diferente": authority.person("11144477735"),
        "uso-indevido": authority.person(signs=False),
        "cadeia-desconhecida": Authority().person(),
        "ilegivel": None,
    }
    holder = holders[fault]
    due = asked(hospital, stored(hospital))
    if holder is None:
        form = {"certificate": "MAMBAf8=", "seen_sha256": hashlib.sha256(PDF).hexdigest()}
        answer = hospital.ask(
            hospital.physician, "POST", f"/signature-requests/{due['id']}/prepare", form, version=1
        )
    else:
        answer = prepared(hospital, due, holder, PDF)
    assert (answer.status_code, answer.json()["causa"]) == (422, fault)
    rows = server.sql(
        DATABASE,
        "SELECT detail ->> 'cause' FROM audit WHERE event = 'assinatura.recusada' AND subject IS NOT NULL",
    )
    assert rows == fault
    [still] = hospital.ask(hospital.physician, "GET", "/signature-requests").json()["items"]
    assert still["state"] == "pendente"


@pytest.mark.sbis(
    "NGS2.02.08", "without current revocation lists nothing is signed, and the document stays due"
)
def test_without_revocation_lists_the_document_stays_due(
    migrated: Settings, hospital: Hospital, authority: Authority, tmp_path: Path
) -> None:
    due = asked(hospital, stored(hospital))
    bare = migrated.model_copy(update={"signature_trust": authority.write(tmp_path / "bare", lists=False)})
    with Hospital(bare, hospital.objects) as without:
        answer = prepared(without, due, authority.person(), PDF, hospital.physician)
        assert (answer.status_code, answer.json()["title"]) == (503, "Revogação não verificada")
        [still] = without.ask(hospital.physician, "GET", "/signature-requests").json()["items"]
    assert still["state"] == "pendente"


def test_a_signature_by_another_key_is_refused(hospital: Hospital, authority: Authority) -> None:
    due = asked(hospital, stored(hospital))
    ready = prepared(hospital, due, authority.person(), PDF).json()
    value = b64encode(authority.person().sign(b64decode(ready["to_sign"]))).decode()
    path = f"/signature-requests/{due['id']}/finish"
    answer = hospital.ask(hospital.physician, "POST", path, {"value": value}, version=ready["version"])
    assert (answer.status_code, answer.json()["causa"]) == (422, "nao-confere")


@pytest.mark.sbis("NGS2.02.10", "signed documents of a patient form a chain that shows their order")
@pytest.mark.sbis("NGS2.02.11", "a user may check the chain at any time")
@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE signed_documents SET signed_at = signed_at - interval '1 day' WHERE position = 2", 2),
        ("DELETE FROM signed_documents WHERE position = 1", 1),
        ("UPDATE signed_documents SET digest = '\\x00' WHERE position = 1", 1),
        ("UPDATE signed_documents SET position = 4 - position WHERE position <> 2", 1),
    ],
)
def test_the_chain_of_signed_documents_shows_any_tampering(
    hospital: Hospital, server: Server, authority: Authority, tampering: str, fault: int
) -> None:
    patient, holder = hospital.patient(), authority.person()
    for _ in range(3):
        assert signed(hospital, stored(hospital, patient), holder).status_code == 200
    path = f"/patients/{patient}/signed-chain"
    expected: dict[str, Any] = {"whole": True, "links": 3, "first_fault": None}
    assert hospital.ask(hospital.nurse, "GET", path).json() == expected
    server.sql(
        DATABASE, SUPERUSER, f"ALTER TABLE signed_documents DROP CONSTRAINT {UNIQUE}",
        tampering,
    )  # fmt: skip
    seen = hospital.ask(hospital.nurse, "GET", path).json()
    assert (seen["whole"], seen["first_fault"]) == (False, fault)


def test_two_physicians_sign_one_document(hospital: Hospital, authority: Authority) -> None:
    document = stored(hospital)
    signed(hospital, document, authority.person())
    answer = signed(hospital, document, authority.person("11144477735"), hospital.other_physician)
    assert answer.status_code == 200, answer.text
    seen = hospital.ask(hospital.nurse, "GET", f"/documents/{document['id']}/signatures").json()
    assert seen["state"] == "valida"
    assert [one["account_id"] for one in seen["signatures"]] == [
        str(hospital.physician.account), str(hospital.other_physician.account),
    ]  # fmt: skip


def test_a_content_that_the_store_lost_is_told_and_audited(hospital: Hospital, server: Server) -> None:
    made = stored(hospital)
    server.sql(DATABASE, SUPERUSER, "UPDATE documents SET object = repeat('0', 40)")
    answer = hospital.ask(hospital.nurse, "GET", f"/documents/{made['id']}/content")
    assert (answer.status_code, answer.json()["title"]) == (409, "Documento adulterado ou perdido")
    assert "documento.adulterado" in server.sql(DATABASE, "SELECT event FROM audit")


def closed_to(hospital: Hospital, patient: Any, who: Caller) -> None:
    """The patient does not want that person to read the chart."""
    wish = {"occurred_at": "2026-11-01T10:00:00Z", "reason": "Pedido do paciente"}
    body = wish | {"accounts": [str(who.account)]}
    hospital.made(hospital.clerk, f"/patients/{patient}/restrictions", body)


def refused_as_closed(hospital: Hospital, who: Caller, method: str, path: str, version: int = 1) -> bool:
    """Whether the chart is closed to who asks; the request itself is well formed."""
    form = {"certificate": "MAMBAf8=", "seen_sha256": "0" * 64, "value": "MAMBAf8=", "reason": "Engano meu"}
    named = {"prepare": ("certificate", "seen_sha256"), "finish": ("value",), "inactivate": ("reason",)}
    body = {name: form[name] for name in named.get(path.rpartition("/")[2], ())} or None
    answer = hospital.ask(who, method, path, body, version=version)
    return (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "prontuario-restrito")


@pytest.mark.sbis("NGS1.11.04", "the documents of a closed chart are neither read nor signed")
def test_the_documents_of_a_closed_chart_are_neither_read_nor_signed(hospital: Hospital) -> None:
    document = stored(hospital)
    due = asked(hospital, document)
    empty = hospital.made(hospital.physician, f"/patients/{document['patient_id']}/documents", FORM)
    closed_to(hospital, document["patient_id"], hospital.physician)
    closed_to(hospital, document["patient_id"], hospital.nurse)
    for who, method, path, version in (
        (hospital.physician, "GET", f"/signature-requests/{due['id']}/preview", 1),
        (hospital.physician, "POST", f"/signature-requests/{due['id']}/prepare", 1),
        (hospital.physician, "POST", f"/documents/{document['id']}/inactivate", 2),
        (hospital.nurse, "POST", f"/documents/{document['id']}/signature-requests", 1),
        (hospital.nurse, "GET", f"/documents/{document['id']}/content", 1),
        (hospital.nurse, "GET", f"/documents/{document['id']}/signatures", 1),
        (hospital.nurse, "GET", f"/documents/{document['id']}/signed-content", 1),
        (hospital.nurse, "GET", f"/patients/{document['patient_id']}/documents", 1),
        (hospital.nurse, "GET", f"/patients/{document['patient_id']}/signed-chain", 1),
    ):
        assert refused_as_closed(hospital, who, method, path, version), path
    answer = send(hospital, empty, PDF, "application/pdf")
    assert answer.json()["title"] == "Prontuário restrito a pedido do paciente"
    assert hospital.ask(hospital.pharmacist, "GET", f"/documents/{document['id']}/content").content == PDF


def test_a_merged_chart_holds_the_documents_of_both_and_closes_them_together(
    hospital: Hospital, authority: Authority
) -> None:
    kept, other = hospital.patient(), hospital.patient()
    documents = [stored(hospital, one) for one in (kept, other)]
    for one in documents:
        assert signed(hospital, one, authority.person()).status_code == 200
    form = {"kept_id": str(kept), "merged_id": str(other), "reason": "Mesmo documento"}
    hospital.made(hospital.clerk, "/merges", form)
    for identity in (kept, other):
        listed = hospital.ask(hospital.nurse, "GET", f"/patients/{identity}/documents").json()["items"]
        assert {one["id"] for one in listed} == {one["id"] for one in documents}
        chain = hospital.ask(hospital.nurse, "GET", f"/patients/{identity}/signed-chain").json()
        assert chain == {"whole": True, "links": 2, "first_fault": None}
    closed_to(hospital, kept, hospital.nurse)
    for one in documents:
        for path in ("content", "signatures", "signed-content"):
            assert refused_as_closed(hospital, hospital.nurse, "GET", f"/documents/{one['id']}/{path}")
