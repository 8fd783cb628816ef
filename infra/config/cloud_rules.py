"""Where the cloud begins, and that an air-gapped hospital has none."""

from collections.abc import Iterator

from infra.config.model import Hospital
from infra.config.problems import Path, Problem

BRAZIL = ("southamerica-east1",)
"""Where patients' data may be: the hospital's policy (the law itself, LGPD, does not ask for it)."""

_MODES = {
    "mvp": ("disabled", "emergency"),
    "prod": ("disabled", "emergency", "hybrid"),
    "lab": ("disabled", "emulated"),
}
"""hybrid needs the two Macs of prod, emulated exists in the lab alone and nothing else does there.

Any stack may be disabled: a hospital can decide to have two Macs and no cloud at all.
"""

_MODE: Path = ("cloud", "mode")
_BLOCK = {
    "project": "the Google Cloud project",
    "region": f"the region, {BRAZIL[0]}",
    "network": "the emergency network, such as 10.80.0.0/16",
}


def mode_fits_the_stack(hospital: Hospital) -> Iterator[Problem]:
    """Each stack knows the cloud modes it can keep."""
    mode, known = hospital.cloud.mode, _MODES[hospital.stack]
    if mode not in known:
        rule = f"stack {hospital.stack} knows the modes {', '.join(known)}: choose one of them"
        yield Problem(_MODE, mode, rule, (("stack",),))


def air_gap_has_no_cloud(hospital: Hospital) -> Iterator[Problem]:
    """With mode disabled not even the name of a cloud stands in the configuration."""
    if hospital.cloud.mode != "disabled":
        return
    for key in _BLOCK:
        value = getattr(hospital.cloud, key)
        if value is not None:
            rule = "cloud.mode is disabled (air-gapped): remove this key or choose another mode"
            yield Problem(("cloud", key), str(value), rule, (_MODE,))


def fallback_is_complete(hospital: Hospital) -> Iterator[Problem]:
    """A cloud that shall take over is fully described."""
    if hospital.cloud.mode not in ("emergency", "hybrid"):
        return
    for key, words in _BLOCK.items():
        if getattr(hospital.cloud, key) is None:
            rule = f"cloud.mode {hospital.cloud.mode} needs it: add {words}"
            yield Problem(("cloud", key), "missing", rule, (_MODE,))


def region_is_in_brazil(hospital: Hospital) -> Iterator[Problem]:
    """Patients' data stays in Brazil."""
    region = hospital.cloud.region
    if region is not None and region not in BRAZIL:
        rule = f"patients' data stays in Brazil: use {' or '.join(BRAZIL)}"
        yield Problem(("cloud", "region"), region, rule)


def cloud_network_is_apart(hospital: Hospital) -> Iterator[Problem]:
    """Machines reach both networks through one tunnel: an address must mean one place."""
    network, lan = hospital.cloud.network, hospital.lan.network
    if network is not None and network.overlaps(lan):
        rule = f"overlaps lan.network ({lan}): choose a network apart from it, such as 10.80.0.0/16"
        yield Problem(("cloud", "network"), str(network), rule, (("lan", "network"),))


RULES = (
    mode_fits_the_stack,
    air_gap_has_no_cloud,
    fallback_is_complete,
    region_is_in_brazil,
    cloud_network_is_apart,
)
