"""The hospital's own object store: an S3 bucket whose content lies on every machine."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_random as random
import pulumi_tls as tls

from components import object_store_manifests as manifests
from components.authority import CertificateAuthority
from components.database_endpoints import NAMESPACE as RECORDS_NAMESPACE
from components.machine import Machine
from components.manifests import KubernetesObject, Manifest, create
from components.object_store_endpoints import (
    BUCKET,
    DOCUMENTS,
    NAME,
    NAMESPACE,
    REGION,
    StorePart,
    store_address,
    store_endpoint,
    store_parts,
)
from components.object_store_pods import ACCESS, CERTIFICATE, IDENTITY, OWNER
from components.object_store_settings import render_door, render_settings
from components.volumes import Cluster, LocalVolumes, LocalVolumesArgs
from infra.config.model import Hospital
from infra.config.units import storage_bytes

_SETUP = Path(__file__).with_name("scripts") / "object_store.py"
_RUN = "python3 -I /dev/fd/3 3<<'SCRIPT' 2>&1"
_SETUP_TIMEOUT = 420
"""Seconds: the parts meet, then agree, each with the script's own patience."""
_USABLE = 0.9
"""Of a volume; the rest is for the store's own records of what it holds."""


@dataclass(frozen=True)
class ObjectStoreArgs:
    """``machines``: all of the hospital's. ``authority``: the hospital's, for the door's certificate."""

    hospital: Hospital
    cluster: Cluster
    machines: Sequence[Machine]
    authority: CertificateAuthority


@dataclass(frozen=True)
class Bucket:
    """A bucket and the one key that may read and write it, and nothing else (secret str outputs)."""

    name: str
    access_key: pulumi.Output[str]
    secret_key: pulumi.Output[str]


class ObjectStore(pulumi.ComponentResource):
    """Garage, one part per machine, with a bucket for backups and one for documents, each with its own key.

    endpoint, region, bucket: for S3 clients (str); paths, not host names, carry the bucket
    access_key, secret_key: the key (secret str outputs)
    documents: the bucket of the services
    certificate_authority: who vouches for the endpoint (PEM, str output)
    ready: what to depend on before the bucket is used
    """

    endpoint: str
    region: str
    bucket: str
    access_key: pulumi.Output[str]
    secret_key: pulumi.Output[str]
    documents: Bucket
    certificate_authority: pulumi.Output[str]
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: ObjectStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("medical:data:ObjectStore", name, None, opts)
        self._name, self._args = name, args
        hospital = args.hospital
        self.endpoint, self.region, self.bucket = store_endpoint(hospital), REGION, BUCKET
        self.certificate_authority = args.authority.certificate
        child = pulumi.ResourceOptions(parent=self)
        backups = _bucket(BUCKET, name, child)
        self.access_key, self.secret_key = backups.access_key, backups.secret_key
        self.documents = _bucket(DOCUMENTS, f"{name}-{DOCUMENTS}", child)
        keys = {part.name: self._part_key(part) for part in store_parts(hospital)}

        volumes = LocalVolumes(
            f"{name}-volumes",
            LocalVolumesArgs(
                use=NAME,
                size=hospital.backup.size,
                owner=OWNER,
                machines=args.machines,
                cluster=args.cluster,
                keep=hospital.keep_data,
            ),
            child,
        )
        space = self._create([manifests.render_namespace()], args.cluster.ready)
        secrets, revision = self._secrets(keys, space)
        objects = self._create(self._manifests(keys, revision), [*space, *secrets, *volumes.ready])
        setup = self._setup(keys, objects)
        self.ready = [*objects, setup]
        self.register_outputs({"endpoint": self.endpoint, "bucket": self.bucket})

    def _part_key(self, part: StorePart) -> tls.PrivateKey:
        return tls.PrivateKey(
            f"{self._name}-{part.machine}",
            algorithm="ED25519",
            opts=pulumi.ResourceOptions(
                parent=self,
                additional_secret_outputs=[
                    "private_key_pem",
                    "private_key_pem_pkcs8",
                    "private_key_openssh",
                ],
            ),
        )

    def _secrets(
        self, keys: Mapping[str, tls.PrivateKey], space: Sequence[pulumi.Resource]
    ) -> tuple[list[KubernetesObject], pulumi.Output[str]]:
        """The secrets, and a text that changes whenever one of them does."""
        hospital = self._args.hospital
        child = pulumi.ResourceOptions(parent=self)
        shared = _secret_bytes(f"{self._name}-peers", child)
        certificate = self._args.authority.server_certificate(
            NAME, [f"{NAME}.{NAMESPACE}.svc"], [str(store_address(hospital))]
        )
        rendered = [
            manifests.render_secret(ACCESS, {"secret": shared}),
            manifests.render_secret(CERTIFICATE, {"store.pem": certificate.bundle}),
        ]
        for part in store_parts(hospital):
            key = keys[part.name]
            data = {
                "node_key": _encoded(key.private_key_pem_pkcs8, key.public_key_pem),
                "node_key.pub": _encoded(key.public_key_pem),
            }
            rendered.append(manifests.render_secret(f"{IDENTITY}-{part.machine}", data, binary=True))
        everything = pulumi.Output.all(
            shared, certificate.bundle, *(key.private_key_pem for key in keys.values())
        )
        return self._create(rendered, space), everything.apply(lambda texts: _digest(*texts))

    def _manifests(self, keys: Mapping[str, tls.PrivateKey], revision: pulumi.Output[str]) -> list[Manifest]:
        hospital = self._args.hospital
        identities = _identities(keys)

        def settings_of(part: StorePart) -> pulumi.Output[str]:
            return identities.apply(lambda known: render_settings(hospital, part, known))

        settings = {part.name: settings_of(part) for part in store_parts(hospital)}
        door = render_door()
        reads = {
            # A digest tells nothing of what it was made from.
            part: pulumi.Output.unsecret(
                pulumi.Output.all(text, revision).apply(lambda texts: _digest(door, *texts))
            )
            for part, text in settings.items()
        }
        return manifests.render_store(hospital, settings, reads, peers=RECORDS_NAMESPACE)

    def _setup(self, keys: Mapping[str, tls.PrivateKey], after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        hospital, first = self._args.hospital, self._args.machines[0]

        def wanted(known: Mapping[str, Any]) -> str:
            capacity = int(storage_bytes(hospital.backup.size) * _USABLE)
            parts = [
                {"pod": part.pod, "id": known["ids"][part.name], "zone": part.zone, "capacity": capacity}
                for part in store_parts(hospital)
            ]
            buckets = [
                {"name": one["name"], "key": {"id": one["access"], "secret": one["secret"]}}
                for one in known["buckets"]
            ]
            return json.dumps({"namespace": NAMESPACE, "parts": parts, "buckets": buckets})

        buckets = [Bucket(self.bucket, self.access_key, self.secret_key), self.documents]
        known = [{"name": one.name, "access": one.access_key, "secret": one.secret_key} for one in buckets]
        payload = pulumi.Output.all(ids=_identities(keys), buckets=known)
        return first.host.script(
            f"{first.name}-{self._name}-setup",
            apply=f'said=$({_RUN}\n{_SETUP.read_text()}SCRIPT\n) || die "$said"',
            stdin=pulumi.Output.secret(payload.apply(wanted)),
            timeout=_SETUP_TIMEOUT,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*first.ready, *after]),
        )

    def _create(self, what: Sequence[Manifest], after: Sequence[pulumi.Resource]) -> list[KubernetesObject]:
        opts = pulumi.ResourceOptions(
            parent=self, provider=self._args.cluster.provider, depends_on=list(after)
        )
        return create(self._name, what, opts)


def _identities(keys: Mapping[str, tls.PrivateKey]) -> pulumi.Output[dict[str, str]]:
    """Part -> its public identity in hexadecimal, as its peers write it."""
    return pulumi.Output.all(**{part: key.public_key_pem for part, key in keys.items()}).apply(
        lambda pems: {part: raw_key(pem).hex() for part, pem in pems.items()}
    )


def _bucket(bucket: str, prefix: str, opts: pulumi.ResourceOptions) -> Bucket:
    """A bucket with a new key, in the form that the store gives its own."""
    key = random.RandomBytes(f"{prefix}-access-key", length=12, opts=opts)
    return Bucket(bucket, pulumi.Output.concat("GK", key.hex), _secret_bytes(f"{prefix}-secret-key", opts))


def _secret_bytes(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """32 random bytes in hexadecimal."""
    return pulumi.Output.secret(random.RandomBytes(name, length=32, opts=opts).hex)


def _encoded(*pems: pulumi.Output[str]) -> pulumi.Output[str]:
    """The keys' own 32 bytes, one behind the other, as a secret holds them."""
    return pulumi.Output.secret(
        pulumi.Output.all(*pems).apply(
            lambda known: base64.b64encode(b"".join(raw_key(pem) for pem in known)).decode()
        )
    )


def raw_key(pem: str) -> bytes:
    """The 32 bytes of an Ed25519 key, which end both of its PEM forms (RFC 8410)."""
    body = "".join(line for line in pem.splitlines() if not line.startswith("-----"))
    return base64.b64decode(body)[-32:]


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
