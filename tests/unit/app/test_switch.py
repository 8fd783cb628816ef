"""prontuario-release, run for real by sh in a machine's file system of its own; only systemd is played."""

import json
import os
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.app.test_server import free_port

TOOL = Path(__file__).parents[3] / "components/scripts/prontuario-release.sh"

SERVES = """
import http.server, json, os, pathlib
root = pathlib.Path(__file__).resolve().parent
version = json.loads((root / "manifest.json").read_text())["id"]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"status": "ready", "version": version}, separators=(",", ":")).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
FALLS = "raise SystemExit('the records of this release are unreadable')"
NEVER_READY = SERVES.replace("send_response(200)", "send_response(503)")
LIES = SERVES.replace('["id"]', '["id"] + "-other"')
SILENT = "import time; time.sleep(60)"

SYSTEMCTL = """#!/bin/sh
echo "$1" >>"$PLAY/asked"
stop() { if [ -f "$PLAY/pid" ]; then kill -9 "$(cat "$PLAY/pid")"; rm "$PLAY/pid"; fi 2>/dev/null; }
case "$1" in
    restart)
        stop
        "$PYTHON" "$PRONTUARIO_ROOT/opt/prontuario/current/__main__.py" >>"$PLAY/journal" 2>&1 9>&- &
        echo $! >"$PLAY/pid"
        ;;
    disable) stop ;;
esac
"""
JOURNALCTL = '#!/bin/sh\ntail -n 3 "$PLAY/journal"\n'


class Ward:
    """One machine: its root folder, a systemd that only knows our unit, and the tool."""

    def __init__(self, folder: Path) -> None:
        self.root, self.play = folder / "root", folder / "play"
        self.port = free_port()
        for path in (self.root / "etc/prontuario", self.root / "etc/systemd/system", self.play / "bin"):
            path.mkdir(parents=True)
        self.settings = self.root / "etc/prontuario/service.env"
        self.settings.write_text(
            f"PRONTUARIO_MACHINE=mac-b\nPRONTUARIO_ADDRESS=127.0.0.1\nPRONTUARIO_PORT={self.port}\n"
        )
        (self.root / "etc/systemd/system/prontuario.service").write_text("[Service]\n")
        for name, text in (("systemctl", SYSTEMCTL), ("journalctl", JOURNALCTL)):
            (self.play / "bin" / name).write_text(text)
            (self.play / "bin" / name).chmod(0o755)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The tool with ``words``."""
        environment = {
            "PATH": f"{self.play}/bin:{os.environ['PATH']}",
            "PRONTUARIO_ROOT": str(self.root),
            "PRONTUARIO_PATIENCE": "2",
            "PLAY": str(self.play),
            "PYTHON": sys.executable,
            "PORT": str(self.port),
        }
        return subprocess.run(
            ["sh", str(TOOL), *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def artefact(self, identity: str, program: str = SERVES) -> Path:
        """A release that holds ``program``."""
        tree = self.play / identity
        tree.mkdir()
        (tree / "manifest.json").write_text(json.dumps({"id": identity}, indent=2))
        (tree / "__main__.py").write_text(program)
        path = self.play / f"{identity}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for file in tree.iterdir():
                archive.add(file, file.name)
        return path

    def deploy(self, identity: str, program: str = SERVES) -> subprocess.CompletedProcess[str]:
        """Install and activate."""
        installed = self.run("install", str(self.artefact(identity, program)), identity)
        assert installed.returncode == 0, installed.stderr
        return self.run("activate", identity)

    @property
    def serving(self) -> str:
        """The release that answers now."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5) as answer:
            return str(json.load(answer)["version"])

    @property
    def installed(self) -> set[str]:
        """Every release on the disk."""
        return {path.name for path in (self.root / "opt/prontuario/releases").iterdir()}

    @property
    def restarts(self) -> int:
        """How often the service was restarted."""
        return (self.play / "asked").read_text().split().count("restart")


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    one = Ward(tmp_path)
    yield one
    subprocess.run(
        [str(one.play / "bin/systemctl"), "disable"], env=dict(os.environ, PLAY=str(one.play)), check=True
    )


def test_a_release_is_installed_and_serves(ward: Ward) -> None:
    done = ward.deploy("1.0.0-a")
    assert (done.returncode, done.stdout) == (0, "prontuario-release: release 1.0.0-a serves\n")
    assert ward.serving == "1.0.0-a"
    assert ward.run("list").stdout == "1.0.0-a  proven  current\n"


def test_what_is_installed_cannot_be_written(ward: Ward) -> None:
    ward.deploy("1.0.0-a")
    release = ward.root / "opt/prontuario/releases/1.0.0-a"
    assert not [path for path in (release, *release.rglob("*")) if path.stat().st_mode & 0o222]


@pytest.mark.parametrize(
    "program", [FALLS, NEVER_READY, LIES, SILENT], ids=["falls", "503", "lies", "silent"]
)
def test_a_release_that_does_not_become_ready_gives_way_to_the_one_before(ward: Ward, program: str) -> None:
    ward.deploy("1.0.0-a")
    done = ward.deploy("1.1.0-b", program)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"prontuario-release: release 1.1.0-b did not become ready on mac-b (127.0.0.1:{ward.port}), "
        "1.0.0-a serves again: correct it; its last words: "
    )
    assert len(done.stderr.splitlines()) == 1
    assert ("are unreadable" in done.stderr) == (program == FALLS)
    assert ward.serving == "1.0.0-a"
    assert ward.run("list").stdout == "1.0.0-a  proven  current\n"


def test_the_very_first_release_that_fails_is_stopped(ward: Ward) -> None:
    done = ward.deploy("1.0.0-a", FALLS)
    assert done.returncode == 1
    assert "there is no earlier one, the service is stopped" in done.stderr
    assert not (ward.play / "pid").exists()
    assert ward.run("list").stdout == ""
    assert ward.deploy("1.0.1-b").returncode == 0


def test_a_switch_that_a_power_cut_interrupted_proves_nothing(ward: Ward) -> None:
    ward.deploy("1.0.0-a")
    ward.run("install", str(ward.artefact("1.1.0-b", FALLS)), "1.1.0-b")
    current = ward.root / "opt/prontuario/current"
    current.unlink()
    current.symlink_to("releases/1.1.0-b")
    assert ward.run("activate", "1.1.0-b").returncode == 1
    assert ward.serving == "1.0.0-a"


def test_activating_what_serves_already_restarts_nothing(ward: Ward) -> None:
    ward.deploy("1.0.0-a")
    assert ward.run("activate", "1.0.0-a").returncode == 0
    assert ward.restarts == 1


def test_activating_after_its_settings_changed_restarts_it(ward: Ward) -> None:
    ward.deploy("1.0.0-a")
    ward.settings.write_text(ward.settings.read_text() + "PRONTUARIO_DRAIN=1\n")
    assert ward.run("activate", "1.0.0-a").returncode == 0
    assert ward.restarts == 2


def test_a_person_goes_back_by_hand(ward: Ward) -> None:
    ward.deploy("1.0.0-a")
    ward.deploy("1.1.0-b")
    assert ward.serving == "1.1.0-b"
    assert ward.run("activate", "1.0.0-a").returncode == 0
    assert ward.serving == "1.0.0-a"


def test_the_three_newest_stay_and_the_one_in_use_always(ward: Ward) -> None:
    names = [f"1.{number}.0-x" for number in range(5)]
    for name in names:
        ward.deploy(name)
        time.sleep(0.01)
    assert ward.installed == set(names[-3:])
    ward.run("activate", names[2])
    for name in ("2.0.0-y", "2.1.0-y", "2.2.0-y"):
        assert ward.run("install", str(ward.artefact(name)), name).returncode == 0
    ward.run("activate", "2.2.0-y")
    ward.run("activate", "2.2.0-y")
    assert ward.installed == {"2.0.0-y", "2.1.0-y", "2.2.0-y"}


def test_a_damaged_artefact_changes_nothing(ward: Ward) -> None:
    ward.deploy("1.0.0-a")
    artefact = ward.artefact("1.1.0-b")
    artefact.write_bytes(artefact.read_bytes()[:-60])
    done = ward.run("install", str(artefact), "1.1.0-b")
    assert done.returncode == 1
    assert "nothing was changed: free some space or upload it again" in done.stderr
    assert ward.installed == {"1.0.0-a"}
    assert ward.serving == "1.0.0-a"


def test_an_artefact_under_another_name_is_refused(ward: Ward) -> None:
    done = ward.run("install", str(ward.artefact("1.1.0-b")), "6.6.6-z")
    assert done.returncode == 1
    assert "is not release 6.6.6-z" in done.stderr
    assert ward.installed == set()


def test_a_release_that_is_not_there_names_those_that_are(ward: Ward) -> None:
    ward.deploy("1.0.0-a")
    done = ward.run("activate", "9.9.9-z")
    assert done.returncode == 1
    assert "release 9.9.9-z is not installed here: choose one of: 1.0.0-a  proven  current" in done.stderr
    assert ward.serving == "1.0.0-a"


@pytest.mark.parametrize("identity", ["", ".", "..", "../../etc", "a/b", "a b", "a;reboot", "-rf\n"])
def test_what_is_no_id_is_refused(ward: Ward, identity: str) -> None:
    done = ward.run("activate", identity)
    assert done.returncode == 1
    assert "is not a release id" in done.stderr


@pytest.mark.parametrize("words", [[], ["activate"], ["install", "x"], ["remove", "x"], ["list", "x"]])
def test_wrong_words_are_answered_with_the_right_ones(ward: Ward, words: list[str]) -> None:
    done = ward.run(*words)
    assert (done.returncode, "usage: prontuario-release" in done.stderr) == (1, True)
