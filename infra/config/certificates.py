"""Certificates and lists of revoked ones, as an administrator gathers them in one PEM text.

ValueError says what to do. Apart from the rest of the configuration, because its library loads slowly.
"""

import re
from collections.abc import Iterator

from cryptography import x509

_CERTIFICATE, _LIST = "CERTIFICATE", "X509 CRL"
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_LARGEST = 700_000
"""Characters: a secret of the cluster holds a mebibyte, and what etcd takes at once is not much more."""


def check_authorities(text: str) -> None:
    """Refuse anything but certificates of authorities, one or more."""
    blocks = list(_blocks(text, (_CERTIFICATE,)))
    for _, pem in blocks:
        _authority(pem)
    if not blocks:
        raise ValueError("must be certificates in PEM, one after the other")


def sorted_trust(text: str) -> dict[str, str]:
    """The files of app/signing/trust.py, each named after its folder. A root issued its own certificate."""
    if len(text) > _LARGEST:
        raise ValueError(f"{len(text)} characters are too many for the cluster: {_LARGEST} at most")
    files = {"raizes": "", "autoridades": "", "lcr": ""}
    for kind, pem in _blocks(text, (_CERTIFICATE, _LIST)):
        if kind == _LIST:
            _check_list(pem)
            folder = "lcr"
        else:
            one = _authority(pem)
            folder = "raizes" if one.issuer == one.subject else "autoridades"
        files[folder] += f"{pem}\n"
    if not files["raizes"]:
        raise ValueError("holds no root: add the certificate that its issuer signed for itself, in PEM")
    if not files["lcr"]:
        raise ValueError(f"holds no list of revoked certificates: add each authority's in PEM ({_LIST})")
    return files


def _blocks(text: str, wanted: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """What PEM holds, with its kind; words between the blocks are left out, as others write notes there."""
    for found in _BLOCK.finditer(text):
        if "PRIVATE KEY" in found[1]:
            raise ValueError("holds a private key: give certificates alone, and take that key for lost")
        if found[1] not in wanted:
            raise ValueError(f"holds a {found[1]}: give {' and '.join(wanted)} alone")
        yield found[1], found[0]


def _authority(pem: str) -> x509.Certificate:
    try:
        one = x509.load_pem_x509_certificate(pem.encode())
        is_authority = one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_authority = False
    except ValueError:
        raise ValueError("holds a certificate that cannot be read: fetch it again") from None
    if not is_authority:
        name = one.subject.rfc4514_string()
        raise ValueError(f"{name} is no authority: give those that issue certificates, and nobody else's")
    return one


def _check_list(pem: str) -> None:
    try:
        x509.load_pem_x509_crl(pem.encode())
    except ValueError:
        raise ValueError("holds a list of revoked certificates that cannot be read: fetch it again") from None
