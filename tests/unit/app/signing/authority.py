"""A certification authority like ICP-Brasil's, for tests: root, authority, people, lists of the revoked."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from app.signing.icp import HOLDER
from app.signing.trust import Trust

CPF = "52998224725"
_DAY = timedelta(days=1)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def now() -> datetime:
    """Whole seconds, as certificates have them."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Holder:
    """Somebody's certificate, and the key that stays with their device."""

    key: Key
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate as the device sends it."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def parsed(self) -> asn1.Certificate:
        """As pyHanko wants it."""
        return asn1.Certificate.load(self.der)

    def sign(self, data: bytes) -> bytes:
        """What the device does."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


@dataclass
class Authority:
    """Root and one authority below it; ``revoked``: serial number -> since when."""

    root: Holder = field(init=False)
    issuing: Holder = field(init=False)
    revoked: dict[int, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        root_key = ec.generate_private_key(ec.SECP256R1())
        name = _name("AC Raiz de Teste")
        built = _builder(name, name, root_key, 3650).add_extension(_ca(), True).add_extension(_issues(), True)
        self.root = Holder(root_key, built.sign(root_key, hashes.SHA256()))
        key = ec.generate_private_key(ec.SECP256R1())
        built = _builder(_name("AC de Teste"), name, key, 3000).add_extension(_ca(), True)
        self.issuing = Holder(key, built.add_extension(_issues(), True).sign(root_key, hashes.SHA256()))

    def person(
        self,
        cpf: str | None = CPF,
        *,
        days: tuple[float, float] = (-30, 365),
        signs: bool = True,
        key: Key | None = None,
    ) -> Holder:
        """A certificate for ``cpf``, valid from and to so many days from now."""
        mine = key or ec.generate_private_key(ec.SECP256R1())
        built = _builder(_name("PESSOA DE TESTE"), self.issuing.certificate.subject, mine, days[1], days[0])
        built = built.add_extension(x509.BasicConstraints(False, None), True)
        built = built.add_extension(_usage(digital_signature=True, content_commitment=signs), True)
        if cpf is not None:
            text = f"17051980{cpf}{'0' * 26}SSPSP".encode()
            value = bytes([0x04, len(text)]) + text
            other = x509.OtherName(x509.ObjectIdentifier(HOLDER), value)
            built = built.add_extension(x509.SubjectAlternativeName([other]), False)
        return Holder(mine, built.sign(self.issuing.key, hashes.SHA256()))

    def revoke(self, holder: Holder, since: datetime) -> None:
        """From now on it is on the list."""
        self.revoked[holder.certificate.serial_number] = since

    def trust(self, *, lists: bool = True) -> Trust:
        """What the hospital has of this authority now."""
        return Trust(
            (self.root.der,),
            (self.issuing.der,),
            (self._list(self.root), self._list(self.issuing)) if lists else (),
        )

    def write(self, folder: Path, *, lists: bool = True) -> Path:
        """The same as files."""
        trust = self.trust(lists=lists)
        for name, files in (
            ("raizes", trust.roots),
            ("autoridades", trust.authorities),
            ("lcr", trust.lists),
        ):
            (folder / name).mkdir(parents=True, exist_ok=True)
            for number, content in enumerate(files):
                (folder / name / f"{number}.der").write_bytes(content)
        return folder

    def _list(self, issuer: Holder) -> bytes:
        built = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.certificate.subject)
            .last_update(now() - 40 * _DAY)
            .next_update(now() + 7 * _DAY)
            .add_extension(x509.CRLNumber(1), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False)
        )
        for serial, since in self.revoked.items() if issuer is self.issuing else ():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
            built = built.add_revoked_certificate(entry)
        return built.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "BR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ICP-Teste"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, until: float, since: float = -60
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() + since * _DAY)
        .not_valid_after(now() + until * _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _ca() -> x509.BasicConstraints:
    return x509.BasicConstraints(True, None)


def _issues() -> x509.KeyUsage:
    return _usage(key_cert_sign=True, crl_sign=True)


def _usage(**set_to: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: set_to.get(name, False) for name in names})
