"""How fast the cluster decides by itself that a machine is dead: two presets, one per state of the detector.

With the detector on, a dead machine is its business and Kubernetes is clocked so calmly that a stall of half
a minute moves nothing. With it off, Kubernetes and the operator must be fast, at the risk of moving the
database away from a machine that was only slow. What each knob buys and costs: docs/decisions, "Clocks".

All values are whole seconds, as Kubernetes takes them.
"""

from dataclasses import dataclass

from infra.config.model import Hospital


@dataclass(frozen=True)
class Lease:
    """A leader's claim: void ``duration`` after the last renewal, given up after ``renew`` without one."""

    duration: int
    renew: int
    retry: int


@dataclass(frozen=True)
class ClusterClocks:
    """Every knob between "a machine is gone" and "somebody else acts", wherever it is set.

    node_lease: kubelet's nodeLeaseDurationSeconds, renewed every quarter of it
    node_status: kubelet's nodeStatusUpdateFrequency
    node_grace, node_period: controller-manager's --node-monitor-grace-period and --node-monitor-period
    control_plane: leader leases of the controller-manager and the scheduler
    operator: CloudNativePG's --leader-lease-duration and --leader-renew-deadline; it tries every 2 s, fixed
    primary: the database's own primaryLease, which a promotion waits for
    eviction: tolerationSeconds of pods on a node that is not ready or unreachable
    silence, ping: HTTP/2 clients of the API ask after ``silence`` without a byte, hang up ``ping`` later
    """

    node_lease: int
    node_status: int
    node_grace: int
    node_period: int
    control_plane: Lease
    operator: Lease
    primary: Lease
    eviction: int
    silence: int = 2
    ping: int = 2

    @property
    def connection_environment(self) -> dict[str, str]:
        """For the environment of everything that talks to the API: it finds a dead server in 4 s, not 45."""
        return {
            "HTTP2_READ_IDLE_TIMEOUT_SECONDS": str(self.silence),
            "HTTP2_PING_TIMEOUT_SECONDS": str(self.ping),
        }

    @property
    def not_ready(self) -> int:
        """From a machine's silence to its node being called not ready, a leader of the old clocks living."""
        return self.node_grace + self.node_period

    @property
    def tolerations(self) -> list[dict[str, object]]:
        """For pods that may move, or have a twin: gone from a dead node after ``eviction``."""
        return [
            {
                "key": f"node.kubernetes.io/{condition}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": self.eviction,
            }
            for condition in ("not-ready", "unreachable")
        ]


CALM = ClusterClocks(
    node_lease=12,
    node_status=4,
    node_grace=40,
    node_period=5,
    control_plane=Lease(15, 10, 2),
    operator=Lease(15, 10, 2),
    primary=Lease(6, 4, 1),
    eviction=10,
)
"""A control plane that stalls for 28 s moves nothing: measured, with the detector beside it."""

AGGRESSIVE = ClusterClocks(
    node_lease=4,
    node_status=4,
    node_grace=5,
    node_period=1,
    control_plane=Lease(4, 3, 1),
    operator=Lease(4, 3, 2),
    primary=Lease(3, 2, 1),
    eviction=5,
)
"""Under 30 s by settings alone: 21 to 24 s measured in the worst placement."""


def clocks_for(hospital: Hospital) -> ClusterClocks:
    """The preset that belongs to the hospital's detector being on or off."""
    return CALM if hospital.detector.enabled else AGGRESSIVE
