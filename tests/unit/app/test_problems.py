"""Errors are problem details in Portuguese that quote nothing a user sent."""

import logging

import pytest
from fastapi import HTTPException

from app.logs import JsonLines
from tests.unit.app.conftest import Client


def test_an_unknown_address(client: Client) -> None:
    answer = client.get("/pacientes/123.456.789-00", headers={"x-request-id": "r-1"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Endereço não encontrado",
        "status": 404,
        "detail": "Não há nada neste endereço. Confira o endereço e tente novamente.",
        "codigo": "r-1",
    }


def test_a_method_that_is_not_allowed_names_those_that_are(client: Client) -> None:
    answer = client.request("POST", "/api/v1/ping")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.json()["title"] == "Método não permitido"


def test_each_invalid_field_is_explained_without_its_value(client: Client) -> None:
    missing = client.get("/api/v1/ping")
    assert missing.status_code == 422
    assert missing.json()["erros"] == [{"campo": "value", "motivo": "campo obrigatório"}]
    long = client.get("/api/v1/ping", params={"value": "segredo" * 40})
    assert long.json()["erros"] == [{"campo": "value", "motivo": "texto longo demais"}]
    assert "segredo" not in long.text


def test_an_internal_error_shows_a_code_and_hides_its_reason(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("paciente João, CPF 123")

    client.app.add_api_route("/broken", broken)
    answer = client.get("/broken", headers={"x-request-id": "r-2"})
    assert (answer.status_code, answer.json()["codigo"]) == (500, "r-2")
    assert answer.headers["x-served-by"] == "mac-a"
    [error] = [record for record in caplog.records if record.levelno == logging.ERROR]
    line = JsonLines().format(error)
    assert "João" not in answer.text + line
    assert '"error": "RuntimeError"' in line
    assert "in broken" in line or " broken" in line


@pytest.mark.parametrize(
    ("status", "title"), [(418, "I'm a Teapot"), (503, "Serviço indisponível"), (599, "Erro")]
)
def test_any_status_has_a_title(client: Client, status: int, title: str) -> None:
    def refuse() -> None:
        raise HTTPException(status, detail="internal words")

    client.app.add_api_route("/refuse", refuse)
    answer = client.get("/refuse")
    assert answer.json()["title"].lower() == title.lower()
    assert "internal words" not in answer.text
