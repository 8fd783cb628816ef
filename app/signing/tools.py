"""Everything of signing that needs its library: loaded with the first signature that this process sees."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from asn1crypto import x509

from app.signing import pades, verdict
from app.signing.icp import check_holder, read_certificate
from app.signing.trust import Trust
from app.signing.values import CertificateRefused, Prepared, State, Verdict, whole


class Tools:
    """``trust``: folder of whom the hospital trusts (app/signing/trust.py); None: nobody."""

    def __init__(self, trust: Path | None) -> None:
        self._trust = Trust.in_folder(trust) if trust else Trust(())

    async def accept(self, content: bytes, cpf: str, now: datetime) -> x509.Certificate:
        """What is in DER, when it may sign for ``cpf``. Raises CertificateRefused or RevocationUnknown."""
        certificate = read_certificate(content)
        check_holder(certificate, cpf, now)
        await self._trust.check(certificate, now)
        return certificate

    async def prepare(self, pdf: bytes, certificate: x509.Certificate, field: str, now: datetime) -> Prepared:
        """See :func:`app.signing.pades.prepare`."""
        return await pades.prepare(pdf, certificate, field, now)

    async def finish(self, prepared: Prepared, certificate: bytes, value: bytes, at: datetime) -> bytes:
        """The signed document; raises SignatureRefused, or CertificateRefused when it is not valid."""
        signed = await pades.finish(prepared, read_certificate(certificate), value)
        seen = whole(await self.judge(signed, at))
        if seen.state is not State.VALID:
            raise CertificateRefused("nao-valida", f"A assinatura não é válida: {seen.cause}")
        return signed

    async def judge(self, pdf: bytes, signed_at: datetime | None) -> Sequence[Verdict]:
        """See :func:`app.signing.verdict.judge`."""
        return await verdict.judge(pdf, self._trust, signed_at)
