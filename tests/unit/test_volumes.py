"""Volumes: where they lie, and that none ever becomes smaller."""

import pytest

from components.volumes import render_storage_class, render_volume, shrinking


def test_a_volume_belongs_to_one_machine_and_is_kept_when_nobody_claims_it() -> None:
    spec = render_volume("records", "4Ti", "mac-a")["spec"]
    (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [
        {"key": "kubernetes.io/hostname", "operator": "In", "values": ["mac-a"]}
    ]
    assert spec["persistentVolumeReclaimPolicy"] == "Retain"
    assert spec["local"]["path"] == "/var/lib/prontuario-volumes/records"


def test_the_class_provisions_nothing_and_waits_for_the_pod() -> None:
    rendered = render_storage_class("records")
    assert rendered["provisioner"] == "kubernetes.io/no-provisioner"
    assert rendered["volumeBindingMode"] == "WaitForFirstConsumer"
    assert rendered["reclaimPolicy"] == "Retain"
    assert (
        rendered["metadata"]["name"] == render_volume("records", "1Gi", "mac-a")["spec"]["storageClassName"]
    )


@pytest.mark.parametrize(("present", "wanted"), [("4Ti", "4Ti"), ("2Gi", "4Ti"), ("1024Gi", "1Ti")])
def test_a_volume_may_stay_or_grow(present: str, wanted: str) -> None:
    old, new = (render_volume("records", size, "mac-a") for size in (present, wanted))
    assert shrinking(old, new) is None


@pytest.mark.parametrize(("present", "wanted"), [("4Ti", "2Ti"), ("4Ti", "4095Gi"), ("1Gi", "512Mi")])
def test_a_volume_may_not_shrink_and_the_line_says_what_to_write(present: str, wanted: str) -> None:
    old, new = (render_volume("records", size, "mac-a") for size in (present, wanted))
    assert shrinking(old, new) == (
        f"records-mac-a has {present} and cannot shrink to {wanted}: nothing was changed; "
        f"set the size in the stack file to {present} or more"
    )
