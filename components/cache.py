"""Sessions and queues: Valkey, a server on every Mac, and Sentinels that choose the primary.

"Redis" is what clients speak; Valkey is the server that still has a free licence and that Debian keeps.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_random as random

from components.authority import CertificateAuthority
from components.cache_endpoints import (
    CACHE,
    CERTIFICATE_NAME,
    SENTINEL,
    sentinel_endpoints,
    server_endpoints,
)
from components.cache_files import USERS, render_sentinel_users, render_server_users
from components.cache_manifests import render_cache, render_secret
from components.cache_pods import OWNER, SENTINEL_VOLUME
from components.machine import Machine
from components.manifests import KubernetesObject, Manifest, create, object_name
from components.volumes import Cluster, LocalVolumes, LocalVolumesArgs
from infra.config.model import Hospital

_SERVER_FILES = ("replica", "keeper", "monitor")
_SENTINEL_FILES = ("sentinel", "keeper", "monitor")
_PATIENCE = "10m"
"""For all pods of one kind to be ready again, one after another."""


@dataclass(frozen=True)
class RedisSentinelArgs:
    """The cache of ``hospital``.

    machines: every machine; servers go to the Macs, a Sentinel to each
    authority: the hospital's own, whom its clients already trust
    image: the bundle's Valkey, by name
    """

    hospital: Hospital
    cluster: Cluster
    machines: Sequence[Machine]
    authority: CertificateAuthority
    image: str


class RedisSentinel(pulumi.ComponentResource):
    """One primary, a replica on the other Mac, and a majority of Sentinels that decides which is which.

    Clients ask the Sentinels for ``cache`` and talk to the server they name; addresses hold inside and
    outside the cluster. TLS and a password, always. On one Mac there is one server and one Sentinel.

    name: what the Sentinels call it (str)
    sentinels: host:port of each (list of str)
    users: name -> password (secret); ``app`` is for the hospital's services
    ready: the resources to depend on; the last is done when every server is connected
    """

    sentinels: list[str]
    users: dict[str, pulumi.Output[str]]
    ready: list[pulumi.Resource]

    def __init__(
        self, name: str, args: RedisSentinelArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("medical:data:RedisSentinel", name, None, opts)
        hospital = args.hospital
        self._name = name
        self._args = args
        self.name = CACHE
        self.sentinels = [f"{one.address}:{one.port}" for one in sentinel_endpoints(hospital)]
        self.users = {user: self._password(user) for user in USERS}
        macs = [machine for machine in args.machines if machine.node.is_mac]
        volumes = [
            self._volumes(CACHE, hospital.cache.size, macs),
            self._volumes(SENTINEL, SENTINEL_VOLUME, args.machines),
        ]
        secrets = self._secrets()
        manifests = render_cache(hospital, args.image, _fingerprint(secrets))
        around = create(
            name,
            [
                *(render_secret(secret, _hidden(files)) for secret, files in secrets.items()),
                *manifests.around,
            ],
            self._after(args.cluster.ready),
        )
        before = [*around, *(step for volume in volumes for step in volume.ready)]
        watchers = self._pods(manifests.sentinels, before)
        self.ready = [*before, watchers, self._pods(manifests.servers, [*before, watchers])]
        self.register_outputs({"name": self.name, "sentinels": self.sentinels})

    def _after(self, resources: Sequence[pulumi.Resource]) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, provider=self._args.cluster.provider, depends_on=list(resources)
        )

    def _password(self, user: str) -> pulumi.Output[str]:
        return random.RandomPassword(
            f"{self._name}-{user}",
            length=40,
            special=False,  # it travels in lines that are split at spaces
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["result", "bcrypt_hash"]),
        ).result

    def _volumes(self, use: str, size: str, machines: Sequence[Machine]) -> LocalVolumes:
        return LocalVolumes(
            f"{self._name}-{use}-volumes",
            LocalVolumesArgs(
                use=use,
                size=size,
                owner=OWNER,
                machines=machines,
                cluster=self._args.cluster,
                keep=self._args.hospital.keep_data,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _secrets(self) -> dict[str, dict[str, pulumi.Output[str]]]:
        """Secret -> file -> content."""
        hospital, authority = self._args.hospital, self._args.authority
        endpoints = (*server_endpoints(hospital), *sentinel_endpoints(hospital))
        shown = authority.server_certificate(
            self._name,
            dns_names=[CERTIFICATE_NAME],
            ip_addresses=[str(one.address) for one in endpoints],
        )
        passwords = pulumi.Output.all(**self.users)
        return {
            f"{CACHE}-certificate": {
                "tls.crt": shown.certificate,
                "tls.key": shown.key,
                "ca.crt": authority.certificate,
            },
            f"{CACHE}-credentials": {
                "users.acl": passwords.apply(render_server_users),
                **{user: self.users[user] for user in _SERVER_FILES},
            },
            f"{SENTINEL}-credentials": {
                "users.acl": passwords.apply(render_sentinel_users),
                **{user: self.users[user] for user in _SENTINEL_FILES},
            },
        }

    def _pods(self, manifest: Manifest, before: Sequence[pulumi.Resource]) -> KubernetesObject:
        patience = pulumi.CustomTimeouts(create=_PATIENCE, update=_PATIENCE, delete=_PATIENCE)
        return KubernetesObject(
            object_name(self._name, manifest),
            manifest,
            pulumi.ResourceOptions.merge(
                self._after(before), pulumi.ResourceOptions(custom_timeouts=patience)
            ),
        )


def _hidden(files: Mapping[str, pulumi.Output[str]]) -> dict[str, pulumi.Output[str]]:
    """``files``, all of them secret, the certificates too."""
    return {name: pulumi.Output.secret(content) for name, content in files.items()}


def _fingerprint(secrets: Mapping[str, Mapping[str, pulumi.Output[str]]]) -> pulumi.Output[str]:
    """Tells that some secret changed and nothing else about it: each holds far more than can be searched."""

    def digest(contents: dict[str, Any]) -> str:
        return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:16]

    return pulumi.Output.unsecret(pulumi.Output.all(**secrets).apply(digest))
