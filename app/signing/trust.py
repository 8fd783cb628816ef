"""Whom the hospital trusts: roots, intermediate authorities and their lists of revoked certificates (LCR).

They are files in one folder, brought by whoever operates the hospital: nothing is fetched while a clinician
waits, and a hospital without a way out can sign all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asn1crypto import pem, x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    NotYetValidError,
    PathError,
    RevokedError,
    ValidationError,
)

from app.signing.values import CertificateRefused, RevocationUnknown


@dataclass(frozen=True)
class Trust:
    """Certificates in DER; ``lists`` are LCRs in DER."""

    roots: tuple[bytes, ...]
    authorities: tuple[bytes, ...] = ()
    lists: tuple[bytes, ...] = ()

    @classmethod
    def in_folder(cls, folder: Path) -> "Trust":
        """From ``raizes/``, ``autoridades/`` and ``lcr/``, PEM or DER; a folder that is missing is empty."""
        return cls(*(_files(folder / name) for name in ("raizes", "autoridades", "lcr")))

    def context(
        self, moment: datetime | None = None, extra: Sequence[x509.Certificate] = ()
    ) -> ValidationContext:
        """How pyHanko is to judge at ``moment`` (None: now): with revocation, and without the network."""
        return ValidationContext(
            trust_roots=[x509.Certificate.load(one) for one in self.roots],
            other_certs=[*(x509.Certificate.load(one) for one in self.authorities), *extra],
            crls=list(self.lists),
            moment=moment,
            allow_fetching=False,
            revocation_mode="require",
            retroactive_revinfo=True,
        )

    async def check(self, certificate: x509.Certificate, moment: datetime | None) -> None:
        """That the chain of ``certificate`` ended at a root, and nothing in it was expired or revoked.

        Raises CertificateRefused or RevocationUnknown.
        """
        judge = CertificateValidator(certificate, validation_context=self.context(moment))
        try:
            await judge.async_validate_usage({"digital_signature", "non_repudiation"})  # type: ignore[no-untyped-call]
        except RevokedError as error:
            raise CertificateRefused("revogado", "O certificado foi revogado.") from error
        except InsufficientRevinfoError as error:
            raise RevocationUnknown from error
        except (ExpiredError, NotYetValidError) as error:
            raise CertificateRefused(
                "vencido", "O certificado, ou o de quem o emitiu, está vencido."
            ) from error
        except (PathError, ValidationError) as error:
            raise CertificateRefused(
                "cadeia-desconhecida", "O certificado não foi emitido por uma autoridade da ICP-Brasil."
            ) from error


def _files(folder: Path) -> tuple[bytes, ...]:
    found: list[bytes] = []
    for file in sorted(folder.glob("*")) if folder.is_dir() else ():
        content = file.read_bytes()
        found += (
            [der for _, _, der in pem.unarmor(content, multiple=True)] if pem.detect(content) else [content]
        )
    return tuple(found)
