"""The stack's own certificate authority: who vouches that an answer comes from this hospital's machines."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_tls as tls

DAY = 24
"""Hours."""

LEAF_DAYS = 397
"""Validity of a server's certificate. Apple's limit for a private authority is 825 days
(support.apple.com/103769, "Requirements for trusted certificates in iOS 13 and macOS 10.15"); the 398 of
support.apple.com/102028 bind only the authorities that come with the device. We stay under both."""

LEAF_RENEWAL_DAYS = 90
"""Before the end, from when on `pulumi up` renews: an update once a quarter is enough to never expire."""

AUTHORITY_DAYS = 3650
AUTHORITY_RENEWAL_DAYS = LEAF_DAYS
"""No certificate may outlive the authority that signed it, so a new authority starts one leaf's life early.
Every iPhone must be told to trust the new one then: `pulumi preview` shows the replacement, plan it."""


@dataclass(frozen=True)
class ServerCertificate:
    """What one server (or client) shows and what it keeps.

    certificate: PEM, public. key: PEM, secret. bundle: both in one PEM, secret, as HAProxy reads it.
    """

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]

    @property
    def bundle(self) -> pulumi.Output[str]:
        """Certificate, then key."""
        return pulumi.Output.secret(pulumi.Output.concat(self.certificate, self.key))


@dataclass(frozen=True)
class CertificateAuthorityArgs:
    """hospital: name that a person reads when an iPhone asks whom to trust."""

    hospital: pulumi.Input[str]


class CertificateAuthority(pulumi.ComponentResource):
    """An ECDSA P-256 root, valid for ten years, which signs nothing but this stack's servers.

    certificate: the root's certificate (PEM), the one to install on every iPhone; public.
    key: its private key (PEM), secret; it lives in the stack's encrypted state, and the cluster's on the
    machines that sign for their cluster.
    """

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(
        self, name: str, args: CertificateAuthorityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("medical:pki:CertificateAuthority", name, None, opts)
        self._name = name
        self._hospital = args.hospital
        self._key = _private_key(f"{name}-key", self)
        root = tls.SelfSignedCert(
            f"{name}-root",
            private_key_pem=self._key.private_key_pem,
            is_ca_certificate=True,
            subject=tls.SelfSignedCertSubjectArgs(
                common_name=pulumi.Output.concat("Prontuario ", args.hospital),
                organization=args.hospital,
                country="BR",
            ),
            allowed_uses=["cert_signing", "crl_signing"],
            set_subject_key_id=True,
            set_authority_key_id=True,
            validity_period_hours=AUTHORITY_DAYS * DAY,
            early_renewal_hours=AUTHORITY_RENEWAL_DAYS * DAY,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.certificate = root.cert_pem
        self.key = pulumi.Output.secret(self._key.private_key_pem)
        self.register_outputs({"certificate": self.certificate})

    def server_certificate(
        self,
        name: str,
        dns_names: Sequence[pulumi.Input[str]],
        ip_addresses: Sequence[pulumi.Input[str]],
    ) -> ServerCertificate:
        """A certificate, with a key of its own, for whoever answers at ``dns_names`` and ``ip_addresses``."""
        # Not the host name: a subject holds 64 characters, a name in DNS 253; clients read dns_names.
        subject = tls.CertRequestSubjectArgs(
            common_name=f"{self._name}-{name}", organization=self._hospital, country="BR"
        )
        return self._certificate(name, subject, "server_auth", dns_names, ip_addresses)

    def client_certificate(self, name: str, user: str, group: str | None = None) -> ServerCertificate:
        """A certificate, with a key of its own: to the cluster, its bearer is ``user``, of ``group``."""
        subject = tls.CertRequestSubjectArgs(common_name=user, organization=group)
        return self._certificate(name, subject, "client_auth")

    def _certificate(
        self,
        name: str,
        subject: tls.CertRequestSubjectArgs,
        use: str,
        dns_names: Sequence[pulumi.Input[str]] | None = None,
        ip_addresses: Sequence[pulumi.Input[str]] | None = None,
    ) -> ServerCertificate:
        name = f"{self._name}-{name}"
        key = _private_key(f"{name}-key", self)
        request = tls.CertRequest(
            f"{name}-request",
            private_key_pem=key.private_key_pem,
            subject=subject,
            dns_names=dns_names,
            ip_addresses=ip_addresses,
            opts=pulumi.ResourceOptions(parent=self),
        )
        leaf = tls.LocallySignedCert(
            f"{name}-certificate",
            cert_request_pem=request.cert_request_pem,
            ca_private_key_pem=self._key.private_key_pem,
            ca_cert_pem=self.certificate,
            allowed_uses=["digital_signature", use],
            set_subject_key_id=True,
            validity_period_hours=LEAF_DAYS * DAY,
            early_renewal_hours=LEAF_RENEWAL_DAYS * DAY,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return ServerCertificate(leaf.cert_pem, key.private_key_pem)


def _private_key(name: str, parent: pulumi.Resource) -> tls.PrivateKey:
    return tls.PrivateKey(
        name,
        algorithm="ECDSA",
        ecdsa_curve="P256",
        opts=pulumi.ResourceOptions(
            parent=parent,
            additional_secret_outputs=["private_key_pem", "private_key_pem_pkcs8", "private_key_openssh"],
        ),
    )
