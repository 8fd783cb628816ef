"""A volume's folder, made by the programs of the machines' own image: never over somebody else's data."""

import subprocess

from components.remote_script import assemble, call
from lab.image import consumer

FOLDER = "/var/lib/prontuario-volumes/records"
MAKE = call("make_volume", FOLDER, "26:26", "records", "1048576")
DROP = call("drop_volume", FOLDER, "records")


def run(*steps: str) -> subprocess.CompletedProcess[str]:
    step = assemble(machine="mac-a", step="mac-a-volume", apply="\n".join(steps), libraries=["volume.sh"])
    return consumer(["sh", "step.sh", "apply"], {"step.sh": step})


def succeed(*steps: str) -> str:
    result = run(*steps)
    assert result.returncode == 0, result.stderr
    return result.stdout


def refused(*steps: str) -> str:
    result = run(*steps)
    assert result.returncode != 0, result.stdout
    return result.stderr.splitlines()[-1].removeprefix("mac-a: mac-a-volume: ")


def test_a_new_folder_belongs_to_its_owner_alone() -> None:
    assert succeed(MAKE, f"stat -c '%u:%g %a' {FOLDER}") == "26:26 700\n"


def test_making_it_again_leaves_what_is_in_it_and_how_it_is() -> None:
    kept = f"echo patients >{FOLDER}/rows; chmod 2770 {FOLDER}"
    assert succeed(MAKE, kept, MAKE, f"cat {FOLDER}/rows; stat -c %a {FOLDER}") == "patients\n2770\n"


def test_a_fresh_disk_is_taken() -> None:
    succeed(f"mkdir -p {FOLDER}/lost+found", MAKE, f"test -f {FOLDER}/.prontuario-volume")


def test_a_folder_with_something_in_it_is_not_touched() -> None:
    line = refused(f"mkdir -p {FOLDER}; echo mine >{FOLDER}/notes", MAKE)
    assert (
        line == f"{FOLDER} is not empty and not ours: move what is in it away, it would be mixed with records"
    )


def test_a_hidden_file_counts_as_something() -> None:
    assert "is not empty" in refused(f"mkdir -p {FOLDER}; touch {FOLDER}/.notes", MAKE)


def test_an_unmounted_disk_is_not_begun_anew() -> None:
    line = refused(MAKE, f"rm -r {FOLDER}; mkdir {FOLDER}", MAKE)
    assert line.startswith(f"{FOLDER} held records of mac-a and is empty or another disk now: mount its disk")


def test_another_machines_disk_is_refused() -> None:
    line = refused(f"mkdir -p {FOLDER}; echo 'records of mac-b' >{FOLDER}/.prontuario-volume", MAKE)
    assert line == f"{FOLDER} holds records of mac-b, not records of mac-a: mount the right disk there"


def test_a_smaller_size_is_refused_and_the_present_one_remembered() -> None:
    smaller = call("make_volume", FOLDER, "26:26", "records", "1048575")
    assert refused(MAKE, smaller) == (
        "records has 1048576 bytes and cannot shrink to 1048575: ask for at least its present size"
    )
    assert succeed(MAKE, f"( {smaller} ) || true", "cat /etc/prontuario/volumes/records") == "1048576\n"


def test_a_larger_size_is_remembered() -> None:
    larger = call("make_volume", FOLDER, "26:26", "records", "2097152")
    assert succeed(MAKE, larger, "cat /etc/prontuario/volumes/records") == "2097152\n"


def test_a_disk_that_is_too_small_is_refused() -> None:
    line = refused(call("make_volume", FOLDER, "26:26", "records", str(2**60)))
    assert f"and records needs {2**60}: mount a larger disk there" in line


def test_dropping_takes_the_data_and_the_notes() -> None:
    succeed(MAKE, DROP, f"! test -e {FOLDER}; ! test -e /etc/prontuario/volumes")


def test_dropping_leaves_a_folder_that_is_not_ours() -> None:
    succeed(f"mkdir -p {FOLDER}; touch {FOLDER}/notes", DROP, f"test -f {FOLDER}/notes")


def test_dropping_what_is_not_there_succeeds() -> None:
    succeed(DROP)
