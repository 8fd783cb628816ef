"""What the services are told of the world outside: who else knows the clinicians, and whose signatures count.

Without an identity provider and a trust in the stack file nothing of this is in any manifest.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from app.settings import ServiceRole
from components.network_policies import Rule, address, to_peers
from infra.config.model import Hospital

SIGNATURES = "services-signatures"
"""The secret with whose signatures count: apart from the others, because its files lie in folders."""
_TRUST = "/run/signature-trust"
_FILE = "hospital.pem"


def hidden(files: Mapping[str, pulumi.Input[str]]) -> dict[str, pulumi.Output[str]]:
    """``files``, all of them secret, the certificates too."""
    return {name: pulumi.Output.secret(content) for name, content in files.items()}


def outside_credentials(hospital: Hospital) -> dict[str, pulumi.Output[str]]:
    """Files for the services' credentials: for asking the identity provider."""
    return hidden(hospital.secrets.provider)


def outside_secrets(hospital: Hospital) -> dict[str, dict[str, pulumi.Output[str]]]:
    """Secrets besides: name -> files."""
    return {SIGNATURES: hidden(hospital.secrets.signatures)} if hospital.secrets.signatures else {}


def outside_environment(hospital: Hospital) -> dict[str, object]:
    """Settings of a process that serves; none of it is secret."""
    told: dict[str, object] = {}
    if provider := hospital.identity_provider:
        told |= {"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT": provider.client}
    if hospital.secrets.signatures:
        told["SIGNATURE_TRUST"] = _TRUST
    return told


def look_outside(hospital: Hospital, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The pod of ``spec``, one container, with what it must find for that."""
    pod = dict(spec)
    if provider := hospital.identity_provider:
        pod["hostAliases"] = [{"ip": str(provider.address), "hostnames": [provider.host]}]
    if signatures := hospital.secrets.signatures:
        items = [{"key": folder, "path": f"{folder}/{_FILE}"} for folder in sorted(signatures)]
        secret = {"secretName": SIGNATURES, "defaultMode": 0o444, "items": items}
        mount = {"name": "signatures", "mountPath": _TRUST, "readOnly": True}
        (process,) = pod["containers"]
        pod["containers"] = [{**process, "volumeMounts": [*process["volumeMounts"], mount]}]
        pod["volumes"] = [*pod["volumes"], {"name": "signatures", "secret": secret}]
    return pod


def to_the_provider(hospital: Hospital, role: ServiceRole) -> list[Rule]:
    """The door in the walls of ``role`` to the identity provider, if it asks there."""
    provider = hospital.identity_provider
    if provider is None or role is not ServiceRole.API:
        return []
    return [to_peers([address(provider.address)], provider.port)]
