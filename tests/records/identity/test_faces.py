"""A face completes a sign-in at a shared workstation, and is good for nothing else.

OpenCV runs for real; the people are drawings and the networks ours (tests/unit/app/faces/networks.py).
"""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.caller import Role
from app.domain.faces import LIMITS, TERMS
from app.settings import Settings
from tests.records.identity.hospital import CHOSEN, Hospital, Person
from tests.records.identity.test_passkeys import SITE, telephone
from tests.records.identity.test_passkeys import enrol as add_passkey
from tests.records.identity.test_passkeys import sign_in as enter_by_passkey
from tests.records.server import Server
from tests.unit.app.faces.networks import drawing, file, write

ANA, BRUNO = file(drawing(1)), file(drawing(2))
ANA_AGAIN = file(drawing(1, shift=1, light=0.8))
PROBLEM = "urn:prontuario:problema:"


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the settings are told of them."""
    return write(tmp_path_factory.mktemp("models"))


@pytest.fixture
def migrated(migrated: Settings, networks: dict[str, str]) -> Settings:
    """A hospital that wants faces, and has a key to seal them with."""
    assert migrated.credentials is not None
    (migrated.credentials / "document-keys").write_text(f"00000001:{base64.b64encode(bytes(32)).decode()}\n")
    return Settings.model_validate(migrated.model_dump() | {"site": SITE} | networks)


@pytest.fixture
def bia(hospital: Hospital, ana: Person) -> Person:
    """A physician who has just come in with her passkey."""
    bia = hospital.employ(ana, "bia.medica", Role.PHYSICIAN)
    device = telephone()
    assert add_passkey(bia, device).status_code == 201
    bia.keep(enter_by_passkey(hospital, device))
    return bia


def enrol(person: Person, picture: bytes = ANA, **others: Any) -> httpx.Response:
    """Agree, and be seen."""
    usual = {"challenge": person.challenge(), "terms": TERMS, "agreed": True}
    body = usual | {"picture": base64.b64encode(picture).decode()} | others
    return person.ask("POST", "/session/face", json=body)


def show(person: Person, picture: bytes = ANA, challenge: str | None = None) -> httpx.Response:
    """One attempt at completing a sign-in."""
    body = {
        "challenge": challenge or person.challenge(),
        "picture": base64.b64encode(picture).decode(),
    }
    return person.ask("POST", "/session/proof/face", json=body)


def at_workstation(person: Person) -> Person:
    """The same person, elsewhere, with a password alone, where the hospital wants a second factor."""
    person.hospital.sql("UPDATE security_policies SET second_factor = true, version = version + 1")
    return Person(person.hospital, person.username, CHOSEN).sign_in()


def kind(answer: httpx.Response) -> str:
    """Which refusal it is."""
    return str(answer.json()["type"]).removeprefix(PROBLEM)


def last(hospital: Hospital, event: str) -> str:
    """What the audit keeps of the newest such event beside who and when."""
    return hospital.sql(f"SELECT detail FROM audit WHERE event = '{event}' ORDER BY entry DESC LIMIT 1")  # noqa: S608


@pytest.mark.sbis("NGS1.02.18", "a face completes a password where the hospital wants a second factor")
def test_a_face_completes_what_a_password_began(hospital: Hospital, bia: Person) -> None:
    made = enrol(bia)
    assert made.status_code == 201, made.text
    here = at_workstation(bia)
    assert kind(here.ask("GET", "/notes/drafts")) == "segundo-fator-obrigatorio"
    shown = show(here, ANA_AGAIN)
    assert shown.status_code == 200, shown.text
    assert shown.json() == {"limits": LIMITS}
    assert here.ask("GET", "/notes/drafts").status_code == 200
    assert here.ask("GET", "/session/face").json()["used_at"] is not None


def test_another_persons_face_completes_nothing_and_is_audited_without_what_it_looks_like(
    hospital: Hospital, bia: Person
) -> None:
    enrol(bia)
    here = at_workstation(bia)
    assert kind(show(here, BRUNO)) == "credenciais-recusadas"
    assert kind(here.ask("GET", "/notes/drafts")) == "segundo-fator-obrigatorio"
    face = hospital.sql("SELECT id FROM faces")
    assert last(hospital, "acesso.entrada-recusada") == f'{{"face": "{face}", "reason": "face-wrong"}}'


def test_tries_are_counted_apart_so_that_a_password_does_not_take_them_back(
    hospital: Hospital, bia: Person
) -> None:
    enrol(bia)
    here = at_workstation(bia)
    hospital.sql("UPDATE security_policies SET tries = 3, version = version + 1")
    for _ in range(3):
        assert show(here, BRUNO).status_code == 401
        here = here.sign_in()
    assert last(hospital, "acesso.bloqueio").startswith('{"face"')
    assert show(here).status_code == 401
    assert '"face-locked"' in last(hospital, "acesso.entrada-recusada")
    hospital.sql("UPDATE faces SET locked_until = now() - interval '1 second'")
    assert show(here).status_code == 200


@pytest.mark.parametrize(
    ("picture", "cause"),
    [(file(drawing()), "sem-rosto"), (file(drawing(1, 2)), "varios-rostos"), (b"GIF89a", "imagem")],
)
def test_a_picture_that_shows_no_one_face_is_no_try(
    hospital: Hospital, bia: Person, picture: bytes, cause: str
) -> None:
    assert enrol(bia, picture).json()["causa"] == cause
    assert enrol(bia).status_code == 201
    refused = show(at_workstation(bia), picture)
    assert (refused.status_code, refused.json()["causa"]) == (422, cause)
    assert hospital.sql("SELECT tries FROM faces") == "0"


def test_a_recorded_request_completes_nothing_a_second_time(bia: Person) -> None:
    enrol(bia)
    here = at_workstation(bia)
    challenge = here.challenge()
    assert show(here, BRUNO, challenge).status_code == 401
    assert kind(show(here, ANA, challenge)) == "tentativa-vencida"


def test_a_password_alone_enrols_no_face(hospital: Hospital, ana: Person, bia: Person) -> None:
    # Ana's session is all that the hospital asks of her so far, and is no more than a password.
    assert kind(enrol(ana)) == "chave-de-acesso-obrigatoria"
    assert kind(enrol(at_workstation(bia))) == "segundo-fator-obrigatorio"
    assert hospital.sql("SELECT count(*) FROM faces") == "0"


def test_a_face_is_enrolled_only_after_a_recent_proof(bia: Person) -> None:
    bia.hospital.pass_time(290)
    bia.keep(bia.renew())
    bia.hospital.pass_time(20)
    assert kind(enrol(bia)) == "confirme-sua-identidade"


def test_a_face_unlocks_no_session_and_completes_none_that_is_complete(bia: Person) -> None:
    enrol(bia)
    assert kind(show(bia)) == "conflito"
    here = at_workstation(bia)
    here.hospital.pass_time(901)
    here.keep(here.renew())
    assert kind(show(here)) == "sessao-bloqueada"


def test_a_face_long_after_the_password_completes_nothing(bia: Person) -> None:
    enrol(bia)
    here = at_workstation(bia)
    here.hospital.pass_time(290)
    here.keep(here.renew())
    here.hospital.pass_time(20)
    assert kind(show(here)) == "confirme-sua-identidade"


def test_whoever_came_in_by_a_face_opens_no_way_to_stronger_factors(hospital: Hospital, bia: Person) -> None:
    enrol(bia)
    [passkey] = bia.ask("GET", "/session/passkeys").json()
    here = at_workstation(bia)
    assert show(here).status_code == 200
    again = {"challenge": here.challenge(), "password": CHOSEN}
    assert here.ask("POST", "/session/proof", json=again).status_code == 204
    for refused in (
        add_passkey(here, telephone()),
        here.ask("DELETE", f"/session/passkeys/{passkey['id']}"),
        here.ask("POST", "/session/provider/start"),
        here.ask("POST", "/session/provider", json={"state": "x" * 43, "code": "x", "attempt": "x" * 43}),
        here.ask("DELETE", "/session/provider"),
        enrol(here),
    ):
        assert (refused.status_code, kind(refused)) == (403, "chave-de-acesso-obrigatoria")


def test_an_administrator_who_came_in_by_a_face_changes_nothing(hospital: Hospital, ana: Person) -> None:
    device = telephone()
    add_passkey(ana, device)
    ana.keep(enter_by_passkey(hospital, device))
    assert enrol(ana).status_code == 201
    here = at_workstation(ana)
    assert show(here).status_code == 200
    assert here.ask("GET", "/accounts").status_code == 200
    form = {"username": "carla", "name": "Carla", "cpf": "529.982.247-25", "roles": ["medico"]}
    assert kind(here.write("POST", "/accounts", form)) == "chave-de-acesso-obrigatoria"
    one = here.ask("POST", "/session/challenge").json()
    body = {"challenge": one["challenge"], "assertion": device.sign(one["passkey"])}
    assert here.ask("POST", "/session/proof/passkey", json=body).status_code == 204
    assert here.write("POST", "/accounts", form).status_code == 201


def test_who_takes_the_permission_back_leaves_nothing_of_their_face(hospital: Hospital, bia: Person) -> None:
    enrol(bia)
    assert last(hospital, "consentimento.registrado").endswith(f'"terms": "{TERMS}"}}')
    assert kind(enrol(bia)) == "conflito"
    assert bia.ask("DELETE", "/session/face").status_code == 204
    assert hospital.sql("SELECT sealed IS NULL, revoked_at IS NULL, terms FROM faces") == f"t|f|{TERMS}"
    assert last(hospital, "consentimento.revogado").startswith('{"face"')
    assert bia.ask("DELETE", "/session/face").status_code == 404
    assert kind(show(at_workstation(bia))) == "conflito"


def test_who_does_not_agree_or_read_an_older_text_is_not_enrolled(hospital: Hospital, bia: Person) -> None:
    assert enrol(bia, agreed=False).status_code == 422
    assert kind(enrol(bia, terms="rosto-0")) == "dados-invalidos"
    assert hospital.sql("SELECT count(*) FROM faces") == "0"


def test_a_closed_account_keeps_no_face(hospital: Hospital, ana: Person, bia: Person) -> None:
    enrol(bia)
    form = {"active": False, "reason": "Deixou o hospital"}
    assert ana.write("PUT", f"/accounts/{bia.account}/standing", form, 1).status_code == 200
    assert hospital.sql("SELECT sealed IS NULL FROM faces") == "t"


def test_what_is_kept_is_sealed_for_one_row_and_read_by_the_service_alone(
    hospital: Hospital, bia: Person
) -> None:
    enrol(bia)
    assert hospital.sql("SELECT substr(sealed, 1, 12) FROM faces") == f"\\x{b'PRN100000001'.hex()}"
    assert hospital.sql("SELECT has_table_privilege('medical_read', 'faces', 'SELECT')") == "f"
    assert hospital.sql("SELECT has_table_privilege('medical_app', 'faces', 'DELETE')") == "f"
    here = at_workstation(bia)
    hospital.sql("UPDATE faces SET id = gen_random_uuid()")
    assert kind(show(here)) == "reconhecimento-facial-indisponivel"


def test_numbers_of_another_model_are_not_compared(hospital: Hospital, bia: Person) -> None:
    enrol(bia)
    hospital.sql("UPDATE faces SET model = 'another'")
    assert kind(show(at_workstation(bia))) == "conflito"


def test_a_threshold_of_the_hospital_decides(migrated: Settings, server: Server) -> None:
    strict = Hospital(migrated.model_copy(update={"face_threshold": 0.99}), server)
    with strict.client:
        bia = strict.administrator()
        device = telephone()
        add_passkey(bia, device)
        bia.keep(enter_by_passkey(strict, device))
        assert enrol(bia).status_code == 201
        worse = drawing(1).resize((60, 44)).resize((480, 352))
        assert show(at_workstation(bia), file(worse)).status_code == 401


def test_without_models_the_factor_alone_is_refused(migrated: Settings, server: Server) -> None:
    plain = Hospital(migrated.model_copy(update={"face_models": None}), server)
    with plain.client:
        ana = plain.administrator()
        assert ana.ask("GET", "/session/face").json()["available"] is False
        for refused in (enrol(ana), show(ana)):
            assert (refused.status_code, kind(refused)) == (409, "reconhecimento-facial-ausente")
        assert ana.ask("GET", "/accounts").status_code == 200


def test_with_models_that_are_gone_the_factor_alone_is_away(
    migrated: Settings, server: Server, tmp_path: Path
) -> None:
    broken = Hospital(migrated.model_copy(update={"face_models": tmp_path}), server)
    with broken.client:
        ana = broken.administrator()
        device = telephone()
        add_passkey(ana, device)
        ana.keep(enter_by_passkey(broken, device))
        assert kind(enrol(ana)) == "reconhecimento-facial-indisponivel"
        assert ana.ask("GET", "/accounts").status_code == 200
