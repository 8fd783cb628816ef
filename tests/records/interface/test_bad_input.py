"""Input that nobody means well with: one clear problem in Portuguese, a row in the audit, nothing lost."""

import json
import secrets
from typing import Any

import httpx
import pytest

from app import traces
from app.body_limit import OTHERS
from app.database.connection import DATABASE
from app.domain.caller import Role
from tests.records.identity.hospital import forged_token
from tests.records.interface.test_fuzz import refused_clearly
from tests.records.interface.world import World, patient_form

SQL = "'; DROP TABLE patients; --"
UNION = "x' UNION SELECT hash, 1 FROM passwords --"
REGISTER = "/api/v1/patients"


@pytest.fixture(autouse=True)
def _fresh(world: World) -> None:
    world.begin()


def last_row(world: World) -> list[str]:
    """Event, who, status and reason of the audit's last row."""
    asked = (
        "SELECT event, account, detail->>'status', detail->>'reason' FROM audit ORDER BY entry DESC LIMIT 1"
    )
    return world.hospital.server.sql(DATABASE, asked).split("|")


def count(world: World, table: str) -> int:
    """Rows of a table."""
    return int(world.hospital.server.sql(DATABASE, f"SELECT count(*) FROM {table}"))  # noqa: S608


def post(world: World, content: bytes, media: str = "application/json", path: str = REGISTER) -> Any:
    """Whatever bytes, sent by the clerk."""
    headers = {"content-type": media, "idempotency-key": secrets.token_hex(8)}
    return world.ask(Role.ADMINISTRATIVE, "POST", path, content=content, headers=headers)


def refused_and_told(world: World, answer: httpx.Response, status: int) -> None:
    """One problem, one row that names the clerk."""
    assert answer.status_code == status, answer.text
    refused_clearly(answer)
    event, account, told, _ = last_row(world)
    assert (event, told) == ("registro.recusado", str(status))
    assert account == world.people[Role.ADMINISTRATIVE].account


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"name": "' + b"x" * OTHERS + b'"}', 413),
        (b"{", 422),
        (b"", 422),
        (b"\xff\xfe", 422),
        (b"[" * 100_000, 400),
        (b'{"birth": ' + b"9" * 10_000 + b"}", 400),
        (b'{"name": "\\ud800"}', 422),
        (b'{"name": "a\\u0000b", "birth": "1980-01-01", "sex": "female"}', 422),
        (b'{"name": NaN}', 422),
        (b'{"name": {"$ne": null}, "birth": "1980-01-01", "sex": "female"}', 422),
        (b'[{"name": "Ana"}]', 422),
        (json.dumps(patient_form(6) | {"admin": True}).encode(), 422),
        (json.dumps(patient_form(6) | {"birth": "1980-02-30"}).encode(), 422),
    ],
    ids=[
        *(
            "too large",
            "cut off",
            "empty",
            "not UTF-8",
            "too deep",
            "a number without end",
            "half a character",
        ),
        *("a zero byte", "not a number", "an operator", "a list", "one field more", "no such day"),
    ],
)
def test_a_body_that_cannot_be_taken_is_one_problem_and_a_row(
    world: World, content: bytes, status: int
) -> None:
    before = count(world, "patients")
    answer = post(world, content)
    refused_and_told(world, answer, status)
    assert "JSON inválido" not in answer.text or answer.json()["erros"][0]["campo"] == "corpo"
    assert count(world, "patients") == before
    assert post(world, json.dumps({"description": "homem"}).encode(), path=f"{REGISTER}/unknown").is_success


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "x"])
def test_a_body_of_another_media_type_is_one_problem_and_a_row(world: World, media: str) -> None:
    refused_and_told(world, post(world, json.dumps(patient_form(7)).encode(), media), 422)


@pytest.mark.parametrize("words", [SQL, UNION, "100%", "\\\\", "a' OR 'a'='a", "$(reboot)", "<script>"])
def test_words_are_words_wherever_they_are_searched_for(world: World, words: str) -> None:
    before = count(world, "patients")
    for role, path in (
        (Role.ADMINISTRATIVE, f"{REGISTER}/search"),
        (Role.PHYSICIAN, world.filled(f"{REGISTER}/{{patient}}/search")),
    ):
        answer = world.ask(role, "POST", path, json={"text": words})
        assert answer.status_code == 200 or (role is Role.ADMINISTRATIVE and answer.status_code == 422)
        assert "argon2" not in answer.text
    listed = world.ask(Role.PHYSICIAN, "GET", "/api/v1/terminologies/cid10", params={"text": words})
    assert listed.status_code == 200
    assert listed.json()["items"] == []
    assert count(world, "patients") == before


def test_words_are_kept_as_they_were_written(world: World) -> None:
    path = world.filled(f"{REGISTER}/{{patient}}/notes")
    for words in (SQL, "<script>alert(1)</script>", "{{7*7}} ${7*7}", "../../etc/passwd"):
        made = world.write(
            Role.PHYSICIAN, "POST", path.removeprefix("/api/v1"), {"kind": "evolucao", "text": words}
        )
        seen = world.ask(Role.PHYSICIAN, "GET", f"/api/v1/notes/{made['id']}")
        assert seen.json()["text"] == words
        assert seen.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path",
    [
        *("/api/v1/../../etc/passwd", "/api/v1/patients/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "//etc/passwd"),
        *(
            "/api/v1/patients/1%20OR%201=1",
            "/api/v1/patients/%00",
            "/api/v1/patients/%ff",
            "/api/v1/notes/1;--",
        ),
        *(
            "/api/v1/terminologies/..%2fpasswd",
            "/api/v1/terminologies/pg_shadow",
            "/static/../app/settings.py",
        ),
    ],
)
def test_a_path_leads_nowhere_but_to_what_it_names(world: World, path: str) -> None:
    answer = world.ask(Role.PHYSICIAN, "GET", path, params={"text": "x"})
    assert answer.status_code in (404, 422), answer.text
    refused_clearly(answer)
    assert "root:" not in answer.text


@pytest.mark.parametrize("name", ["idempotency-key", "if-match", "x-request-id", "x-forwarded-for", "accept"])
@pytest.mark.parametrize("value", [SQL, "a\tb", "x" * 7000, "é".encode(), "%0d%0aset-cookie: a=b", "*"])
def test_a_header_changes_nothing_but_what_it_is_for(world: World, name: str, value: str | bytes) -> None:
    before = count(world, "notes")
    path = world.filled("/api/v1/notes/{entry}")
    headers = {"if-match": '"99"', "idempotency-key": secrets.token_hex(8), name: value}
    sent: Any = [(one, what if isinstance(what, bytes) else what.encode()) for one, what in headers.items()]
    token = world.people[Role.PHYSICIAN].access
    client = world.hospital.client
    body = {"text": "Outro texto", "reason": "Motivo do teste"}
    answer = client.request(
        "PUT", path, json=body, headers=[*sent, (b"authorization", f"Bearer {token}".encode())]
    )
    assert answer.status_code in (400, 412, 428), answer.text
    refused_clearly(answer)
    assert "set-cookie" not in answer.headers
    assert SQL not in str(answer.headers)
    assert count(world, "notes") == before


@pytest.mark.sbis("NGS1.02.23", "a token that was forged or has expired opens nothing and leaves a row")
@pytest.mark.parametrize("token", ["forged", "expired", "of renewal", "a stranger's word"])
def test_a_token_that_opens_nothing_is_told_with_the_same_words_and_leaves_a_row(
    world: World, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nurse = world.people[Role.NURSE]
    shown = {"forged": forged_token(), "expired": nurse.access, "of renewal": nurse.refresh}.get(token, SQL)
    if token == "expired":
        world.hospital.sql("UPDATE session_tokens SET expires_at = now() WHERE kind = 'access'")
    monkeypatch.setattr(traces, "WINDOW", 0.0)
    before = count(world, "audit")
    headers = {"authorization": f"Bearer {shown}"}
    answer = world.hospital.client.get("/api/v1/session", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (401, "Entre no sistema e tente novamente.")
    refused_clearly(answer)
    assert count(world, "audit") == before + 1
    assert last_row(world) == ["acesso.token-recusado", "", "401", "nao-identificado"]


def test_a_flood_of_forged_tokens_does_not_fill_the_audit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def knock(times: int) -> int:
        before = count(world, "audit")
        for _ in range(times):
            headers = {"authorization": f"Bearer {forged_token()}"}
            world.hospital.client.get("/api/v1/session", headers=headers)
        return count(world, "audit") - before

    with monkeypatch.context() as patient:
        patient.setattr(traces, "WINDOW", 0.0)
        assert knock(traces.STRANGERS) == traces.STRANGERS
    assert knock(5) == 0


def test_a_key_that_was_used_for_something_else_is_one_problem_and_a_row(world: World) -> None:
    headers = {"idempotency-key": secrets.token_hex(8)}
    sent = {"description": "homem, 40 anos"}
    first = world.ask(Role.ADMINISTRATIVE, "POST", f"{REGISTER}/unknown", json=sent, headers=headers)
    assert first.status_code == 201
    before = count(world, "patients")
    again = world.ask(Role.ADMINISTRATIVE, "POST", f"{REGISTER}/unknown", json=sent, headers=headers)
    assert again.text == first.text
    other = {"description": "mulher, 20 anos"}
    refused = world.ask(Role.ADMINISTRATIVE, "POST", f"{REGISTER}/unknown", json=other, headers=headers)
    refused_and_told(world, refused, 422)
    assert count(world, "patients") == before


@pytest.mark.parametrize(("ahead", "status"), [("4 minutes", 201), ("6 minutes", 422)])
def test_a_clock_may_be_a_little_ahead_and_no_more(world: World, ahead: str, status: int) -> None:
    asked = f"SELECT to_char(now() + interval '{ahead}', 'YYYY-MM-DD\"T\"HH24:MI:SSOF:00')"
    when = world.hospital.server.sql(DATABASE, asked)
    body = {"kind": "evolucao", "text": "Sem queixas.", "occurred_at": when}
    headers = {"idempotency-key": secrets.token_hex(8)}
    path = world.filled(f"{REGISTER}/{{patient}}/notes")
    answer = world.ask(Role.PHYSICIAN, "POST", path, json=body, headers=headers)
    assert answer.status_code == status, answer.text
