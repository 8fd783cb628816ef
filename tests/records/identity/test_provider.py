"""Signing in through a real OpenID provider; what another browser, attempt or key brings opens nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.domain.caller import Role
from app.settings import Settings
from tests.records.identity.hospital import Hospital, Person, forged_token
from tests.records.identity.provider_process import SECRET, ProviderProcess, install

SITE = "prontuario.hospital.example"
RETURN = f"https://{SITE}/entrar/retorno"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The provider's program."""
    return install(tmp_path_factory.mktemp("provider"))


@pytest.fixture
def provider(installed: Path) -> Iterator[ProviderProcess]:
    """A provider that runs."""
    one = ProviderProcess(installed, RETURN).start()
    yield one
    one.stop()


@pytest.fixture
def migrated(migrated: Settings, provider: ProviderProcess) -> Settings:
    """A hospital that relies on it."""
    migrated.secret_path("oidc-client-secret").write_text(f"{SECRET}\n")
    return migrated.model_copy(update={"site": SITE, "oidc_issuer": provider.issuer})


def begin(hospital: Hospital) -> dict[str, str]:
    """Where to go, and the browser's secret."""
    answer = hospital.client.request("POST", "/api/v1/sessions/provider/start")
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def finish(hospital: Hospital, begun: dict[str, str], back: dict[str, str]) -> httpx.Response:
    """Come back."""
    body = {"attempt": begun["attempt"]} | back
    return hospital.client.request("POST", "/api/v1/sessions/provider", json=body)


def tie(person: Person, provider: ProviderProcess, login: str) -> httpx.Response:
    """Tie the person's account to ``login``."""
    begun = person.ask("POST", "/session/provider/start").json()
    back = provider.visit(begun["url"], login)
    return person.ask("POST", "/session/provider", json={"attempt": begun["attempt"]} | back)


def sign_in(hospital: Hospital, provider: ProviderProcess, login: str) -> httpx.Response:
    """An honest attempt."""
    begun = begin(hospital)
    return finish(hospital, begun, provider.visit(begun["url"], login))


def test_a_tied_account_is_opened_by_its_person_at_the_provider(
    hospital: Hospital, ana: Person, provider: ProviderProcess
) -> None:
    assert tie(ana, provider, "ana@hospital").status_code == 204
    answer = sign_in(hospital, provider, "ana@hospital")
    assert answer.status_code == 201, answer.text
    assert answer.json()["details"]["name"] == "Ana Admin"
    assert answer.json()["details"]["method"] == "provedor"


def test_the_request_carries_pkce_nonce_and_state(hospital: Hospital, provider: ProviderProcess) -> None:
    asked = parse_qs(urlsplit(begin(hospital)["url"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [RETURN]
    assert asked["response_type"] == ["code"]
    assert all(len(asked[name][0]) == 43 for name in ("state", "nonce", "code_challenge"))


def test_somebody_the_provider_knows_and_we_do_not_gets_the_one_refusal(
    hospital: Hospital, ana: Person, provider: ProviderProcess
) -> None:
    # The same words as the username: nobody is matched by what the provider lets people choose.
    refused = sign_in(hospital, provider, ana.username)
    assert refused.status_code == 401
    assert refused.json()["type"] == "urn:prontuario:problema:credenciais-recusadas"


def test_a_return_replayed_opens_nothing(hospital: Hospital, ana: Person, provider: ProviderProcess) -> None:
    tie(ana, provider, "ana@hospital")
    begun = begin(hospital)
    back = provider.visit(begun["url"], "ana@hospital")
    assert finish(hospital, begun, back).status_code == 201
    assert finish(hospital, begun, back).status_code == 409
    # The same code under a new attempt: the provider has given it out once, for another verifier.
    other = begin(hospital)
    state = parse_qs(urlsplit(other["url"]).query)["state"][0]
    assert finish(hospital, other, back | {"state": state}).status_code == 401


def test_a_return_in_another_browser_opens_nothing(
    hospital: Hospital, ana: Person, provider: ProviderProcess
) -> None:
    tie(ana, provider, "ana@hospital")
    begun = begin(hospital)
    back = provider.visit(begun["url"], "ana@hospital")
    assert finish(hospital, {"attempt": forged_token()}, back).status_code == 401
    assert finish(hospital, begun, back).status_code == 409


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"state": forged_token()}, 409, id="another state"),
        ({"code": "made-up"}, 401),
        ({"iss": "https://other.example"}, 401),
        ({"code": ""}, 422),
    ],
    ids=str,
)
def test_a_forged_return_opens_nothing(
    hospital: Hospital, ana: Person, provider: ProviderProcess, change: dict[str, str], status: int
) -> None:
    tie(ana, provider, "ana@hospital")
    begun = begin(hospital)
    back = provider.visit(begun["url"], "ana@hospital")
    assert finish(hospital, begun, back | change).status_code == status


def test_a_code_of_another_attempt_carries_another_nonce_and_verifier(
    hospital: Hospital, ana: Person, provider: ProviderProcess
) -> None:
    tie(ana, provider, "ana@hospital")
    victim, attacker = begin(hospital), begin(hospital)
    code = provider.visit(attacker["url"], "ana@hospital")["code"]
    back = provider.visit(victim["url"], "ana@hospital")
    assert finish(hospital, victim, back | {"code": code}).status_code == 401


@pytest.mark.parametrize(("skew", "status"), [(30, 201), (-30, 201), (600, 401), (-150, 401)])
def test_a_providers_clock_may_be_off_by_a_minute_and_no_more(
    hospital: Hospital, ana: Person, provider: ProviderProcess, skew: int, status: int
) -> None:
    tie(ana, provider, "ana@hospital")
    provider.stop()
    provider.start(key="second", skew=skew)
    assert sign_in(hospital, provider, "ana@hospital").status_code == status


def test_a_key_that_pretends_to_be_the_providers_signs_for_nobody(
    hospital: Hospital, ana: Person, provider: ProviderProcess
) -> None:
    tie(ana, provider, "ana@hospital")
    provider.stop()
    provider.start(key="first")
    assert sign_in(hospital, provider, "ana@hospital").status_code == 401
    why = "SELECT detail ->> 'reason' FROM audit WHERE event = 'acesso.entrada-recusada'"
    assert hospital.sql(why) == "provider-wrong"


def test_without_its_provider_the_hospital_goes_on_with_local_accounts(
    hospital: Hospital, ana: Person, provider: ProviderProcess
) -> None:
    begun = begin(hospital)
    back = provider.visit(begun["url"], "ana@hospital")
    provider.stop()
    away = finish(hospital, begun, back)
    assert away.status_code == 503
    assert away.json()["type"] == "urn:prontuario:problema:provedor-indisponivel"
    assert ana.sign_in().ask("GET", "/accounts").status_code == 200


def test_one_person_there_is_one_account_here(
    hospital: Hospital, ana: Person, provider: ProviderProcess
) -> None:
    bia = hospital.employ(ana, "bia", Role.NURSE)
    assert tie(ana, provider, "ana@hospital").status_code == 204
    assert tie(bia, provider, "ana@hospital").status_code == 409
    assert tie(ana, provider, "other@hospital").status_code == 409
    assert ana.ask("DELETE", "/session/provider").status_code == 204
    assert sign_in(hospital, provider, "ana@hospital").status_code == 401
    assert tie(bia, provider, "ana@hospital").status_code == 204


def test_a_closed_account_is_not_opened_by_the_provider(
    hospital: Hospital, ana: Person, provider: ProviderProcess
) -> None:
    bia = hospital.employ(ana, "bia", Role.NURSE)
    tie(bia, provider, "bia@hospital")
    body: dict[str, Any] = {"active": False, "reason": "saiu do hospital"}
    assert ana.write("PUT", f"/accounts/{bia.account}/standing", body, 1).status_code == 200
    assert sign_in(hospital, provider, "bia@hospital").status_code == 401


def test_a_hospital_without_a_provider_says_so(migrated: Settings, hospital: Hospital) -> None:
    alone = Hospital(migrated.model_copy(update={"oidc_issuer": None}), hospital.server)
    with alone.client:
        assert alone.client.request("POST", "/api/v1/sessions/provider/start").status_code == 409
