"""The hospital as a value: what a stack file may say, in the words of the whiteboard.

Loaded once (see :mod:`infra.config.load`), frozen, handed down. Sizes and names come from the hospital's
specification; rules that need more than one field are in :mod:`infra.config.rules`.
"""

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr

from infra.config.node import Budgets, Frozen, Node
from infra.config.secrets import StackSecrets
from infra.config.units import (
    Address,
    ClientId,
    Cnes,
    Count,
    DnsName,
    Duration,
    InstitutionName,
    IssuerUrl,
    Label,
    MachineName,
    Network,
    Percent,
    Port,
    ProjectId,
    PublicKey,
    StorageSize,
    Switch,
    Tries,
)
from infra.config.words import Words

Servers = Annotated[
    tuple[Address, ...],
    Field(min_length=1),
    Words("a list of IPv4 addresses such as [192.168.100.2], at least one"),
]
RouterId = Annotated[int, Field(ge=1, le=255), Words("a whole number from 1 to 255")]
StartPercent = Annotated[int, Field(ge=5, le=100), Words("a whole number from 5 to 100")]
Connections = Annotated[int, Field(ge=100, le=1_000_000), Words("a whole number from 100 to 1000000")]


class Institution(Frozen):
    """Who keeps the medical records, as documents and summaries that leave them say.

    cnes: its number in the national register of health establishments; None: not told
    """

    name: InstitutionName
    cnes: Cnes | None = None


class Lan(Frozen):
    """The hospital's own network, where clinicians' iPhones and the machines meet."""

    network: Network
    gateway: Address
    dns: Servers
    ntp: Servers


class HealthCheck(Frozen):
    """How HAProxy decides that a service is gone."""

    interval: Duration = 1.0
    fast_interval: Duration = 0.3  # while a server is going up or down
    down_interval: Duration = 1.0
    timeout: Duration = 0.7
    failures: Tries = 2
    successes: Tries = 2


class Vrrp(Frozen):
    """How the floating address finds its holder (VRRP version 3, unicast)."""

    router_id: RouterId = 100
    advert: Duration = 0.2


class Edge(Frozen):
    """The floating address and the load balancer behind it."""

    address: Address
    health_check: HealthCheck = HealthCheck()
    vrrp: Vrrp = Vrrp()
    connect_timeout: Duration = 0.5
    server_timeout: Duration = 50.0
    stats_port: Port = 8404
    max_connections: Connections = 4000


class Service(Frozen):
    """The medical service behind the edge.

    start_percent: of a core, what each process takes at most while it starts; less than all where a machine
    that comes back shares its processor with those that serve
    """

    port: Port = 8000
    users: Count = 200
    memory_gb: Count = 4
    start_percent: StartPercent = 100


class Failover(Frozen):
    """What the hospital was promised; knobs that cannot keep it are refused (:mod:`infra.config.rto`)."""

    primary_rto: Duration = 10.0
    both_lost_rto: Duration = 300.0


class Kubernetes(Frozen):
    """The cluster's own networks, seen by nobody outside it.

    local_api: an address every machine has on its loopback, where its own API server answers: a client there
    never depends on another machine. It lies in none of the other networks.
    """

    pod_network: Network = IPv4Network("10.244.0.0/16")
    service_network: Network = IPv4Network("10.96.0.0/16")
    local_api: Address = IPv4Address("10.254.0.1")


class Bundle(Frozen):
    """The signed bundle of all that containers will ever run.

    signers: who may sign it; one is enough. With none a preview works and an update is refused.
    """

    signers: tuple[PublicKey, ...] = ()


class Detector(Frozen):
    """Who decides that a machine is dead. Disabled, Kubernetes' own clocks decide, later.

    port: heartbeats (UDP); metrics_port: for Prometheus (TCP)
    dead: silence after which a machine has lost another
    """

    enabled: Switch = True
    port: Port = 9777
    metrics_port: Port = 9778
    dead: Duration = 1.5


class Database(Frozen):
    """The medical records (PostgreSQL)."""

    size: StorageSize = "4Ti"


class Cache(Frozen):
    """Sessions and queues (Valkey, which speaks Redis)."""

    size: StorageSize = "64Gi"


class Backup(Frozen):
    """Copies of the records in the hospital's own object store, which every machine holds a part of.

    size: of the store on each machine; with three machines each holds all of it
    retention_days: how far back the records can be restored
    """

    size: StorageSize = "2Ti"
    retention_days: Count = 30


class IdentityProvider(Frozen):
    """The hospital's own, by OpenID Connect; the services are known to it by the secret oidcClientSecret.

    issuer: all that is asked of it is below this name
    address: where that name answers; the cluster asks no name server outside
    client: the services' id there
    """

    issuer: IssuerUrl
    address: Address
    client: ClientId = "prontuario"

    @property
    def host(self) -> str:
        """The name in the issuer's address."""
        return urlsplit(self.issuer).hostname or ""

    @property
    def port(self) -> int:
        """Where it answers."""
        return urlsplit(self.issuer).port or 443


class Cloud(Frozen):
    """Google Cloud as emergency fallback."""

    mode: Literal["disabled", "emergency", "hybrid", "emulated"] = "disabled"
    project: ProjectId | None = None
    region: Label | None = None
    network: Network | None = None


class Ups(Frozen):
    """The battery behind each Mac (APC Smart-UPS 3000VA, 45 minutes)."""

    model: Label = "APC Smart-UPS 3000VA"
    capacity_w: Count = 2700
    runtime: Duration = 2700.0
    shutdown_below_percent: Percent = 30


class Hospital(Frozen):
    """Everything one stack file says.

    keep_data: no update and no `pulumi destroy` may delete what holds patients' data; false in the virtual
    hospital alone
    """

    name: MachineName
    stack: Literal["mvp", "prod", "lab"]
    domain: DnsName
    institution: Institution
    lan: Lan
    nodes: Annotated[
        dict[MachineName, Node], Field(min_length=1), Words("a block with one machine under each name")
    ]
    budgets: Budgets = Budgets()
    edge: Edge
    service: Service = Service()
    failover: Failover = Failover()
    kubernetes: Kubernetes = Kubernetes()
    bundle: Bundle = Bundle()
    detector: Detector = Detector()
    database: Database = Database()
    cache: Cache = Cache()
    backup: Backup = Backup()
    identity_provider: IdentityProvider | None = None
    cloud: Cloud = Cloud()
    ups: Ups | None = None
    keep_data: Switch = True
    _secrets: StackSecrets = PrivateAttr(default=StackSecrets())

    @property
    def secrets(self) -> StackSecrets:
        """What the stack file says encrypted, beside this block; none where nobody could decrypt it."""
        return self._secrets

    def knowing(self, secrets: StackSecrets) -> Self:
        """The same hospital with these secrets."""
        copy = self.model_copy()
        copy._secrets = secrets
        return copy

    @property
    def macs(self) -> dict[str, Node]:
        """The Macs by name, primary first."""
        macs = ((name, node) for name, node in self.nodes.items() if node.is_mac)
        return dict(sorted(macs, key=lambda item: item[1].role != "primary"))

    @property
    def primary(self) -> Node:
        """The Mac that serves while nothing is broken."""
        return next(node for node in self.nodes.values() if node.role == "primary")

    @property
    def witness(self) -> str:
        """The witness's name; only prod and lab have one, and the rules see to that."""
        return next(name for name, node in self.nodes.items() if not node.is_mac)
