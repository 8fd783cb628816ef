"""A device signs instead of a password typed; what was signed once, elsewhere or by another opens nothing."""

from copy import deepcopy
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.records.identity.authenticator import Authenticator, decode, encode
from tests.records.identity.hospital import CHOSEN, Hospital, Person
from tests.records.server import Server

SITE = "prontuario.hospital.example"
ORIGIN = f"https://{SITE}"


@pytest.fixture
def migrated(migrated: Settings) -> Settings:
    """A hospital with a name."""
    return migrated.model_copy(update={"site": SITE})


def telephone(**others: Any) -> Authenticator:
    """A device at the hospital's site."""
    return Authenticator(**{"site": SITE, "origin": ORIGIN} | others)


def enrol(person: Person, device: Authenticator) -> httpx.Response:
    """Add a passkey to the person's account."""
    asked = person.ask("POST", "/session/passkeys/options")
    if asked.status_code != 201:
        return asked
    body = asked.json()
    made = device.create(body["options"])
    sent = {"challenge": body["challenge"], "label": "iPhone", "credential": made}
    return person.ask("POST", "/session/passkeys", json=sent)


def asked(hospital: Hospital) -> dict[str, Any]:
    """A challenge with its options."""
    return dict(hospital.client.request("POST", "/api/v1/sessions/challenge").json())


def enter(hospital: Hospital, challenge: str, assertion: dict[str, Any]) -> httpx.Response:
    """Sign in with what a device signed."""
    body = {"challenge": challenge, "assertion": assertion}
    return hospital.client.request("POST", "/api/v1/sessions/passkey", json=body)


def sign_in(hospital: Hospital, device: Authenticator) -> httpx.Response:
    """An honest attempt."""
    one = asked(hospital)
    return enter(hospital, one["challenge"], device.sign(one["passkey"]))


def reason(hospital: Hospital) -> str:
    """Why the last sign-in was refused, as the audit keeps it."""
    return hospital.sql("SELECT detail ->> 'reason' FROM audit ORDER BY entry DESC LIMIT 1")


@pytest.mark.sbis("NGS1.02.01", "a device opened by biometrics or PIN proves who somebody is")
@pytest.mark.parametrize("counts", [True, False])
def test_a_device_opens_a_session_again_and_again(hospital: Hospital, ana: Person, counts: bool) -> None:
    device = telephone(counts=counts)
    assert enrol(ana, device).status_code == 201
    for _ in range(2):
        answer = sign_in(hospital, device)
        assert answer.status_code == 201, answer.text
        assert answer.json()["details"]["name"] == "Ana Admin"
        assert answer.json()["details"]["method"] == "chave"


@pytest.mark.sbis("NGS1.02.23", "a recorded signature opens nothing")
def test_a_recorded_assertion_opens_nothing_a_second_time(hospital: Hospital, ana: Person) -> None:
    device = telephone()
    enrol(ana, device)
    one = asked(hospital)
    signed = device.sign(one["passkey"])
    assert enter(hospital, one["challenge"], signed).status_code == 201
    again = enter(hospital, one["challenge"], signed)
    assert again.status_code == 409
    assert again.json()["type"] == "urn:prontuario:problema:tentativa-vencida"
    assert enter(hospital, asked(hospital)["challenge"], signed).status_code == 401
    assert reason(hospital) == "passkey-wrong"


def test_a_counter_that_does_not_grow_betrays_a_copied_device(hospital: Hospital, ana: Person) -> None:
    device = telephone()
    enrol(ana, device)
    assert sign_in(hospital, device).status_code == 201
    device.counter -= 1
    assert sign_in(hospital, device).status_code == 401


@pytest.mark.parametrize(
    "difference",
    [
        {"origin": "https://prontuario-hospital.example"},
        {"origin": f"http://{SITE}"},
        {"site": "prontuario.example"},
        {"verified": False},
        {"handle": b"somebody else's!"},
    ],
    ids=str,
)
def test_what_was_signed_elsewhere_or_without_a_person_opens_nothing(
    hospital: Hospital, ana: Person, difference: dict[str, Any]
) -> None:
    device = telephone()
    enrol(ana, device)
    for name, value in difference.items():
        setattr(device, name, value)
    assert sign_in(hospital, device).status_code == 401
    assert reason(hospital) == "passkey-wrong"


def test_another_key_signs_for_nobody(hospital: Hospital, ana: Person) -> None:
    device = telephone()
    enrol(ana, device)
    thief = telephone(credential=device.credential, handle=device.handle)
    assert sign_in(hospital, thief).status_code == 401
    assert sign_in(hospital, telephone(handle=device.handle)).status_code == 401
    assert reason(hospital) == "passkey-unknown"


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_assertion_is_refused_and_breaks_nothing(
    hospital: Hospital, ana: Person, part: str, damage: str
) -> None:
    device = telephone()
    enrol(ana, device)
    one = asked(hospital)
    signed = deepcopy(device.sign(one["passkey"]))
    raw = decode(signed["response"][part])
    broken = {"cut": raw[:5], "flipped": bytes([raw[0] ^ 1]) + raw[1:], "empty": b"{"}[damage]
    signed["response"][part] = encode(broken)
    assert enter(hospital, one["challenge"], signed).status_code == 401


@pytest.mark.parametrize("difference", [{"origin": "https://other.example"}, {"verified": False}], ids=str)
def test_a_passkey_made_elsewhere_or_without_a_person_is_not_kept(
    ana: Person, difference: dict[str, Any]
) -> None:
    assert enrol(ana, telephone(**difference)).status_code == 422
    assert ana.ask("GET", "/session/passkeys").json() == []


def test_a_passkey_is_added_only_after_a_recent_proof(ana: Person) -> None:
    ana.hospital.pass_time(290)
    ana.keep(ana.renew())
    ana.hospital.pass_time(20)
    refused = enrol(ana, telephone())
    assert refused.status_code == 401
    assert refused.json()["type"] == "urn:prontuario:problema:confirme-sua-identidade"
    assert ana.prove().status_code == 204
    assert enrol(ana, telephone()).status_code == 201


def test_a_face_unlocks_a_session_where_it_was(hospital: Hospital, ana: Person) -> None:
    device = telephone()
    enrol(ana, device)
    hospital.pass_time(901)
    ana.keep(ana.renew())
    assert ana.ask("GET", "/accounts").status_code == 423
    one = ana.ask("POST", "/session/challenge").json()
    body = {"challenge": one["challenge"], "assertion": device.sign(one["passkey"])}
    assert ana.ask("POST", "/session/proof/passkey", json=body).status_code == 204
    assert ana.ask("GET", "/accounts").status_code == 200


def test_a_revoked_passkey_opens_nothing_and_stays_known(hospital: Hospital, ana: Person) -> None:
    device = telephone()
    made = enrol(ana, device).json()
    assert ana.ask("DELETE", f"/session/passkeys/{made['id']}").status_code == 204
    assert sign_in(hospital, device).status_code == 401
    assert hospital.sql("SELECT count(*) FROM passkeys") == "1"
    assert ana.ask("DELETE", f"/session/passkeys/{made['id']}").status_code == 404


@pytest.mark.sbis("NGS1.02.18", "a second factor where the hospital wants one")
def test_a_second_factor_is_asked_for_where_the_hospital_wants_one(hospital: Hospital, ana: Person) -> None:
    hospital.sql("UPDATE security_policies SET second_factor = true, version = version + 1")
    device = telephone()
    again = Person(hospital, ana.username, CHOSEN).sign_in()
    due = again.ask("GET", "/accounts")
    assert due.status_code == 403
    assert due.json()["type"] == "urn:prontuario:problema:segundo-fator-obrigatorio"
    assert enrol(again, device).status_code == 201
    assert enrol(again, telephone()).status_code == 403
    one = again.ask("POST", "/session/challenge").json()
    body = {"challenge": one["challenge"], "assertion": device.sign(one["passkey"])}
    assert again.ask("POST", "/session/proof/passkey", json=body).status_code == 204
    assert again.ask("GET", "/accounts").status_code == 200


def test_without_a_name_there_are_no_passkeys(migrated: Settings, server: Server) -> None:
    nameless = Hospital(migrated.model_copy(update={"site": None}), server)
    with nameless.client:
        ana = nameless.administrator()
        assert asked(nameless)["passkey"] is None
        assert enrol(ana, telephone()).status_code == 409
