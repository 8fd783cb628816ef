"""PAdES in two steps, because the key never is here: ``prepare`` says what to sign, ``finish`` puts it in.

The signed document begins with the very bytes that were shown (an incremental update), so what was signed is
what was seen.
"""

from datetime import datetime
from io import BytesIO

from asn1crypto import algos, cms, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_cms import ExternalSigner
from pyhanko.sign.signers.pdf_signer import PdfTBSDocument
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.signing.values import Prepared, SignatureRefused

_DIGEST = "sha256"
_RESERVED = 32768
"""Hexadecimal digits for the signature and its chain."""


async def prepare(pdf: bytes, certificate: x509.Certificate, field: str, now: datetime) -> Prepared:
    """Make the hole in ``pdf`` and say what is to be signed. ``now`` stands in the signed bytes."""
    signer = _signer(certificate, bytes(512))
    meta = PdfSignatureMetadata(field_name=field, md_algorithm=_DIGEST, subfilter=SigSeedSubFilter.PADES)
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    session = PdfSigner(meta, signer=signer).init_signing_session(writer)
    session.system_time = now
    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=_RESERVED)
    hole = BytesIO()
    digest, _ = document.digest_tbs_document(output=hole)
    attributes = await signer.signed_attrs(digest.document_digest, _DIGEST, use_pades=True)
    return Prepared(
        hole.getvalue(),
        digest.document_digest,
        digest.reserved_region_start,
        digest.reserved_region_end,
        attributes.untag().dump(),
    )


async def finish(prepared: Prepared, certificate: x509.Certificate, value: bytes) -> bytes:
    """The signed document; raises SignatureRefused when ``value`` does not sign ``prepared.attributes``."""
    _check(certificate, value, prepared.attributes)
    attributes = cms.CMSAttributes.load(prepared.attributes)
    signature = await _signer(certificate, value).async_sign_prescribed_attributes(_DIGEST, attributes)
    output = BytesIO(prepared.pdf)
    hole = PreparedByteRangeDigest(prepared.digest, prepared.start, prepared.end)
    await PdfTBSDocument.async_finish_signing(output, hole, signature)
    return output.getvalue()


def _signer(certificate: x509.Certificate, value: bytes) -> ExternalSigner:
    mechanism = {"rsa": "sha256_rsa", "ec": "sha256_ecdsa"}[certificate.public_key.algorithm]
    return ExternalSigner(
        certificate,
        SimpleCertificateStore(),  # type: ignore[no-untyped-call]
        signature_value=value,
        signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": mechanism}),
    )


def _check(certificate: x509.Certificate, value: bytes, signed: bytes) -> None:
    key = serialization.load_der_public_key(certificate.public_key.dump())
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, signed, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise SignatureRefused(
            "nao-confere", "A assinatura não corresponde ao documento e ao certificado. Assine novamente."
        ) from error
