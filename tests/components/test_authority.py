"""The certificate authority and what it signs."""

import pulumi

from components.authority import CertificateAuthority, CertificateAuthorityArgs
from tests.components.conftest import Engine

APPLE_LIMIT_HOURS = 825 * 24


def authority() -> CertificateAuthority:
    return CertificateAuthority("authority", CertificateAuthorityArgs(hospital="santa-casa"))


@pulumi.runtime.test
async def test_the_root_signs_certificates_and_nothing_else(engine: Engine) -> None:
    authority()
    certificate = (await engine.settled()).named("authority-root")
    assert certificate.inputs["isCaCertificate"] is True
    assert certificate.inputs["allowedUses"] == ["cert_signing", "crl_signing"]
    assert certificate.inputs["validityPeriodHours"] == 10 * 365 * 24


@pulumi.runtime.test
async def test_every_key_is_p_256_and_stays_secret(engine: Engine) -> None:
    authority().server_certificate("edge", ["prontuario.internal"], ["192.168.100.100"])
    keys = (await engine.settled()).of_type("privateKey:PrivateKey")
    assert len(keys) == 2
    for key in keys:
        assert (key.inputs["algorithm"], key.inputs["ecdsaCurve"]) == ("ECDSA", "P256")
        assert {"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"} <= key.secret_outputs


@pulumi.runtime.test
async def test_an_iphone_accepts_how_long_a_server_certificate_lasts(engine: Engine) -> None:
    authority().server_certificate("edge", ["prontuario.internal"], ["192.168.100.100"])
    (leaf,) = (await engine.settled()).of_type("LocallySignedCert")
    assert leaf.inputs["validityPeriodHours"] <= 397 * 24 < APPLE_LIMIT_HOURS
    assert "server_auth" in leaf.inputs["allowedUses"]
    assert "isCaCertificate" not in leaf.inputs


@pulumi.runtime.test
async def test_an_update_renews_before_the_end_and_the_root_outlives_every_leaf(engine: Engine) -> None:
    authority().server_certificate("edge", ["prontuario.internal"], ["192.168.100.100"])
    await engine.settled()
    (leaf,), (root,) = engine.of_type("LocallySignedCert"), engine.of_type("SelfSignedCert")
    assert leaf.inputs["earlyRenewalHours"] >= 30 * 24
    assert root.inputs["earlyRenewalHours"] >= leaf.inputs["validityPeriodHours"]


@pulumi.runtime.test
async def test_the_names_are_where_clients_look_for_them(engine: Engine) -> None:
    name = ".".join(["a" * 60] * 4)
    authority().server_certificate("edge", [name], ["192.168.100.100"])
    (request,) = (await engine.settled()).of_type("CertRequest")
    assert request.inputs["dnsNames"] == [name]
    assert request.inputs["ipAddresses"] == ["192.168.100.100"]
    assert len(request.inputs["subject"]["commonName"]) <= 64


@pulumi.runtime.test
async def test_the_bundle_is_secret_and_the_roots_certificate_is_not(engine: Engine) -> None:
    built = authority()
    bundle = built.server_certificate("edge", ["prontuario.internal"], []).bundle
    assert await bundle.is_secret()
    assert not await built.certificate.is_secret()
    assert await bundle.future() == "CERTIFICATE PEMPRIVATE KEY PEM"


@pulumi.runtime.test
async def test_everything_belongs_to_the_authority(engine: Engine) -> None:
    authority().server_certificate("edge", ["prontuario.internal"], [])
    await engine.settled()
    certificates = [one for one in engine.resources.values() if one.type.startswith("tls:")]
    assert len(certificates) == 5
    assert {one.parent for one in certificates} == {"authority"}
