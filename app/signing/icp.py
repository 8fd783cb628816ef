"""What ICP-Brasil puts into a person's certificate, and what a signature of the record asks of it.

DOC-ICP-04: the holder's data are an ``otherName`` of the subject's alternative names, 2.16.76.1.3.1: date of
birth (8 digits), CPF (11), and more that is not used here.
"""

from datetime import datetime

from asn1crypto import x509
from asn1crypto.core import Any as AnyValue

from app.signing.values import CertificateRefused

HOLDER = "2.16.76.1.3.1"
_CPF = slice(8, 19)
_USAGE = frozenset({"digital_signature", "non_repudiation"})
_SMALLEST_RSA = 2048


def read_certificate(content: bytes) -> x509.Certificate:
    """A certificate from DER; raises CertificateRefused."""
    try:
        certificate = x509.Certificate.load(content, strict=True)
        certificate.native  # noqa: B018 (asn1crypto parses lazily: everything is read now)
    except (ValueError, TypeError, OverflowError) as error:
        raise CertificateRefused("ilegivel", "O certificado enviado não pôde ser lido.") from error
    return certificate


def cpf_of(certificate: x509.Certificate) -> str | None:
    """The holder's 11 digits; None in a certificate that is no person's of ICP-Brasil."""
    names = certificate.subject_alt_name_value
    for name in names or ():
        if name.name == "other_name" and name.chosen["type_id"].dotted == HOLDER:
            digits = _text(name.chosen["value"])[_CPF]
            return digits if len(digits) == 11 and digits.isdigit() and digits.strip("0") else None
    return None


def check_holder(certificate: x509.Certificate, cpf: str, now: datetime) -> None:
    """That the certificate is ``cpf``'s, in its time, and made to sign with; raises CertificateRefused."""
    if now < certificate.not_valid_before:
        raise CertificateRefused("ainda-nao-valido", "O certificado ainda não está em vigor.")
    if now > certificate.not_valid_after:
        raise CertificateRefused("vencido", "O certificado está vencido. Use um certificado em vigor.")
    holder = cpf_of(certificate)
    if holder is None:
        raise CertificateRefused("sem-cpf", "O certificado não é de pessoa física da ICP-Brasil.")
    if holder != cpf:
        raise CertificateRefused("cpf-diferente", "O certificado pertence a outra pessoa.")
    usage = certificate.key_usage_value
    if usage is None or not usage.native >= _USAGE:
        raise CertificateRefused("uso-indevido", "O certificado não foi emitido para assinar documentos.")
    if certificate.ca:
        raise CertificateRefused("uso-indevido", "O certificado é de uma autoridade, não de uma pessoa.")
    key = certificate.public_key
    if key.algorithm not in {"rsa", "ec"} or (key.algorithm == "rsa" and key.bit_size < _SMALLEST_RSA):
        raise CertificateRefused("chave-fraca", "A chave do certificado não é aceita para assinar.")


def _text(value: AnyValue) -> str:
    parsed = value.parsed if isinstance(value, AnyValue) else value
    native = parsed.native
    return native.decode("latin-1") if isinstance(native, bytes) else str(native)
