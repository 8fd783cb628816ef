"""Signing and judging, against an authority of our own."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.printing.pdf import Part, Printed, render
from app.signing.icp import check_holder, cpf_of, read_certificate
from app.signing.pades import finish, prepare
from app.signing.trust import Trust
from app.signing.values import (
    CertificateRefused,
    Prepared,
    RevocationUnknown,
    SignatureRefused,
    State,
    Verdict,
    digest_of,
    whole,
)
from app.signing.verdict import judge
from tests.unit.app.signing.authority import CPF, Authority, Holder, now

NOTE = Printed(
    "Evolução médica", "Hospital de Teste", "Prontuário 0.1", [("Paciente", "Ana Sá")],
    [("Atendimento", "21/11/2026 10:00")], [Part("Texto", ["PA 120/80 mmHg; ≥ 3 dias. #panic() $x$"])],
    "rodapé",
    datetime(2026, 11, 21, 13, tzinfo=UTC),
)  # fmt: skip
PDF = render(NOTE)
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505


@pytest.fixture
def authority() -> Authority:
    """An authority of this test's own."""
    return Authority()


def signed(holder: Holder, pdf: bytes = PDF, at: datetime | None = None) -> bytes:
    """``pdf`` signed by the device of ``holder``."""

    async def work() -> bytes:
        prepared = await prepare(pdf, holder.parsed, "Assinatura1", at or now())
        return await finish(prepared, holder.parsed, holder.sign(prepared.attributes))

    return asyncio.run(work())


def verdict(pdf: bytes, trust: Trust, at: datetime | None = None) -> Verdict:
    """What it is worth."""
    return whole(asyncio.run(judge(pdf, trust, at)))


@pytest.mark.sbis("NGS2.02.01", "signatures are PAdES, with the chain to a root that the hospital trusts")
@pytest.mark.parametrize("key", ["ec", "rsa"])
def test_what_a_person_signs_is_valid_and_names_them(authority: Authority, key: str) -> None:
    holder = authority.person(key=rsa.generate_private_key(65537, 2048) if key == "rsa" else None)
    seen = verdict(signed(holder), authority.trust())
    assert (seen.state, seen.cause, seen.signer) == (State.VALID, "", CPF)


@pytest.mark.sbis("NGS2.02.03", "the time of signing stands in the signed bytes")
def test_the_time_of_signing_is_signed(authority: Authority) -> None:
    at = now() - timedelta(hours=3)
    assert verdict(signed(authority.person(), at=at), authority.trust()).claimed == at


@pytest.mark.sbis("NGS2.02.04", "the signed document begins with the very bytes that were shown")
def test_what_is_signed_is_what_was_seen(authority: Authority) -> None:
    made = signed(authority.person())
    assert made.startswith(PDF)
    assert digest_of(made[: len(PDF)]) == digest_of(PDF)


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_a_changed_document_is_invalid(authority: Authority, place: float) -> None:
    made = bytearray(signed(authority.person()))
    made[int(len(PDF) * place)] ^= 1
    assert verdict(bytes(made), authority.trust()).state is not State.VALID


def test_a_changed_word_is_told_as_a_change(authority: Authority) -> None:
    made = signed(authority.person())
    start = made.index(b"stream", len(PDF) // 2) + 20
    changed = made[:start] + bytes([made[start] ^ 1]) + made[start + 1 :]
    assert verdict(changed, authority.trust()) == Verdict(
        State.INVALID,
        "O documento foi alterado depois de assinado.",
        CPF,
        verdict(made, authority.trust()).claimed,
    )


def test_somebody_elses_signature_is_not_put_in(authority: Authority) -> None:
    mine, other = authority.person(), authority.person()

    async def work() -> None:
        prepared = await prepare(PDF, mine.parsed, "Assinatura1", now())
        with pytest.raises(SignatureRefused):
            await finish(prepared, mine.parsed, other.sign(prepared.attributes))
        with pytest.raises(SignatureRefused):
            await finish(prepared, mine.parsed, mine.sign(b"something else"))

    asyncio.run(work())


@pytest.mark.sbis("NGS2.01.02", "only the certificate with the user's own CPF signs")
def test_the_certificate_must_be_the_signers_own(authority: Authority) -> None:
    assert cpf_of(authority.person().parsed) == CPF
    with pytest.raises(CertificateRefused) as refused:
        check_holder(authority.person("11144477735").parsed, CPF, now())
    assert refused.value.cause == "cpf-diferente"


@pytest.mark.sbis("NGS2.02.02", "a certificate that was not made for signing is refused")
@pytest.mark.parametrize(
    ("made", "cause"),
    [
        (lambda one: one.person(days=(-400, -1)), "vencido"),
        (lambda one: one.person(days=(1, 400)), "ainda-nao-valido"),
        (lambda one: one.person(None), "sem-cpf"),
        (lambda one: one.person("00000000000"), "sem-cpf"),
        (lambda one: one.person(signs=False), "uso-indevido"),
        (lambda one: one.person(key=WEAK), "chave-fraca"),
        (lambda one: one.issuing, "sem-cpf"),
    ],
)
def test_a_certificate_that_cannot_sign_is_refused_with_its_cause(
    authority: Authority, made: Callable[[Authority], Holder], cause: str
) -> None:
    with pytest.raises(CertificateRefused) as refused:
        check_holder(made(authority).parsed, CPF, now())
    assert refused.value.cause == cause


@pytest.mark.parametrize("content", [b"", b"\x30\x03abc", b"-----BEGIN CERTIFICATE-----", b"\xff" * 200])
def test_what_is_no_certificate_is_refused(content: bytes) -> None:
    with pytest.raises(CertificateRefused) as refused:
        read_certificate(content)
    assert refused.value.cause == "ilegivel"


@pytest.mark.sbis("NGS2.01.03", "chain, validity and revocation are checked at each use, by the server")
def test_a_stranger_a_revoked_and_an_unknown_certificate_are_told_apart(authority: Authority) -> None:
    holder = authority.person()
    asyncio.run(authority.trust().check(holder.parsed, now()))
    with pytest.raises(CertificateRefused) as stranger:
        asyncio.run(Authority().trust().check(holder.parsed, now()))
    assert stranger.value.cause == "cadeia-desconhecida"
    with pytest.raises(RevocationUnknown):
        asyncio.run(authority.trust(lists=False).check(holder.parsed, now()))
    authority.revoke(holder, now() - timedelta(days=1))
    with pytest.raises(CertificateRefused) as revoked:
        asyncio.run(authority.trust().check(holder.parsed, now()))
    assert revoked.value.cause == "revogado"


@pytest.mark.sbis("NGS2.03.02", "without a time stamp, revocation counts as of the time of signing")
def test_revocation_counts_from_when_it_was(authority: Authority) -> None:
    holder = authority.person()
    made = signed(holder, at=now() - timedelta(days=2))
    authority.revoke(holder, now() - timedelta(days=1))
    assert verdict(made, authority.trust()).state is State.VALID
    seen = verdict(made, authority.trust(), now())
    assert (seen.state, seen.cause) == (State.INVALID, "O certificado estava revogado.")


@pytest.mark.sbis("NGS2.03.04", "a signature is valid, invalid or undetermined, each with its cause")
def test_each_state_has_its_cause(authority: Authority) -> None:
    made = signed(authority.person())
    unknown = verdict(made, authority.trust(lists=False))
    assert unknown.state is State.UNDETERMINED
    assert "revogação" in unknown.cause
    stranger = verdict(made, Authority().trust())
    assert (stranger.state, stranger.cause) == (
        State.UNDETERMINED, "O certificado não foi emitido por uma autoridade da ICP-Brasil.",
    )  # fmt: skip
    assert verdict(made, Trust(())).cause == "O emissor do certificado não é reconhecido."
    expired = verdict(signed(authority.person(days=(-40, -1)), at=now()), authority.trust())
    assert (expired.state, expired.cause) == (State.INVALID, "O certificado não estava em vigor.")
    assert verdict(PDF, authority.trust()).cause == "O documento não contém assinatura."
    assert verdict(b"%PDF-1.7 nothing", authority.trust()).state is State.UNDETERMINED


def renamed(prepared: Prepared, filter_: bytes, subfilter: bytes) -> Prepared:
    """The same document with other names for its kind of signature, of the same length."""
    pdf = prepared.pdf.replace(b"/Adobe.PPKLite", filter_.ljust(14))
    pdf = pdf.replace(b"/ETSI.CAdES.detached", subfilter.ljust(20))
    digest = sha256(pdf[: prepared.start] + pdf[prepared.end :]).digest()
    attributes = prepared.attributes.replace(prepared.digest, digest)
    return replace(prepared, pdf=pdf, digest=digest, attributes=attributes)


@pytest.mark.parametrize(
    ("filter_", "subfilter", "expected"),
    [
        (b"/PBAD_PAdES", b"/PBAD.PAdES", State.VALID),
        (b"/Adobe.PPKLite", b"/Nobody.Knows", State.UNDETERMINED),
    ],
)
def test_signatures_named_as_iti_does_and_of_unknown_kinds_are_seen(
    authority: Authority, filter_: bytes, subfilter: bytes, expected: State
) -> None:
    holder = authority.person()

    async def work() -> bytes:
        prepared = renamed(await prepare(PDF, holder.parsed, "A1", now()), filter_, subfilter)
        return await finish(prepared, holder.parsed, holder.sign(prepared.attributes))

    made = asyncio.run(work())
    assert subfilter in made
    assert [one.state for one in asyncio.run(judge(made, authority.trust()))] == [expected]


def test_no_log_names_the_holder_of_a_certificate(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    made = signed(authority.person())
    with caplog.at_level("DEBUG"):
        for trust in (authority.trust(), authority.trust(lists=False), Authority().trust(), Trust(())):
            verdict(made, trust)
    assert "PESSOA DE TESTE" not in caplog.text


def test_two_people_sign_one_document(authority: Authority) -> None:
    first = signed(authority.person())
    second = authority.person("11144477735")

    async def work() -> bytes:
        prepared = await prepare(first, second.parsed, "Assinatura2", now())
        return await finish(prepared, second.parsed, second.sign(prepared.attributes))

    both = asyncio.run(work())
    verdicts = asyncio.run(judge(both, authority.trust()))
    assert [(one.state, one.signer) for one in verdicts] == [(State.VALID, CPF), (State.VALID, "11144477735")]


def test_trust_is_read_from_files(authority: Authority, tmp_path: Path) -> None:
    folder = authority.write(tmp_path)
    trust = Trust.in_folder(folder)
    assert verdict(signed(authority.person()), trust).state is State.VALID
    assert Trust.in_folder(folder / "nowhere") == Trust(())
