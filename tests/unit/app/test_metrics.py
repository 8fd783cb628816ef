"""Prometheus reads templates and components, never what identifies a person."""

from prometheus_client.parser import text_string_to_metric_families

from app.checks import Check, Reading, Status
from tests.unit.app.conftest import MACHINE, RELEASE, Client, Running


def samples(client: Client, name: str) -> dict[tuple[str, ...], float]:
    """Values of ``name`` by their label values, in the order of the label names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if sample.name == name
    }


def test_requests_are_counted_by_route_template(client: Client) -> None:
    client.app.add_api_route("/patients/{identity}", lambda identity: identity)
    for identity in ("joao", "maria"):
        client.get(f"/patients/{identity}")
    client.get("/nowhere/joao")
    counted = samples(client, "prontuario_http_requests_total")
    assert counted["GET", "/patients/{identity}", "200"] == 2
    assert counted["GET", "unmatched", "404"] == 1
    assert "joao" not in client.get("/metrics").text
    assert samples(client, "prontuario_http_request_seconds_count")["GET", "/patients/{identity}"] == 2


def test_a_client_cannot_create_series_by_inventing_methods(client: Client) -> None:
    for method in ("BREW", "MELT"):
        client.request(method, "/live")
    methods = {labels[0] for labels in samples(client, "prontuario_http_requests_total")}
    assert "OTHER" in methods
    assert not methods & {"BREW", "MELT"}


def test_the_release_is_shown(client: Client) -> None:
    assert samples(client, "prontuario_build_info") == {(MACHINE, RELEASE): 1}


def test_every_component_has_a_level(running: Running) -> None:
    async def scarce() -> Reading:
        return Reading(Status.DEGRADED)

    assert samples(running(Check("disk", scarce)), "prontuario_component_status") == {("disk",): 0.5}
