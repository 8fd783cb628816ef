"""The auditor reads the audit, nobody else does, and that they did is a row as well."""

import csv
import io
import json
from xml.etree import ElementTree

import pytest

from app.database.connection import DATABASE
from app.domain.caller import Caller
from tests.records.hospital import ANA, Hospital
from tests.records.server import Server


@pytest.fixture
def busy(hospital: Hospital) -> Hospital:
    """A patient was registered by the clerk, and read by the nurse three times."""
    patient = hospital.patient()
    for _ in range(3):
        hospital.ask(hospital.nurse, "GET", f"/patients/{patient}")
    return hospital


def test_rows_come_newest_first_and_in_pages(busy: Hospital) -> None:
    page = busy.ask(busy.auditor, "GET", "/audit?limit=3&event=registro.visto&event=registro.criado").json()
    assert [one["event"] for one in page["items"]] == ["registro.visto"] * 3
    rest = busy.ask(
        busy.auditor,
        "GET",
        f"/audit?limit=3&event=registro.visto&event=registro.criado&cursor={page['next']}",
    ).json()
    assert [one["event"] for one in rest["items"]] == ["registro.criado"]
    assert rest["next"] is None


@pytest.mark.sbis(
    "NGS1.07.07", "the auditor finds rows by time, event, user, patient and entry, in their order"
)
def test_filters_narrow(busy: Hospital) -> None:
    def found(query: str) -> list[str]:
        answer = busy.ask(busy.auditor, "GET", f"/audit?order=asc&{query}")
        assert answer.status_code == 200, answer.text
        return [one["event"] for one in answer.json()["items"]]

    assert found(f"account={busy.nurse.account}") == ["registro.visto"] * 3
    assert found(f"account={busy.physician.account}") == []
    assert found("since=2099-01-01T00:00:00Z") == []
    assert "registro.criado" in found("until=2099-01-01T00:00:00-03:00")


@pytest.mark.sbis("NGS1.07.05", "a row tells its number, time, kind, address, user, entry and patient")
def test_a_row_is_complete(busy: Hospital) -> None:
    [row] = busy.ask(busy.auditor, "GET", f"/audit?account={busy.nurse.account}&limit=1").json()["items"]
    assert (row["event"], row["account"], row["address"]) == (
        "registro.visto", str(busy.nurse.account), "192.0.2.7",
    )  # fmt: skip
    assert row["subject"] == row["patient"] is not None
    assert row["entry"] > 0
    assert row["at"].endswith("Z")


@pytest.mark.sbis("NGS1.07.02", "nobody but the auditor reads the audit")
@pytest.mark.parametrize("role", ["physician", "nurse", "pharmacist", "clerk", "administrator"])
@pytest.mark.parametrize("path", ["/audit", "/audit/export"])
def test_nobody_else_reads_it_and_the_attempt_is_a_row(
    busy: Hospital, server: Server, role: str, path: str
) -> None:
    who: Caller = getattr(busy, role)
    answer = busy.ask(who, "GET", path)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:prontuario:problema:acesso-negado")
    kept = server.sql(DATABASE, "SELECT event, account, detail FROM audit ORDER BY entry DESC LIMIT 1")
    event, account, detail = kept.split("|")
    assert (event, account) == ("acesso.negado", str(who.account))
    assert json.loads(detail) == {"route": f"GET:api/v1{path}", "status": 403, "reason": "acesso-negado"}


@pytest.mark.parametrize(
    "query",
    [
        "account=' OR 1=1 --",
        "since=yesterday",
        "order=entry;DROP TABLE audit",
        "event=registro.visto'",
        "cursor=WyIxOyBEUk9QIl0=",
        "limit=100000",
        "unknown=1",
        "event=" + "&event=".join(["registro.visto"] * 51),
    ],
)
def test_a_query_that_means_nothing_is_one_clear_problem_and_a_row(
    busy: Hospital, server: Server, query: str
) -> None:
    answer = busy.ask(busy.auditor, "GET", f"/audit?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    seen = server.sql(DATABASE, "SELECT event, detail ->> 'status' FROM audit ORDER BY entry DESC LIMIT 1")
    assert seen == "registro.recusado|422"


@pytest.mark.sbis("NGS1.07.08", "the audit is exported as CSV and XML, with the system's name and version")
@pytest.mark.sbis("NGS1.01.01", "exports of the audit name the system and its version")
@pytest.mark.sbis("NGS1.09.02", "exported times are written as RFC 3339 has them")
def test_exports_hold_every_row_of_the_moment(busy: Hospital, server: Server) -> None:
    before = int(server.sql(DATABASE, "SELECT count(*) FROM audit"))
    table = busy.ask(busy.auditor, "GET", "/audit/export?format=csv").text
    head, _, lines = table.partition("\r\n")
    assert head == "# Prontuário development"
    rows = list(csv.DictReader(io.StringIO(lines)))
    assert len(rows) == before
    assert rows[0]["at"].endswith("Z")
    tree = ElementTree.fromstring(busy.ask(busy.auditor, "GET", "/audit/export?format=xml").text)  # noqa: S314
    assert tree.get("sistema") == "Prontuário development"
    assert [one.findtext("event") for one in tree][: len(rows)] == [one["event"] for one in rows]


def test_reading_and_exporting_are_rows_themselves(busy: Hospital, server: Server) -> None:
    busy.ask(busy.auditor, "GET", f"/audit?patient={busy.nurse.account}&since=2026-01-01T00:00:00Z")
    busy.ask(busy.auditor, "GET", "/audit/export?format=xml")
    seen = server.sql(DATABASE, "SELECT event, detail FROM audit ORDER BY entry DESC LIMIT 2").splitlines()
    assert seen[0] == 'auditoria.exportada|{"format": "xml"}'
    assert json.loads(seen[1].split("|")[1]) == {
        "patient": str(busy.nurse.account), "since": "2026-01-01T00:00:00Z", "found": 0,
    }  # fmt: skip


@pytest.mark.sbis("NGS1.07.06", "rows of a registration name the patient by an opaque id alone")
def test_the_audit_names_nobody(busy: Hospital, server: Server) -> None:
    busy.patient(cpf=ANA["cpf"])
    busy.ask(busy.clerk, "POST", "/patients/search", {"text": "ana lúcia"})
    everything = server.sql(DATABASE, "SELECT audit::text FROM audit")
    for word in ("Ana", "Gonçalves", "52998224725", "529.982", "1980-05-17"):
        assert word not in everything
