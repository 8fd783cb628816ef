"""Whatever a client sends: one answer, safe headers, one count, a log line without its data."""

import asyncio
import json
import logging
import re
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from app.envelope import request_id
from app.factory import create_app
from app.settings import Settings
from tests.unit.app.conftest import MACHINE, Client

OURS = re.compile(r"[0-9a-f]{32}")
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def ask(
    app: FastAPI, path: str, *, method: str = "GET", query: bytes = b"", ids: list[bytes]
) -> dict[str, Any]:
    """One request, byte for byte, past every client's own checks."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"x"), *((b"x-request-id", value) for value in ids)],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    headers = sent[0]["headers"]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return {"status": sent[0]["status"], "headers": headers, "body": body}


SERVICE = create_app(Settings(machine=MACHINE), ())


@given(ids=st.lists(st.binary(max_size=100), max_size=3))
def test_no_request_id_is_reflected_unless_it_is_one_short_plain_word(ids: list[bytes]) -> None:
    answer = ask(SERVICE, "/live", ids=ids)
    [shown] = [value.decode("ascii") for name, value in answer["headers"] if name == b"x-request-id"]
    assert answer["status"] == 200
    assert PLAIN.fullmatch(shown)
    assert OURS.fullmatch(shown) or ids == [shown.encode()]


@given(word=st.from_regex(PLAIN, fullmatch=True).filter(str.isascii))
def test_a_plain_request_id_is_kept(word: str) -> None:
    assert request_id({"headers": [(b"x-request-id", word.encode())]}) == word


@given(
    path=st.text(min_size=1, max_size=40).map(lambda text: "/" + text),
    query=st.binary(max_size=60),
    method=st.sampled_from(["GET", "POST", "BREW", "HEAD", "OPTIONS"]),
)
def test_any_request_gets_a_whole_answer_and_never_an_internal_error(
    path: str, query: bytes, method: str
) -> None:
    for place in (path, "/api/v1/ping"):
        answer = ask(SERVICE, place.encode("utf-8", "replace").decode(), method=method, query=query, ids=[])
        assert answer["status"] in {200, 307, 404, 405, 422}
        names = [name for name, _ in answer["headers"]]
        assert names.count(b"x-served-by") == names.count(b"x-request-id") == 1
        if answer["status"] >= 400:
            assert (b"content-type", b"application/problem+json") in answer["headers"]
            assert json.loads(answer["body"])["status"] == answer["status"]


def test_every_answer_names_its_machine_and_is_closed_to_other_sites(client: Client) -> None:
    for path in ("/", "/live", "/metrics", "/nowhere"):
        headers = client.get(path).headers
        assert headers["x-served-by"] == MACHINE
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a_log_line_has_route_and_id_but_neither_path_nor_query(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client.get("/api/v1/ping?value=joao-da-silva", headers={"x-request-id": "abc"})
    client.get("/patients/joao-da-silva")
    ours = [vars(record) for record in caplog.records if record.name == "app.envelope"]
    assert [(line["route"], line["status"]) for line in ours] == [("/api/v1/ping", 200), ("unmatched", 404)]
    assert ours[0]["request_id"] == "abc"
    assert "joao" not in str(ours)


def test_probes_do_not_fill_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client.get("/ready")
    client.app.state.service.draining = True
    client.get("/ready")
    client.request("POST", "/ready")
    ours = [vars(record)["status"] for record in caplog.records if record.name == "app.envelope"]
    assert ours == [405]


def test_an_answer_cut_half_way_is_logged_and_not_patched(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    from fastapi.responses import StreamingResponse

    async def broken() -> Any:
        yield b"first"
        raise RuntimeError("patient 42")

    client.app.add_api_route("/broken", lambda: StreamingResponse(broken()))
    with Client(client.app, strict=True) as strict, pytest.raises(RuntimeError):
        strict.get("/broken")
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        "request failed"
    ]
