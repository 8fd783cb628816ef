"""The command plugin keeps the official one's promises: a whole life, from create to delete.

One stack lives through three updates and is destroyed; every test looks at what one resource did.
PRONTUARIO_COMMAND_PLUGIN=/path/to/pulumi-resource-command runs the same tests against another plugin.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolchain.life import SECRET, Life, lived
from tests.toolchain.sshd import Machine

pytestmark = pytest.mark.build

# How the engine marks a secret in its state.
SECRET_KEY = "4dabf18193072939515e22adb298388d"
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"


@pytest.fixture(scope="module")
def life(machine: Machine, plugin: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Lived once, looked at by every test."""
    return lived(machine, plugin, tmp_path_factory.mktemp("life"))


both = pytest.mark.parametrize("where", ["local", "remote"])


@both
def test_output_is_kept_without_its_last_newline(life: Life, where: str) -> None:
    outputs = life.born.outputs(f"{where}-printing")
    assert (outputs["stdout"], outputs["stderr"]) == ("one\n", "two")


@both
def test_stdin_reaches_the_command(life: Life, where: str) -> None:
    assert life.born.outputs(f"{where}-reading")["stdout"] == "a line\nand another"


@both
def test_environment_reaches_the_command(life: Life, where: str) -> None:
    assert life.born.outputs(f"{where}-seeing")["stdout"] == "Santa Casa"


@both
def test_nothing_runs_without_a_create_command(life: Life, where: str) -> None:
    assert life.born.operations(f"{where}-idle") == ["create"]
    assert life.entries(f"{where}-idle") == ["deleted"]


@both
def test_same_inputs_change_nothing(life: Life, where: str) -> None:
    assert life.unchanged.operations(f"{where}-updating") == ["same"]
    assert life.unchanged.operations(f"{where}-confiding") == ["same"]


@both
def test_changed_inputs_run_update_with_the_previous_output(life: Life, where: str) -> None:
    assert life.changed.operations(f"{where}-updating") == ["update"]
    assert life.changed.outputs(f"{where}-updating")["stdout"] == "second2"
    assert life.entries(f"{where}-updating")[:2] == ["created", "updated said [first][complaint]"]


@both
def test_delete_runs_with_the_last_output(life: Life, where: str) -> None:
    assert life.entries(f"{where}-updating")[-1] == "deleted said [second3][]"


@both
def test_previous_output_stays_away_when_not_wanted(life: Life, where: str) -> None:
    assert life.entries(f"{where}-silent-about-the-past")[0] == "updated said [][]"


@both
def test_create_runs_again_when_there_is_no_update_command(life: Life, where: str) -> None:
    assert life.changed.operations(f"{where}-recreating") == ["update"]
    assert life.changed.outputs(f"{where}-recreating")["stdout"] == "day2"
    assert life.entries(f"{where}-recreating") == ["created", "created"]


@both
def test_changed_triggers_replace(life: Life, where: str) -> None:
    assert life.changed.operations(f"{where}-triggered") == [
        "create-replacement",
        "replace",
        "delete-replaced",
    ]
    assert life.entries(f"{where}-triggered") == [
        "created on day 1",
        "created on day 2",
        "deleted",
        "deleted",
    ]


@both
def test_secret_input_stays_secret_and_does_not_spread(life: Life, where: str) -> None:
    outputs = life.born.outputs(f"{where}-confiding")
    assert outputs["stdin"][SECRET_KEY] == SECRET_MARK
    assert outputs["stdout"] == "heard"


@both
def test_output_is_secret_when_asked_for(life: Life, where: str) -> None:
    assert life.born.outputs(f"{where}-reciting")["stdout"][SECRET_KEY] == SECRET_MARK


def test_no_secret_stands_in_the_state_in_clear(life: Life, machine: Machine) -> None:
    words = (SECRET, machine.private_key.splitlines()[1])
    # Found first, asserted then: pytest would print the whole state, secret and all.
    spoken = [word for run in (life.born, life.changed, life.broken) for word in words if word in run.state]
    assert not spoken


@both
def test_what_is_printed_is_shown(life: Life, where: str) -> None:
    assert "two" in life.born.diagnostics(f"{where}-printing", "info")


@both
def test_only_the_streams_wanted_are_shown(life: Life, where: str) -> None:
    assert life.born.diagnostics(f"{where}-quiet", "info").strip() == "complained"
    assert life.born.diagnostics(f"{where}-mute", "info") == ""
    assert life.born.outputs(f"{where}-mute")["stdout"] == "spoken"


def test_interpreter_takes_the_place_of_the_shell(life: Life) -> None:
    assert life.born.outputs("interpreting")["stdout"] == "42"


def test_files_are_gathered_by_glob(life: Life) -> None:
    outputs = life.born.outputs("gathering")
    assert outputs["stdout"].endswith("/dir")
    assert set(outputs["assets"]) == {"top.txt", "deep/kept.txt"}
    assert set(outputs["archive"]["assets"]) == {"deep/kept.txt", "deep/secret.txt"}


def test_run_runs_at_every_preview_and_update(life: Life) -> None:
    assert life.entries("run") == ["ran"] * 4


def test_file_is_copied_and_its_parents_made(life: Life) -> None:
    assert life.files["new/parents/report.txt"] == "written on day 2"


def test_changed_file_is_copied_again_in_place(life: Life) -> None:
    assert life.changed.operations("file") == ["update"]


def test_unchanged_file_is_left_alone(life: Life) -> None:
    assert life.changed.operations("into-folder") == ["same"]
    assert life.unchanged.operations("folder") == ["same"]


def test_file_goes_into_a_folder_that_is_there(life: Life) -> None:
    assert life.files["standing/note.txt"] == "note"


def test_text_is_written(life: Life) -> None:
    assert life.files["texts/words.txt"] == "spoken\n"


def test_folder_is_copied_under_its_own_name(life: Life) -> None:
    assert life.files["folders/copied/tree/leaf"] == "leaf"
    assert life.files["folders/copied/tree/branch/leaf"] == "leaf of day 2"
    assert life.files["standing/tree/leaf"] == "leaf"


def test_folder_with_a_slash_gives_its_contents(life: Life) -> None:
    assert life.files["folders/contents/branch/leaf"] == "leaf of day 2"


def test_old_copy_resource_still_copies(life: Life) -> None:
    assert life.files["old.txt"] == "old way"


@both
def test_failed_update_tells_status_and_output_and_keeps_the_old_state(life: Life, where: str) -> None:
    told = life.broken.diagnostics(f"{where}-breaking")
    assert "3" in told
    assert "half done" in told
    assert "it broke" in told
    assert life.broken.outputs(f"{where}-breaking")["stdout"] == "whole"
    assert life.broken.outputs(f"{where}-breaking")["environment"] == {"HOSPITAL_DAY": "2"}


@both
def test_failed_delete_keeps_the_resource(life: Life, where: str) -> None:
    assert "cannot let go" in life.broken.diagnostics(f"{where}-clinging")
    assert life.broken.resource(f"{where}-clinging")["type"] == f"command:{where}:Command"


def test_destroy_leaves_only_what_cannot_be_deleted(life: Life) -> None:
    assert life.buried.status != 0
    assert "cannot let go" in life.buried.output
    with pytest.raises(KeyError):
        life.buried.resource("local-updating")
