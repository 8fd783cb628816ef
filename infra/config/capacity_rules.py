"""What the Macs and their batteries can carry."""

from collections.abc import Iterator
from math import ceil

from infra.config.model import Hospital
from infra.config.node import Budget, Hardware
from infra.config.problems import Path, Problem, dotted
from infra.config.units import format_duration

_SHUTDOWN_S = 300
"""Seconds for an orderly shutdown: the secondary, then the primary, then the witness."""

LEAST_SERVICE_GB = 2
"""Of memory for the medical service: six processes of 256 MiB and some room."""

_HARDWARE = {
    "memory_gb": "memory_gb",
    "cpu_cores": "performance_cores + efficiency_cores",
    "gpu_cores": "gpu_cores",
    "neural_engine_cores": "neural_engine_cores",
}


def budgets_fit_the_hardware(hospital: Hospital) -> Iterator[Problem]:
    """The three virtual nodes of a Mac share what that Mac has."""
    budgets = {name: getattr(hospital.budgets, name) for name in type(hospital.budgets).model_fields}
    for mac, node in hospital.macs.items():
        for resource, source in _HARDWARE.items():
            shares = {name: _amount(budget, resource) for name, budget in budgets.items()}
            total, available = sum(shares.values()), _amount(node.hardware, resource)
            if total <= available:
                continue
            largest = max(shares, key=lambda name: shares[name])
            terms = " + ".join(f"{name} {share}" for name, share in shares.items())
            hardware: Path = ("nodes", mac, "hardware")
            yield Problem(
                ("budgets", largest, resource),
                str(shares[largest]),
                f"{terms} = {total} exceeds {dotted(hardware)}.{source} ({available}): "
                f"lower the budgets by {total - available}",
                (*(("budgets", name, resource) for name in shares), hardware, ("nodes", mac, "role")),
            )


def service_has_memory(hospital: Hospital) -> Iterator[Problem]:
    """A process of each role, and one more of each while a release follows another
    (components/services_sizes.py)."""
    if hospital.service.memory_gb < LEAST_SERVICE_GB:
        rule = f"too little for two processes of each role: raise it to {LEAST_SERVICE_GB} or more"
        yield Problem(("service", "memory_gb"), str(hospital.service.memory_gb), rule)


def service_fits_its_budget(hospital: Hospital) -> Iterator[Problem]:
    """The medical service runs inside the API virtual node."""
    memory, budget = hospital.service.memory_gb, hospital.budgets.api.memory_gb
    if memory > budget:
        path, reads = ("service", "memory_gb"), ("budgets", "api", "memory_gb")
        yield Problem(path, str(memory), f"above {dotted(reads)} ({budget}): lower it to {budget}", (reads,))


def battery_lasts_for_the_shutdown(hospital: Hospital) -> Iterator[Problem]:
    """What the battery still holds when the shutdown begins must carry it to its end."""
    if hospital.ups is None:
        return
    path: Path = ("ups", "shutdown_below_percent")
    runtime, percent = hospital.ups.runtime, hospital.ups.shutdown_below_percent
    needed = ceil(_SHUTDOWN_S * 100 / runtime)
    if needed > 100:
        rule = f"an orderly shutdown takes {_SHUTDOWN_S} s: this battery is too small"
        yield Problem(("ups", "runtime"), format_duration(runtime), rule)
    elif percent < needed:
        left = runtime * percent / 100
        rule = (
            f"leaves {left:g} s of battery, an orderly shutdown takes {_SHUTDOWN_S} s: raise it to {needed}"
        )
        yield Problem(path, str(percent), rule, (("ups", "runtime"),))


def _amount(owner: Budget | Hardware, resource: str) -> int:
    return int(getattr(owner, resource))


RULES = (
    budgets_fit_the_hardware,
    service_has_memory,
    service_fits_its_budget,
    battery_lasts_for_the_shutdown,
)
