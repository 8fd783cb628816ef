"""What the service is told about the machine it runs on: environment variables, read once, complete.

No secret is among them: passwords are files in a folder that systemd shows to this service alone.
"""

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

_PREFIX = "PRONTUARIO_"
_CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Set by systemd for a unit with LoadCredential=."""

Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")]
Seconds = Annotated[float, Field(gt=0, le=600)]
Percent = Annotated[float, Field(gt=0, le=100)]
Port = Annotated[int, Field(ge=1, le=65535)]
StoreUrl = Annotated[
    str, StringConstraints(pattern=r"^(https://[A-Za-z0-9.-]+|http://127\.0\.0\.1)(:[0-9]{1,5})?$")
]
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,120}$")]
Cnes = Annotated[str, StringConstraints(pattern=r"^[0-9]{7}$")]
Copies = Annotated[int, Field(ge=0, le=9)]


def _pairs(value: object) -> object:
    """``10.0.0.1:26379 10.0.0.2:26379`` as pairs of host and port."""
    return [one.rsplit(":", 1) for one in value.split()] if isinstance(value, str) else value


def _words(value: object) -> object:
    """``10.0.0.1 10.0.0.2`` as a list."""
    return value.split() if isinstance(value, str) else value


class ServiceRole(StrEnum):
    """Which part of the application a process is; one release holds them all."""

    PLAIN = "plain"
    """A machine's own service beside the cluster: it answers how the machine and its stores are."""
    API = "api"
    WORKER = "worker"
    REALTIME = "realtime"
    EMERGENCY = "emergency"


_NAME = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
SiteName = Annotated[str, StringConstraints(pattern=rf"^({_NAME}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?$")]
"""A DNS name of two labels or more. An address is none: passkeys cannot be tied to one."""
Issuer = Annotated[str, StringConstraints(pattern=r"^(https://|http://127\.0\.0\.1:)[^\s?#]{1,200}$")]
"""OpenID Connect wants TLS; a provider on this very computer is for tests."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Endpoints = Annotated[tuple[tuple[str, Port], ...], BeforeValidator(_pairs)]


class SettingsError(ValueError):
    """The environment cannot be used; the message names every variable at fault."""


class Settings(BaseModel):
    """One service on one machine. Each field is the variable ``PRONTUARIO_<FIELD>``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: ServiceRole = ServiceRole.API
    machine: Label = "desconhecida"
    address: IPv4Address = IPv4Address("127.0.0.1")
    port: Port = 8000
    release: Label = "development"
    disk_path: str = "/"
    memory_degraded_percent: Percent = 85
    disk_degraded_percent: Percent = 85
    check_interval: Seconds = 2
    start_share: Annotated[float, Field(ge=0.05, le=1)] = 1
    """Of one core, what this process takes at most while it starts: others serve meanwhile."""
    drain: Annotated[float, Field(ge=0, le=60)] = 2.5
    """Seconds in which requests are still answered after SIGTERM: the edge sees ``/ready`` fail first."""
    finish: Annotated[int, Field(ge=1, le=60)] = 10
    """Seconds that requests in flight have to finish once the service no longer accepts connections."""
    records_address: IPv4Address | None = None
    """Where the medical records' primary answers; None: this service has none."""
    records_port: Port = 5432
    records_standbys: Copies = 1
    """Copies beside the primary that there should be."""
    records_connections: Annotated[int, Field(ge=1, le=200)] = 10
    """Connections to the records that this process holds at most; further requests wait for one."""
    records_patience: Seconds = 5
    """Seconds that a request waits for a connection, a lock or an answer before it is refused."""
    edge_addresses: Annotated[tuple[IPv4Address, ...], BeforeValidator(_words)] = ()
    """Who may tell in X-Forwarded-For on whose behalf it asks; the audit holds that address."""
    site: SiteName | None = None
    """The name that the hospital's devices call the service by, also in the cloud's emergency mode. Passkeys
    are tied to it for ever (WebAuthn's RP ID); None: there are none."""
    oidc_issuer: Issuer | None = None
    """The hospital's identity provider (OpenID Connect); None: local accounts alone."""
    oidc_client: Label = "prontuario"
    """Our client id there; the secret is the file ``oidc-client-secret``."""
    face_models: Path | None = None
    """Folder with ``detector.onnx`` and ``recogniser.onnx``, which the hospital supplies and answers for;
    None: no face is a second factor here. What is kept of faces is sealed with ``document-keys``."""
    face_detector_sha256: Sha256 | None = None
    face_recogniser_sha256: Sha256 | None = None
    face_threshold: Annotated[float, Field(ge=0.3, le=0.99)] = 0.5
    """How alike (cosine) two pictures of one person must be. It belongs to the model and to the cameras:
    the hospital measures both kinds of error with its own before people depend on it."""
    cache_sentinels: Endpoints = ()
    """Whom to ask for the cache's primary; none: this service has no cache."""
    cache_name: Label = "cache"
    cache_replicas: Copies = 1
    store_endpoint: StoreUrl | None = None
    """Where the object store answers, ``https://host:port``; None: documents cannot be stored."""
    store_bucket: Label = "documents"
    store_region: Label = "hospital"
    institution: Name = "Hospital"
    """The hospital's name, as it stands on every printed page."""
    cnes: Cnes | None = None
    """Its number in the national register of health establishments; None: it is told nowhere."""
    credentials: Path | None = None
    """Folder with ``authority`` (certificate), ``records-password`` and ``cache-password``; where migrations
    run, ``records-owner-password`` too. With a store: ``store-access-key``, ``store-secret-key`` and
    ``document-keys`` (lines ``id:base64`` of 32 bytes, the first for new documents)."""
    signature_trust: Path | None = None
    """Folder with ``raizes``, ``autoridades`` and ``lcr``; None: no signature is trusted or made."""

    @model_validator(mode="after")
    def _dependencies_have_credentials(self) -> Self:
        dependencies = self.records_address or self.cache_sentinels or self.store_endpoint
        if dependencies and self.credentials is None:
            raise ValueError(
                f"the records, the cache and the store need credentials, and {_CREDENTIALS} is not set"
            )
        return self

    @model_validator(mode="after")
    def _the_provider_returns_to_a_name(self) -> Self:
        if self.oidc_issuer and (self.site is None or self.credentials is None):
            raise ValueError(
                "PRONTUARIO_OIDC_ISSUER needs PRONTUARIO_SITE, to which it sends people back, and "
                "the file oidc-client-secret among the credentials"
            )
        return self

    @model_validator(mode="after")
    def _faces_have_models_and_a_key(self) -> Self:
        named = self.face_detector_sha256 and self.face_recogniser_sha256 and self.credentials
        if self.face_models and not named:
            raise ValueError(
                "PRONTUARIO_FACE_MODELS needs PRONTUARIO_FACE_DETECTOR_SHA256, "
                "PRONTUARIO_FACE_RECOGNISER_SHA256 and the file document-keys among the credentials"
            )
        return self

    def secret_path(self, name: str) -> Path:
        """The file of that secret."""
        return (self.credentials or Path()) / name

    def secret(self, name: str) -> str:
        """What that file says."""
        return self.secret_path(name).read_text().strip()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Settings from ``PRONTUARIO_*``; raises SettingsError with one line for all variables at fault."""
        known = {_PREFIX + field.upper(): field for field in cls.model_fields}
        values = {field: environment[name] for name, field in known.items() if name in environment}
        if _CREDENTIALS in environment:
            values.setdefault("credentials", environment[_CREDENTIALS])
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            faults = "; ".join(
                f"{_PREFIX}{str(fault['loc'][0]).upper()}={fault['input']!r}: {fault['msg']}"
                if fault["loc"]
                else fault["msg"].removeprefix("Value error, ")
                for fault in error.errors()
            )
            raise SettingsError(f"the service cannot start: {faults}") from None
