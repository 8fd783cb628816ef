"""A write that is asked for twice is done once."""

import asyncio

import httpx
import pytest

from app.database.connection import DATABASE
from tests.records.hospital import ANA, Hospital
from tests.records.server import Server

COUNT = "SELECT count(*) FROM patients"


def test_the_same_key_and_body_get_the_same_answer(hospital: Hospital, server: Server) -> None:
    first = hospital.ask(hospital.clerk, "POST", "/patients", ANA, key="key-0001")
    again = hospital.ask(hospital.clerk, "POST", "/patients", ANA, key="key-0001")
    assert (again.status_code, again.text) == (201, first.text)
    assert again.headers["etag"] == first.headers["etag"] == '"1"'
    assert server.sql(DATABASE, COUNT) == "1"


def test_the_same_key_and_another_body_are_refused(hospital: Hospital, server: Server) -> None:
    hospital.ask(hospital.clerk, "POST", "/patients", ANA, key="key-0001")
    other = ANA | {"name": "Bruno Sá", "cpf": None}
    answer = hospital.ask(hospital.clerk, "POST", "/patients", other, key="key-0001")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:prontuario:problema:chave-reutilizada")
    assert server.sql(DATABASE, COUNT) == "1"


def test_the_same_key_of_another_person_is_another_write(hospital: Hospital, server: Server) -> None:
    hospital.ask(hospital.clerk, "POST", "/patients", ANA, key="key-0001")
    other = {"description": "mulher, 20 anos"}
    answer = hospital.ask(hospital.nurse, "POST", "/patients/unknown", other, key="key-0001")
    assert answer.status_code == 201
    assert server.sql(DATABASE, COUNT) == "2"


def test_many_at_the_same_time_wait_for_the_first(hospital: Hospital, server: Server) -> None:
    headers = hospital.headers(hospital.clerk, key="key-0001")

    async def all_at_once() -> list[httpx.Response]:
        transport = httpx.ASGITransport(hospital.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
            asked = [http.post("/api/v1/patients", json=ANA, headers=headers) for _ in range(8)]
            return await asyncio.gather(*asked)

    answers = hospital.client.run(all_at_once())
    assert {(one.status_code, one.text) for one in answers} == {(201, answers[0].text)}
    assert server.sql(DATABASE, COUNT) == "1"


def test_a_refused_write_leaves_its_key_free(hospital: Hospital) -> None:
    first = hospital.patient(cpf=ANA["cpf"])
    twin = ANA | {"name": "Bruno Sá", "mother": None}
    assert hospital.ask(hospital.clerk, "POST", "/patients", twin, key="key-0001").status_code == 409
    fixed = twin | {"cpf": None}
    made = hospital.ask(hospital.clerk, "POST", "/patients", fixed, key="key-0001")
    assert made.status_code == 201
    assert made.json()["id"] != str(first)


@pytest.mark.parametrize("key", ["short", "with spaces in it", "a" * 101, "../../etc/passwd"])
def test_a_key_that_is_none_is_refused(hospital: Hospital, key: str) -> None:
    answer = hospital.ask(hospital.clerk, "POST", "/patients", ANA, key=key)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:prontuario:problema:chave-obrigatoria")


def test_without_a_key_nothing_is_written(hospital: Hospital, server: Server) -> None:
    headers = hospital.headers(hospital.clerk)
    del headers["idempotency-key"]
    answer = hospital.client.request("POST", "/api/v1/patients", json=ANA, headers=headers)
    assert answer.status_code == 400
    assert server.sql(DATABASE, COUNT) == "0"
