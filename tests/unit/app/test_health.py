"""Live, ready and health answer three different questions."""

import pytest

from app.checks import Check, Reading, Status
from tests.unit.app.conftest import MACHINE, RELEASE, Client, Running


def component(name: str, status: Status, *, critical: bool = False) -> Check:
    async def run() -> Reading:
        return Reading(status, "as told")

    return Check(name, run, critical=critical)


WELL = component("memory", Status.HEALTHY)
SCARCE = component("disk", Status.DEGRADED)
GONE = component("records", Status.UNHEALTHY, critical=True)


@pytest.mark.parametrize(("path", "status"), [("/live", "live"), ("/ready", "ready"), ("/health", "healthy")])
def test_a_healthy_service_says_so(running: Running, path: str, status: str) -> None:
    answer = running(WELL).get(path)
    assert (answer.status_code, answer.json()["status"]) == (200, status)
    assert (answer.json()["machine"], answer.json()["version"]) == (MACHINE, RELEASE)


def test_degraded_is_not_down(running: Running) -> None:
    client = running(WELL, SCARCE)
    health = client.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert client.get("/ready").status_code == 200


def test_a_service_that_cannot_serve_is_live_but_not_ready(running: Running) -> None:
    client = running(WELL, SCARCE, GONE)
    assert client.get("/live").status_code == 200
    assert client.get("/ready").status_code == 503
    health = client.get("/health")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")


def test_every_component_is_shown_with_its_latency(running: Running) -> None:
    components = running(WELL, SCARCE).get("/health").json()["components"]
    assert list(components) == ["disk", "memory"]
    assert components["disk"]["status"] == "degraded"
    assert components["disk"]["detail"] == "as told"
    assert components["disk"]["latency_ms"] >= 0
    assert components["disk"]["age_s"] >= 0


def test_a_draining_service_is_not_ready_and_asks_to_close_connections(client: Client) -> None:
    assert "connection" not in client.get("/api/v1/ping?value=1").headers
    client.app.state.service.draining = True
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "draining")
    assert client.get("/live").status_code == 200
    ping = client.get("/api/v1/ping?value=1")
    assert (ping.status_code, ping.headers["connection"]) == (200, "close")
    assert client.get("/health").json()["draining"] is True


def test_ping_tells_value_machine_and_release(client: Client) -> None:
    answer = client.get("/api/v1/ping", params={"value": "ação 1"})
    assert answer.json() == {"value": "ação 1", "machine": MACHINE, "version": RELEASE}
