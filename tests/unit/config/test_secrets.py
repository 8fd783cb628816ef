"""Secrets beside the hospital's block: read once, judged at once, shown nowhere."""

import json
from collections.abc import Iterator

import pulumi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pulumi.runtime import set_all_config

from app.signing.trust import Trust
from infra.config.certificates import sorted_trust
from infra.config.load import ConfigurationError, from_pulumi
from infra.config.model import Hospital
from tests.unit.app.signing.authority import Authority
from tests.unit.config.cases import changed

WORD = "hunter2"
PROVIDER = {"issuer": "https://sso.hospital.internal/clinica", "address": "192.168.100.30"}
AUTHORITY = Authority()


def pem(*, roots: bool = True, lists: bool = True) -> str:
    """What an administrator gathers, notes between the blocks included."""
    return gathered(AUTHORITY.trust(lists=lists), roots=roots)


def gathered(trust: Trust, *, roots: bool = True) -> str:
    """The same of a trust, with or without its roots."""
    certificates = [*(trust.roots if roots else ()), *trust.authorities]
    blocks = [x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in certificates]
    blocks += [x509.load_der_x509_crl(one).public_bytes(Encoding.PEM) for one in trust.lists]
    return "".join(f"# uma nota\n{one.decode()}" for one in blocks)


@pytest.fixture(autouse=True)
def _engine_configuration() -> Iterator[None]:
    """Leaves no configuration behind for other tests."""
    yield
    set_all_config({})


def read(secrets: dict[str, str], *, provider: bool = False, encrypted: bool = True) -> Hospital:
    """The hospital of a stack with these secrets."""
    document = changed("prod", {"identity_provider": PROVIDER} if provider else {})
    named = {f"prontuario:{name}": text for name, text in secrets.items()}
    told = {"prontuario:hospital": json.dumps(document), **named}
    set_all_config(told, list(named) if encrypted else [])
    return from_pulumi()


def refusals(secrets: dict[str, str], *, provider: bool = False, encrypted: bool = True) -> tuple[str, ...]:
    """Every line with which they are refused."""
    with pytest.raises(ConfigurationError) as refused:
        read(secrets, provider=provider, encrypted=encrypted)
    assert WORD not in str(refused.value)
    return refused.value.problems


def test_a_stack_without_secrets_has_no_files() -> None:
    assert (dict(read({}).secrets.provider), dict(read({}).secrets.signatures)) == ({}, {})


def test_the_word_for_the_provider_becomes_a_file_and_is_in_no_text_of_the_hospital() -> None:
    hospital = read({"oidcClientSecret": f"{WORD}\n"}, provider=True)
    assert hospital.secrets.provider == {"oidc-client-secret": f"{WORD}\n"}
    for text in (repr(hospital), str(hospital), hospital.model_dump_json(), repr(hospital.secrets)):
        assert WORD not in text


def test_a_provider_without_its_word_is_refused_by_an_update_and_not_by_a_preview(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = "identity_provider needs it: pulumi config set --secret prontuario:oidcClientSecret < FILE"
    assert refusals({}, provider=True) == (f"prontuario:oidcClientSecret: missing: {rule}",)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert read({}, provider=True).identity_provider is not None


def test_a_word_for_nobody_is_refused() -> None:
    (line,) = refusals({"oidcClientSecret": WORD})
    assert line.startswith("prontuario:oidcClientSecret: (hidden): there is no identity_provider: add")


@pytest.mark.parametrize("text", ["", " \n", f"{WORD}\nsecond line"])
def test_a_word_that_is_no_line_is_refused(text: str) -> None:
    (line,) = refusals({"oidcClientSecret": text}, provider=True)
    assert line == "prontuario:oidcClientSecret: (hidden): must be one line of text, as the provider shows it"


def test_a_secret_that_stands_in_clear_is_refused() -> None:
    (line,) = refusals({"oidcClientSecret": WORD}, provider=True, encrypted=False)
    command = "pulumi config set --secret prontuario:oidcClientSecret < FILE"
    assert line == f"prontuario:oidcClientSecret: (hidden): stands in clear in the stack file: {command}"


def test_the_providers_own_authority_becomes_a_file() -> None:
    own = pem(lists=False)
    hospital = read({"oidcClientSecret": WORD, "oidcAuthority": own}, provider=True)
    assert hospital.secrets.provider["oidc-authority"] == own


@pytest.mark.parametrize("text", ["", "not PEM", pem()], ids=["empty", "no PEM", "with lists"])
def test_an_authority_that_is_none_is_refused(text: str) -> None:
    (line,) = refusals({"oidcClientSecret": WORD, "oidcAuthority": text}, provider=True)
    assert line.startswith("prontuario:oidcAuthority: (hidden): ")


def test_the_trust_becomes_the_files_that_the_application_reads(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    trust = AUTHORITY.trust()
    files = read({"signatureTrust": gathered(trust)}).secrets.signatures
    folder = tmp_path_factory.mktemp("trust")
    for name, content in files.items():
        (folder / name).mkdir()
        (folder / name / "hospital.pem").write_text(content)
    assert Trust.in_folder(folder) == trust


def test_a_trust_that_could_judge_nothing_is_refused() -> None:
    assert "holds no root" in refusals({"signatureTrust": pem(roots=False)})[0]
    assert "holds no list of revoked" in refusals({"signatureTrust": pem(lists=False)})[0]
    assert "holds no root" in refusals({"signatureTrust": "not PEM"})[0]


def test_a_persons_certificate_is_no_trust() -> None:
    person = AUTHORITY.person().certificate.public_bytes(Encoding.PEM).decode()
    (line,) = refusals({"signatureTrust": pem() + person})
    assert "CN=PESSOA DE TESTE" in line
    assert "is no authority" in line


def test_a_private_key_is_refused_and_said_to_be_lost() -> None:
    key = AUTHORITY.root.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    (line,) = refusals({"signatureTrust": pem() + key})
    assert line.endswith("holds a private key: give certificates alone, and take that key for lost")


@pytest.mark.parametrize("kind", ["CERTIFICATE", "X509 CRL"])
def test_a_damaged_block_is_refused(kind: str) -> None:
    damaged = f"-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n"
    (line,) = refusals({"signatureTrust": pem() + damaged})
    assert line.endswith("cannot be read: fetch it again")


def test_more_than_the_cluster_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="characters are too many for the cluster"):
        sorted_trust(pem() * 1000)
