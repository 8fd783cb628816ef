"""An engine that only writes down what it is asked: components are built without machines.

Every test here is decorated with ``pulumi.runtime.test``; without it a failing assertion in a coroutine
would pass unnoticed. A test that looks at resources is a coroutine and says ``await engine.settled()``
first.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, resource, rpc
from pulumi.runtime.stack import wait_for_rpcs

from infra.config.load import read_hospital
from infra.config.model import Hospital

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----"


@dataclass(frozen=True)
class Registered:
    """One resource as the engine was asked for it; ``secrets`` are the inputs that arrived as secrets.

    protected, retained: no deletion by the engine; what it stands for outlives it
    provider: name of the explicit one; empty for the default
    """

    type: str
    name: str
    parent: str
    depends_on: frozenset[str]
    inputs: Mapping[str, Any]
    secrets: frozenset[str]
    secret_outputs: frozenset[str]
    timeouts: Mapping[str, str]
    protected: bool
    retained: bool
    provider: str


@dataclass
class Engine:
    """Everything that was registered, by name, and everything that was logged."""

    resources: dict[str, Registered] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    async def settled(self) -> "Engine":
        """Wait until every resource of the test is registered."""
        await asyncio.sleep(0)  # what was just constructed gets its turn to ask
        # Not for every outstanding task: the test itself is one of them.
        await wait_for_rpcs(await_all_outstanding_tasks=False)
        return self

    def of_type(self, suffix: str) -> list[Registered]:
        """The resources whose type ends so, in the order of their registration."""
        return [one for one in self.resources.values() if one.type.endswith(suffix)]

    def named(self, name: str) -> Registered:
        """The resource of that name; says which there are when there is none."""
        assert name in self.resources, f"no {name} among {sorted(self.resources)}"
        return self.resources[name]


class _Answers(mocks.Mocks):
    """Outputs are inputs, and what providers would add."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return {}, None

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        added = {
            "command:remote:Command": {"stdout": "", "stderr": ""},
            "random:index/randomPassword:RandomPassword": {
                "result": "generated",
                "bcryptHash": "$2b$generated",
            },
            "random:index/randomBytes:RandomBytes": {"hex": "5ec2e7" * 10 + "abcd", "base64": "NWVjMmU3"},
            "tls:index/privateKey:PrivateKey": {
                "privateKeyPem": "PRIVATE KEY PEM",
                "privateKeyPemPkcs8": "PRIVATE KEY PEM",
                "publicKeyPem": "PUBLIC KEY PEM",
            },
            "tls:index/selfSignedCert:SelfSignedCert": {"certPem": "AUTHORITY PEM"},
            "tls:index/certRequest:CertRequest": {"certRequestPem": "REQUEST PEM"},
            "tls:index/locallySignedCert:LocallySignedCert": {"certPem": "CERTIFICATE PEM"},
        }
        return f"{args.name}-id", {**args.inputs, **added.get(args.typ, {})}


class _Monitor(mocks.MockMonitor):
    def __init__(self, engine: Engine) -> None:
        super().__init__(_Answers())
        self._engine = engine

    def RegisterResource(self, request: Any) -> Any:
        inputs = rpc.deserialize_properties(request.object)
        secrets = {name for name, value in inputs.items() if rpc.is_rpc_secret(value)}
        timeouts = request.customTimeouts
        if request.type != "pulumi:pulumi:Stack":
            self._engine.resources[request.name] = Registered(
                type=request.type,
                name=request.name,
                parent=request.parent.split("::")[-1],
                depends_on=frozenset(urn.split("::")[-1] for urn in request.dependencies),
                inputs={name: rpc.unwrap_rpc_secret(value) for name, value in inputs.items()},
                secrets=frozenset(secrets),
                secret_outputs=frozenset(request.additionalSecretOutputs),
                timeouts={"create": timeouts.create, "update": timeouts.update, "delete": timeouts.delete},
                protected=request.protect,
                retained=request.retainOnDelete,
                provider=request.provider.rpartition("::")[0].split("::")[-1],
            )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


class _Callbacks:
    """Stands for the way back from the engine, which the mocks lack: hooks are accepted and never called."""

    def register_resource_hook(self, hook: pulumi.ResourceHook) -> None:
        """Accepted."""


class _Log(logging.Handler):
    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def emit(self, record: logging.LogRecord) -> None:
        self._engine.messages.append(record.getMessage())


async def _callbacks() -> _Callbacks:
    return _Callbacks()


def _start(preview: bool) -> Engine:
    # An asyncio.run in an earlier test leaves the thread without the loop that pulumi asks for.
    asyncio.set_event_loop(asyncio.new_event_loop())
    engine = Engine()
    logger = logging.Logger("engine")
    logger.addHandler(_Log(engine))
    monitor = _Monitor(engine)
    pulumi.runtime.set_mocks(monitor.mocks, preview=preview, logger=logger, monitor=monitor)
    resource._get_callbacks = _callbacks  # type: ignore[assignment,attr-defined]
    return engine


@pytest.fixture
def engine() -> Engine:
    """An engine in the middle of an update."""
    return _start(preview=False)


@pytest.fixture
def preview() -> Engine:
    """An engine that only previews; apply never runs there."""
    return _start(preview=True)


def hospital_document(stack: str = "lab") -> dict[str, Any]:
    """What the stack file of a small hospital says: one Mac for mvp, two and a witness otherwise."""
    roles = {"mac-a": "primary", "mac-b": "secondary", "witness": "witness"}
    names = ["mac-a"] if stack == "mvp" else list(roles)
    return {
        "name": "hospital",
        "stack": stack,
        "domain": "prontuario.hospital.internal",
        "institution": {"name": "Hospital Virtual", "cnes": "0000000"},
        "lan": {
            "network": "192.168.100.0/24",
            "gateway": "192.168.100.1",
            "dns": ["192.168.100.1"],
            "ntp": ["192.168.100.1"],
        },
        "nodes": {
            name: {
                "role": roles[name],
                "platform": "linux",
                "address": f"192.168.100.{10 + number}",
                "zone": name,
                "ssh": {"host_key": HOST_KEY[:-1] + "ABC"[number]},
            }
            for number, name in enumerate(names)
        },
        "edge": {"address": "192.168.100.100"},
    }


@pytest.fixture
def hospital() -> Hospital:
    """Two Macs and a witness, all on Linux as in the lab, air-gapped."""
    return read_hospital(hospital_document())
