"""What is there, what would be built, what that costs, and what it would need."""

from __future__ import annotations

from dataclasses import dataclass

from toolchain import cargo, catalogue, engine, go, programs, store
from toolchain.catalogue import Artefact


@dataclass(frozen=True)
class Finding:
    """One artefact's state; `where` is empty when it is not there."""

    artefact: Artefact
    needed: bool
    origin: str
    where: str

    def line(self) -> str:
        """For people."""
        artefact = self.artefact
        head = f"{artefact.name:<23} {artefact.version:<9}"
        if self.where:
            return f"{head} {self.origin:<9} {self.where}"
        cost = artefact.cost
        wish = "would be built" if self.needed else f"not needed yet (build --only {artefact.name})"
        return (
            f"{head} {'missing':<9} {wish}: about {cost.cpu_seconds} CPU s, "
            f"{cost.download_mb} MB to download, {cost.disk_mb} MB of disk, {cost.binary_mb} of them kept"
        )


def examine() -> list[Finding]:
    """Everything that `make up` needs, and the plugins that it does not need yet."""
    needed = [*catalogue.required(), *programs.CLUSTER]
    findings = []
    for artefact in (*catalogue.ARTEFACTS, *programs.CLUSTER):
        origin, where = engine.locate(artefact) or ("", "")
        findings.append(Finding(artefact, artefact in needed, origin, str(where)))
    return findings


def report(findings: list[Finding]) -> tuple[str, bool]:
    """The text, and whether everything needed is there or can be built here."""
    to_build = [finding.artefact for finding in findings if finding.needed and not finding.where]
    problem = "; ".join(text for text in (go.problem(), cargo.problem()) if text)
    free, disk = go.free_mb(store.root()), sum(artefact.cost.disk_mb for artefact in to_build)
    lines = [
        *(f"{name:<23} {found or f'{version}, fit to build with'}" for name, found, version in _compilers()),
        f"{'disk':<23} {free} MB free at {store.root()}",
        *(finding.line() for finding in findings),
    ]
    if not to_build:
        lines.append("everything needed is there")
        return "\n".join(lines), True
    cpu = sum(artefact.cost.cpu_seconds for artefact in to_build)
    download = sum(artefact.cost.download_mb for artefact in to_build)
    lines.append(
        f"to build: {', '.join(artefact.name for artefact in to_build)}: at most {cpu} CPU s "
        f"(about {max(1, round(cpu / 2 / 60))} min on two cores), {download} MB to download, "
        f"{disk} MB of disk; less when Go has some of it cached"
    )
    if problem:
        lines.append(f"cannot build: {problem}")
    elif free < disk:
        lines.append(f"may not fit: {free} MB free; fine if Go has most of it cached already")
    return "\n".join(lines), not problem and free >= disk


def _compilers() -> list[tuple[str, str | None, str | None]]:
    """Name, what is wrong with it, version."""
    return [("go", go.problem(), go.version()), ("rust", cargo.problem(), cargo.version())]
