"""The drills by name. A drill is an async function that reads like the incident."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import getdoc

from drills.framework.stage import Stage
from drills.framework.traffic import phones
from drills.framework.verdict import Budget, DrillError
from drills.framework.workload import Kind

Script = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Drill:
    """A registered drill.

    budget: what every scene must keep unless it names its own
    limit_s: seconds after which one run is given up, whatever happens
    macs: how many the hospital must have for the drill to mean anything
    workload: the kind of load that is on while it happens
    """

    name: str
    budget: Budget
    limit_s: float
    macs: int
    script: Script
    workload: Kind = phones

    @property
    def story(self) -> str:
        """The script's docstring: what goes wrong, for people."""
        return getdoc(self.script) or ""


DRILLS: dict[str, Drill] = {}


def drill(
    name: str, budget: Budget, limit_s: float, macs: int = 1, workload: Kind = phones
) -> Callable[[Script], Script]:
    """Register a script under ``name``."""

    def register(script: Script) -> Script:
        DRILLS[name] = Drill(name, budget, limit_s, macs, script, workload)
        return script

    return register


def find(name: str) -> Drill:
    """The drill of that name; raises DrillError that lists the known ones."""
    if name not in DRILLS:
        raise DrillError(f"no drill is called {name!r}: choose one of {', '.join(sorted(DRILLS))}")
    return DRILLS[name]
