"""The service on both Macs: what each gets, and in which order."""

import subprocess
from pathlib import Path

import pulumi
import pulumi_random as random
import pytest

from app.release import Part, Release, ReleaseError
from app.settings import ServiceRole, Settings
from components import service as module
from components.authority import CertificateAuthority, CertificateAuthorityArgs
from components.machine import MachineArgs, MacStudio
from components.object_store import Bucket
from components.service import (
    MedicalService,
    MedicalServiceArgs,
    release_for,
    render_settings,
    render_switch,
    render_unit,
)
from components.services_stores import Stores
from infra.config.model import Hospital
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


class Store:
    """Records and cache in one, as far as the service looks at them."""

    def __init__(self, done: str) -> None:
        self.name = "cache"
        self.sentinels = ["10.96.78.17:26379", "10.96.78.18:26379"]
        passwords = {"medical_app": "RECORDS PASSWORD", "app": "CACHE PASSWORD"}
        self.users = {user: pulumi.Output.secret(password) for user, password in passwords.items()}
        self.ready: list[pulumi.Resource] = [random.RandomPassword(done, length=8)]


def stores() -> Stores:
    """Records and cache, known by the hospital's authority."""
    authority = CertificateAuthority("authority", CertificateAuthorityArgs("hospital"))
    bucket = Bucket("documents", pulumi.Output.secret("GK"), pulumi.Output.secret("STORE SECRET"))
    return Stores(
        authority, Store("records-done"), Store("cache-done"), bucket, pulumi.Output.secret("DOCUMENT KEY")
    )


def read_back(text: str, **more: str) -> Settings:
    """The settings that a service with this environment file has."""
    return Settings.from_environment(dict(line.split("=", 1) for line in text.splitlines()) | more)


@pulumi.runtime.test
async def test_passwords_reach_a_machine_as_secret_files(
    engine: Engine, hospital: Hospital, release: Release
) -> None:
    macs = [MacStudio(name, MachineArgs.of(hospital, name, PRIVATE_KEY)) for name in hospital.macs]
    MedicalService("service", MedicalServiceArgs(hospital, macs, release, stores()))
    await engine.settled()
    for machine in hospital.macs:
        for file, content in (
            ("records-password", "RECORDS PASSWORD"),
            ("cache-password", "CACHE PASSWORD"),
            ("authority", "AUTHORITY PEM"),
        ):
            step = engine.named(f"{machine}-service-{file}")
            assert str(step.inputs["stdin"]).endswith(f"\n{content}")
            assert f"put_file /etc/prontuario/service/{file} 0600 root:root" in str(step.inputs["stdin"])
            assert step.name in engine.named(f"{machine}-service").depends_on
        assert "stdin" in engine.named(f"{machine}-service-records-password").secrets
    settings, unit = (
        str(engine.named(f"mac-a-service-{one}").inputs["stdin"]) for one in ("settings", "unit")
    )
    assert "PASSWORD" not in settings + unit
    assert "LoadCredential=records-password:/etc/prontuario/service/records-password\n" in unit


@pulumi.runtime.test
async def test_the_service_waits_for_its_stores(engine: Engine, hospital: Hospital, release: Release) -> None:
    macs = [MacStudio(name, MachineArgs.of(hospital, name, PRIVATE_KEY)) for name in hospital.macs]
    args = MedicalServiceArgs(hospital, macs, release, stores())
    MedicalService("service", args)
    await engine.settled()
    assert {"records-done", "cache-done"} <= engine.named("mac-b-service-settings").depends_on
    settings = read_back(render_settings(args, "mac-a", "192.168.100.10"), CREDENTIALS_DIRECTORY="/run/x")
    assert (str(settings.records_address), settings.records_port) == ("192.168.100.100", 5432)
    assert settings.cache_sentinels == (("10.96.78.17", 26379), ("10.96.78.18", 26379))
    assert (settings.records_standbys, settings.cache_replicas) == (1, 1)
    assert str(settings.secret_path("authority")) == "/run/x/authority"


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
    def unbuilt(arch: str, *, part: Part) -> Release:
        raise ReleaseError(f"release for {arch} is missing: run `make release`")

    monkeypatch.setattr(module, "find_release", unbuilt)
    deploy(hospital, release_for("x86_64"))
    await preview.settled()
    assert "mac-a-service" in preview.resources
    assert any("run `make release`" in message for message in preview.messages)


@pulumi.runtime.test
def test_an_update_refuses_an_unbuilt_release(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def unbuilt(arch: str, *, part: Part) -> Release:
        raise ReleaseError(f"release for {arch} is missing: run `make release`")

    monkeypatch.setattr(module, "find_release", unbuilt)
    with pytest.raises(pulumi.RunError, match="release for aarch64 is missing: run `make release`"):
        release_for("aarch64")


def test_changed_settings_run_the_switch_again() -> None:
    one = render_switch(RELEASE_ID, ARCHIVE, "PRONTUARIO_PORT=8000\n", "unit")
    other = render_switch(RELEASE_ID, ARCHIVE, "PRONTUARIO_PORT=8001\n", "unit")
    assert one != other


def test_the_service_understands_its_settings(hospital: Hospital, release: Release) -> None:
    args = MedicalServiceArgs(hospital, [], release)
    settings = read_back(render_settings(args, "mac-a", "192.168.100.10"))
    assert (settings.machine, str(settings.address), settings.port) == ("mac-a", "192.168.100.10", 8000)
    assert (settings.drain, settings.finish) == (args.drain, 10)
    assert settings.role is ServiceRole.PLAIN
    assert settings.records_address is None
    assert settings.cache_sentinels == ()


@pytest.mark.parametrize(
    ("memory_gb", "drain", "credentials"), [(4, 2.5, ()), (64, 30, ("authority", "records-password"))]
)
def test_systemd_accepts_the_unit(
    tmp_path: Path, memory_gb: int, drain: float, credentials: tuple[str, ...]
) -> None:
    text = render_unit(memory_gb, drain, credentials)
    unit = tmp_path / "prontuario.service"
    unit.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"MemoryMax={memory_gb}G\n" in text
    assert text.count("LoadCredential=") == len(credentials)
    # systemd must not kill a process that is still within its own limits.
    assert f"TimeoutStopSec={drain + 15:g}s\n" in text


def test_no_shell_of_a_machine_stumbles_over_the_tool() -> None:
    tool = Path(module.__file__).with_name("scripts") / "prontuario-release.sh"
    subprocess.run(["sh", "-n", str(tool)], check=True)
