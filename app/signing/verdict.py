"""What the signatures in a PDF are worth: válida, inválida or indeterminada, and why."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from io import BytesIO

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESStatus, AdESSubIndic
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.general import ValueErrorWithMessage
from pyhanko.sign.validation import EmbeddedPdfSignature, async_validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel

from app.signing.icp import cpf_of
from app.signing.trust import Trust
from app.signing.values import CertificateRefused, RevocationUnknown, State, Verdict

NOT_READABLE = Verdict(State.UNDETERMINED, "O documento não pôde ser lido.")
NO_SIGNATURE = Verdict(State.INVALID, "O documento não contém assinatura.")
UNKNOWN_KIND = Verdict(State.UNDETERMINED, "A assinatura é de um tipo que este sistema não verifica.")

_CAUSES: dict[AdESSubIndic, str] = {
    AdESFailure.HASH_FAILURE: "O documento foi alterado depois de assinado.",
    AdESFailure.SIG_CRYPTO_FAILURE: "A assinatura não corresponde ao certificado.",
    AdESFailure.FORMAT_FAILURE: "A assinatura está malformada.",
    AdESIndeterminate.REVOKED_NO_POE: "O certificado estava revogado.",
    AdESIndeterminate.REVOKED_CA_NO_POE: "O certificado da autoridade estava revogado.",
    AdESIndeterminate.TRY_LATER: "A revogação do certificado não pôde ser verificada agora.",
    AdESIndeterminate.OUT_OF_BOUNDS_NO_POE: "O certificado não estava em vigor.",
    AdESIndeterminate.OUT_OF_BOUNDS_NOT_REVOKED: "O certificado não estava em vigor.",
    AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND: "O emissor do certificado não é reconhecido.",
    AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE: "O certificado não foi emitido para assinar documentos.",
    AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE: "A cadeia do certificado não pôde ser verificada.",
}
_PROVED_BAD = frozenset(
    {
        AdESIndeterminate.REVOKED_NO_POE,
        AdESIndeterminate.REVOKED_CA_NO_POE,
        AdESIndeterminate.OUT_OF_BOUNDS_NO_POE,
        AdESIndeterminate.OUT_OF_BOUNDS_NOT_REVOKED,
        AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE,
    }
)
"""Indeterminate for ETSI, which waits for proof of an earlier time; we judge at the time of signing, so none
can come."""
_OTHER = "A assinatura não pôde ser verificada."


async def judge(pdf: bytes, trust: Trust, signed_at: datetime | None = None) -> Sequence[Verdict]:
    """A verdict for each signature of ``pdf``, at least one: no signature is a verdict too.

    signed_at: when it was signed, where that is known better than the document says (our own record of it).
        Certificates and their revocation are judged as of then; without it, as of when the signature claims.
    """
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=False)
        found = reader.embedded_regular_signatures
        fields = list(enumerate_sig_fields(reader, filled_status=True))
        unknown = len(fields) - len(reader.embedded_signatures)
    except (PdfError, ValueError, KeyError, TypeError, RecursionError, AttributeError):
        return [NOT_READABLE]
    if not fields:
        return [NO_SIGNATURE]
    # Those of a kind that pyHanko passes over are told all the same.
    return [*[await _one(one, trust, signed_at) for one in found], *([UNKNOWN_KIND] * unknown)]


async def _one(signature: EmbeddedPdfSignature, trust: Trust, signed_at: datetime | None) -> Verdict:
    try:
        claimed = signature.self_reported_timestamp
        context = trust.context(signed_at or claimed, list(signature.other_embedded_certs))
        status = await async_validate_pdf_signature(
            signature,
            context,
            key_usage_settings=KeyUsageConstraints({"digital_signature", "non_repudiation"}),
        )
    except (ValueErrorWithMessage, PdfError, ValueError, KeyError, TypeError, AttributeError):
        return Verdict(State.UNDETERMINED, "A assinatura está malformada ou incompleta.")
    seen = _judged(status, cpf_of(status.signing_cert), claimed)
    if status.trust_problem_indic is AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE:
        return replace(seen, cause=await _chain_fault(status, trust, signed_at or claimed) or seen.cause)
    return seen


async def _chain_fault(status: PdfSignatureStatus, trust: Trust, moment: datetime | None) -> str:
    """What pyHanko does not tell apart."""
    try:
        await trust.check(status.signing_cert, moment)
    except RevocationUnknown:
        return _CAUSES[AdESIndeterminate.TRY_LATER]
    except CertificateRefused as refused:
        return refused.detail
    return ""


def _judged(status: PdfSignatureStatus, signer: str | None, claimed: datetime | None) -> Verdict:
    problem: AdESSubIndic | None = status.trust_problem_indic
    covered = status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION and status.docmdp_ok
    if not (status.intact and covered):
        problem = AdESFailure.HASH_FAILURE
    elif not status.valid:
        problem = AdESFailure.SIG_CRYPTO_FAILURE
    if problem is not None:
        failed = problem.status is AdESStatus.FAILED or problem in _PROVED_BAD
        state = State.INVALID if failed else State.UNDETERMINED
        return Verdict(state, _CAUSES.get(problem, _OTHER), signer, claimed)
    if not status.bottom_line:
        return Verdict(State.UNDETERMINED, _OTHER, signer, claimed)
    if signer is None:
        return Verdict(
            State.UNDETERMINED, "O certificado não é de pessoa física da ICP-Brasil.", None, claimed
        )
    return Verdict(State.VALID, "", signer, claimed)
