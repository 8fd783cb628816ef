"""A stack of the real engine in a folder of its own, driven by its command line and read from its files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolchain import catalogue, engine

PROJECT = "conformance"


@dataclass(frozen=True)
class Wanted:
    """One resource, or one call of a function, of the program: kind is like command.remote.Command."""

    kind: str
    name: str
    inputs: dict[str, Any]
    secret_outputs: tuple[str, ...] = ()


@dataclass
class Run:
    """What one run of the engine did."""

    status: int
    output: str
    state: str
    events: list[dict[str, Any]] = field(default_factory=list)

    def operations(self, name: str) -> list[str]:
        """What the engine did to the resource, step by step."""
        steps = [
            event["resourcePreEvent"]["metadata"] for event in self.events if "resourcePreEvent" in event
        ]
        return [step["op"] for step in steps if step["urn"].endswith(f"::{name}")]

    def diagnostics(self, name: str, severity: str = "error") -> str:
        """What the engine was told about the resource."""
        told = [event["diagnosticEvent"] for event in self.events if "diagnosticEvent" in event]
        return "".join(
            item["message"]
            for item in told
            if item.get("urn", "").endswith(f"::{name}") and item["severity"].startswith(severity)
        )

    def changes(self) -> dict[str, int]:
        """How many resources went through each operation."""
        summaries = [event["summaryEvent"] for event in self.events if "summaryEvent" in event]
        return dict(summaries[-1]["resourceChanges"]) if summaries else {}

    def resource(self, name: str) -> dict[str, Any]:
        """The resource as the state file keeps it; KeyError when it is not there."""
        deployment = json.loads(self.state)["checkpoint"].get("latest") or {}
        for resource in deployment.get("resources") or []:
            if resource["urn"].endswith(f"::{name}") and not resource.get("delete"):
                found: dict[str, Any] = resource
                return found
        raise KeyError(name)

    def outputs(self, name: str) -> dict[str, Any]:
        """The resource's outputs as the state file keeps them, secrets still encrypted."""
        found: dict[str, Any] = self.resource(name).get("outputs", {})
        return found


class Stack:
    """One stack; `plugin` takes the place of the pinned command plugin if given."""

    def __init__(self, folder: Path, plugin: Path | None = None) -> None:
        self._folder = folder
        (folder / "state").mkdir(parents=True)
        (folder / "program.py").write_text(Path(__file__).with_name("program.py").read_text())
        (folder / "Pulumi.yaml").write_text(
            json.dumps(
                {
                    "name": PROJECT,
                    "main": "program.py",
                    "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}},
                }
            )
        )
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "SSH_"))},
            **engine.environment(),
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": "a passphrase for tests",
            # Shows the flag --event-log, which the Automation API uses too.
            "PULUMI_DEBUG_COMMANDS": "true",
        }
        if plugin is not None:
            self.environment["PULUMI_HOME"] = str(self._home_with(plugin))
        self._pulumi("stack", "init", "test")

    def _home_with(self, plugin: Path) -> Path:
        home = self._folder / "home"
        target = home / catalogue.COMMAND.home_path
        target.parent.mkdir(parents=True)
        target.symlink_to(plugin.resolve())
        return home

    def up(self, wanted: list[Wanted], *, check: bool = True) -> Run:
        """Make the world as wanted; every failing resource is tried."""
        return self._run("up", wanted, "--skip-preview", "--yes", "--continue-on-error", check=check)

    def preview(self, wanted: list[Wanted]) -> Run:
        """Say what up would do."""
        return self._run("preview", wanted)

    def destroy(self, *, check: bool = True) -> Run:
        """Delete everything."""
        return self._run("destroy", None, "--skip-preview", "--yes", "--continue-on-error", check=check)

    def _run(self, verb: str, wanted: list[Wanted] | None, *flags: str, check: bool = True) -> Run:
        if wanted is not None:
            (self._folder / "resources.json").write_text(json.dumps([vars(item) for item in wanted]))
        log = self._folder / "events.jsonl"
        log.unlink(missing_ok=True)
        ended = self._pulumi(
            verb, "--stack", "test", "--non-interactive", "--event-log", str(log), *flags, check=check
        )
        return Run(
            status=ended.returncode,
            output=ended.stdout,
            state=(self._folder / "state" / ".pulumi" / "stacks" / PROJECT / "test.json").read_text(),
            events=[json.loads(line) for line in log.read_text().splitlines()] if log.exists() else [],
        )

    def _pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            ["pulumi", *arguments],
            cwd=self._folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
        if check and ended.returncode != 0:
            raise AssertionError(f"pulumi {arguments[0]} failed:\n{ended.stdout}")
        return ended
