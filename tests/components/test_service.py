"""The service on both Macs: what each gets, and in which order."""

import subprocess
from pathlib import Path

import pulumi
import pytest

from app.release import Release, ReleaseError
from app.settings import Settings
from components import service as module
from components.machine import MachineArgs, MacStudio
from components.service import (
    MedicalService,
    MedicalServiceArgs,
    release_for,
    render_settings,
    render_switch,
    render_unit,
)
from infra.config.model import Hospital, Service
from tests.components.conftest import PRIVATE_KEY, Engine

RELEASE_ID = "1.2.3-0123456789ab-x86_64"
ARCHIVE = f"/opt/prontuario/incoming/{RELEASE_ID}.tar.gz"


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """A release whose artefact exists."""
    path = tmp_path / f"prontuario-{RELEASE_ID}.tar.gz"
    path.write_bytes(b"artefact")
    return Release(RELEASE_ID, "1.2.3", path, "0" * 64, "x86_64")


def deploy(hospital: Hospital, release: Release) -> MedicalService:
    """The service on every Mac of ``hospital``."""
    macs = [MacStudio(name, MachineArgs.of(hospital, name, PRIVATE_KEY)) for name in hospital.macs]
    return MedicalService("service", MedicalServiceArgs(hospital, macs, release))


@pulumi.runtime.test
async def test_both_macs_get_the_release_and_the_witness_does_not(
    engine: Engine, hospital: Hospital, release: Release
) -> None:
    service = deploy(hospital, release)
    await engine.settled()
    assert service.release == RELEASE_ID
    assert set(service.serving) == {"mac-a", "mac-b"}
    steps = {name for name, one in engine.resources.items() if one.parent == "service"}
    for machine in ("mac-a", "mac-b"):
        for step in ("release", "settings", "unit", "switch"):
            assert f"{machine}-service-{step}" in steps
    assert not [name for name in steps if "witness" in name]


@pulumi.runtime.test
async def test_nothing_reaches_the_primary_before_the_secondary_serves(
    engine: Engine, hospital: Hospital, release: Release
) -> None:
    deploy(hospital, release)
    await engine.settled()
    for step in ("settings", "unit", "switch"):
        assert "mac-b-service" in engine.named(f"mac-a-service-{step}").depends_on
        assert "mac-a-service" not in engine.named(f"mac-b-service-{step}").depends_on
        assert f"mac-a-service-{step}" in engine.named("mac-a-service").depends_on


@pulumi.runtime.test
async def test_the_switch_waits_for_the_verified_artefact(
    engine: Engine, hospital: Hospital, release: Release
) -> None:
    deploy(hospital, release)
    await engine.settled()
    for machine in hospital.macs:
        assert f"{machine}-service-release" in engine.named(f"{machine}-service").depends_on
        upload = str(engine.named(f"{machine}-service-release").inputs["stdin"])
        assert release.sha256 in upload
        assert ARCHIVE in upload


@pulumi.runtime.test
async def test_a_machine_is_ready_before_the_service_comes(
    engine: Engine, hospital: Hospital, release: Release
) -> None:
    deploy(hospital, release)
    await engine.settled()
    assert "mac-b-directories" in engine.resources
    assert "mac-b-firewall" in engine.named("mac-b-service-unit").depends_on


@pulumi.runtime.test
async def test_every_machine_listens_on_its_own_address_under_its_own_name(
    engine: Engine, hospital: Hospital, release: Release
) -> None:
    deploy(hospital, release)
    await engine.settled()
    settings = str(engine.named("mac-b-service-settings").inputs["stdin"])
    assert "PRONTUARIO_MACHINE=mac-b\nPRONTUARIO_ADDRESS=192.168.100.11\nPRONTUARIO_PORT=8000\n" in settings


@pulumi.runtime.test
async def test_one_mac_alone_is_served_too(engine: Engine, hospital: Hospital, release: Release) -> None:
    alone = MacStudio("mac-a", MachineArgs.of(hospital, "mac-a", PRIVATE_KEY))
    MedicalService("service", MedicalServiceArgs(hospital, [alone], release))
    await engine.settled()
    assert "mac-a-service" in engine.resources


@pulumi.runtime.test
async def test_a_preview_needs_no_built_release(
    preview: Engine, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unbuilt(arch: str) -> Release:
        raise ReleaseError(f"release for {arch} is missing: run `make release`")

    monkeypatch.setattr(module, "find_release", unbuilt)
    deploy(hospital, release_for("x86_64"))
    await preview.settled()
    assert "mac-a-service" in preview.resources
    assert any("run `make release`" in message for message in preview.messages)


@pulumi.runtime.test
def test_an_update_refuses_an_unbuilt_release(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def unbuilt(arch: str) -> Release:
        raise ReleaseError(f"release for {arch} is missing: run `make release`")

    monkeypatch.setattr(module, "find_release", unbuilt)
    with pytest.raises(pulumi.RunError, match="release for aarch64 is missing: run `make release`"):
        release_for("aarch64")


def test_changed_settings_run_the_switch_again() -> None:
    one = render_switch(RELEASE_ID, ARCHIVE, "PRONTUARIO_PORT=8000\n", "unit")
    other = render_switch(RELEASE_ID, ARCHIVE, "PRONTUARIO_PORT=8001\n", "unit")
    assert one != other


def test_the_service_understands_its_settings() -> None:
    text = render_settings("mac-a", "192.168.100.10", Service(port=8123), 3.5)
    settings = Settings.from_environment(dict(line.split("=", 1) for line in text.splitlines()))
    assert (settings.machine, str(settings.address), settings.port) == ("mac-a", "192.168.100.10", 8123)
    assert (settings.drain, settings.finish) == (3.5, 10)


@pytest.mark.parametrize(("memory_gb", "drain"), [(4, 2.5), (64, 30)])
def test_systemd_accepts_the_unit(tmp_path: Path, memory_gb: int, drain: float) -> None:
    text = render_unit(Service(memory_gb=memory_gb), drain)
    unit = tmp_path / "prontuario.service"
    unit.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"MemoryMax={memory_gb}G\n" in text
    # systemd must not kill a process that is still within its own limits.
    assert f"TimeoutStopSec={drain + 15:g}s\n" in text


def test_no_shell_of_a_machine_stumbles_over_the_tool() -> None:
    tool = Path(module.__file__).with_name("scripts") / "prontuario-release.sh"
    subprocess.run(["sh", "-n", str(tool)], check=True)
