"""A workspace survives what happens to engines: killed, two at once, cut short in the middle of a write."""

from pathlib import Path

import pytest

from lab.host import cache_folder
from toolchain.workspace import EngineError, Workspace, alone, stack_settings

pytestmark = pytest.mark.engine


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path, "mvp", stack_settings("mvp"))


def leave_a_lock(workspace: Workspace) -> Path:
    """What an engine that was killed leaves behind."""
    lock = (
        workspace.folder / "state" / ".pulumi" / "locks" / "organization" / "prontuario" / "mvp" / "old.json"
    )
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text('{"pid": 1, "username": "nobody", "hostname": "off"}')
    return lock


def checkpoint(workspace: Workspace) -> Path:
    (found,) = (workspace.folder / "state" / ".pulumi" / "stacks").rglob("mvp.json")
    return found


def test_a_state_cut_short_by_a_killed_engine_goes_on_from_its_copy(workspace: Workspace) -> None:
    leave_a_lock(workspace)
    state = checkpoint(workspace)
    state.with_name("mvp.json.bak").write_text(state.read_text())
    state.write_text("")
    workspace.recover()
    assert "deployment" in workspace.run("stack", "export")


def test_a_state_without_a_whole_copy_is_named(workspace: Workspace) -> None:
    leave_a_lock(workspace)
    checkpoint(workspace).write_text("{")
    checkpoint(workspace).with_name("mvp.json.bak").write_text("{")
    with pytest.raises(EngineError, match="damaged and so is its copy"):
        workspace.recover()


def test_two_at_once_are_refused(workspace: Workspace) -> None:
    with (
        alone(workspace.folder),
        pytest.raises(EngineError, match="another command"),
        alone(workspace.folder),
    ):
        pass


def test_a_proxy_does_not_come_between_the_program_and_its_engine(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert workspace.preview()["changeSummary"]["create"] > 10


def test_an_unknown_stack_is_named_with_the_known_ones() -> None:
    with pytest.raises(EngineError, match=r"known stacks: .*mvp.*prod"):
        stack_settings("nonsense")


def test_a_preview_leaves_nothing_in_the_users_home(
    workspace: Workspace, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_folder().parent))  # the built engine is found there
    monkeypatch.setenv("HOME", str(home))
    workspace.preview()
    # Go counts for itself how often it was started.
    files = [path for path in home.rglob("*") if path.is_file() and "telemetry" not in path.parts]
    assert [str(one) for one in files] == []
