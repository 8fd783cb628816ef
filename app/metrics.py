"""What Prometheus reads. Labels are route templates and component names, never paths: those may hold ids."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from app.checks import Prober, Status
from app.settings import Settings

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LEVELS = {Status.HEALTHY: 1.0, Status.DEGRADED: 0.5, Status.UNHEALTHY: 0.0}


class Metrics:
    """The counters of one service, in a registry of its own."""

    def __init__(self, settings: Settings, prober: Prober) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.registry.register(_Components(settings, prober))
        self._requests = Counter(
            "prontuario_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "prontuario_http_request_seconds",
            "Seconds from a request's first byte to the end of its answer.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. A method nobody defined is ``OTHER``: clients cannot create series."""
        method = method if method in _METHODS else "OTHER"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def render(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)


class _Components(Collector):
    """Build information and the state of every component, read when Prometheus asks."""

    def __init__(self, settings: Settings, prober: Prober) -> None:
        self._settings = settings
        self._prober = prober

    def collect(self) -> Iterable[Metric]:
        build = GaugeMetricFamily(
            "prontuario_build_info", "The release that runs here.", labels=("version", "machine")
        )
        build.add_metric((self._settings.release, self._settings.machine), 1)
        status = GaugeMetricFamily(
            "prontuario_component_status", "1 healthy, 0.5 degraded, 0 unhealthy.", labels=("component",)
        )
        latency = GaugeMetricFamily(
            "prontuario_component_check_seconds", "Seconds the last check took.", labels=("component",)
        )
        for name, result in sorted(self._prober.results.items()):
            status.add_metric((name,), _LEVELS[result.reading.status])
            latency.add_metric((name,), result.latency)
        return (build, status, latency)
