"""Build what is missing: modules side by side, nothing published before it is whole."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from toolchain import cargo, engine, go, store
from toolchain.cargo import Crate
from toolchain.catalogue import SOURCES, Artefact, ModuleFile
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

WORKERS = 2
_LOG_TAIL_LINES = 12


class Builder:
    """Builds artefacts; `stop` ends its children when the user gives up."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._stopped = threading.Event()
        self._children: set[subprocess.Popen[bytes]] = set()

    def stop(self) -> None:
        """End every running build; the compilers' own caches keep what was finished."""
        self._stopped.set()
        for child in list(self._children):
            child.terminate()

    def build(self, artefact: Artefact) -> None:
        """Build and publish one artefact, unless another process just did."""
        destination = store.folder(artefact, engine.compiler(artefact).require())
        self._progress.begin(artefact.name)
        with store.lock(destination.name):
            if destination.is_dir():
                self._progress.end(artefact.name, f"{artefact.version} built meanwhile")
                return
            log = store.root() / "logs" / f"{destination.name}.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_bytes(b"")
            try:
                with store.publishing(destination) as scratch:
                    self._compile(artefact, scratch, log)
            except ToolchainError:
                self._progress.end(artefact.name, f"{artefact.version} failed")
                raise
            size = (destination / artefact.binary).stat().st_size // 1_000_000
            self._progress.end(artefact.name, f"{artefact.version} built, {size} MB")

    def _compile(self, artefact: Artefact, scratch: Path, log: Path) -> None:
        # In a copy: generated files are embedded, and the user's checkout is not ours to write to.
        with tempfile.TemporaryDirectory() as copy:
            if isinstance(artefact, Crate):
                self._install(artefact, Path(copy), scratch, log)
                return
            module = Path(copy) / "module"
            shutil.copytree(SOURCES / artefact.module, module)
            for step in artefact.prepare:
                self._go(artefact, ["run", "-trimpath", *step], module, log)
            if artefact.target:
                output = str(scratch / artefact.binary)
                self._go(artefact, ["build", *artefact.flags, "-o", output, artefact.target], module, log)
            for extra in artefact.beside:
                self._go(artefact, ["mod", "download", extra.module], module, log)
                _copy(extra, module, scratch)

    def _install(self, crate: Crate, work: Path, scratch: Path, log: Path) -> None:
        environment = cargo.environment(work / "target")
        self._run(crate, cargo.fetch(crate), work, environment, log)
        cargo.verify(crate)
        self._run(crate, cargo.install(crate, work), work, environment, log)
        shutil.move(work / "bin" / crate.binary, scratch / crate.binary)

    def _go(self, artefact: Artefact, arguments: Sequence[str], module: Path, log: Path) -> None:
        self._run(artefact, ["go", *arguments], module, go.environment(), log)

    def _run(
        self, artefact: Artefact, argv: Sequence[str], folder: Path, environment: dict[str, str], log: Path
    ) -> None:
        if self._stopped.is_set():
            raise KeyboardInterrupt
        with log.open("ab") as output:
            # nice: a build in the background must not make the foreground stutter.
            child = subprocess.Popen(
                ["nice", "-n", "10", *argv],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            self._children.add(child)
            try:
                while True:
                    try:
                        child.wait(self._progress.heartbeat_s)
                        break
                    except subprocess.TimeoutExpired:
                        self._progress.alive(artefact.name)
            finally:
                self._children.discard(child)
        if self._stopped.is_set():
            raise KeyboardInterrupt
        if child.returncode != 0:
            raise ToolchainError(_failure(artefact, log))


def _copy(file: ModuleFile, module: Path, scratch: Path) -> None:
    answer = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", file.module],
        cwd=module,
        env=go.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise ToolchainError(f"{file.module}: go does not say where it is: {answer.stderr.strip()}")
    target = scratch / Path(file.path).name
    shutil.copyfile(Path(answer.stdout.strip()) / file.path, target)
    target.chmod(0o755)


def _failure(artefact: Artefact, log: Path) -> str:
    text = log.read_text(errors="replace")
    reason = engine.compiler(artefact).explain(text) or "the build failed"
    tail = "".join(f"\n    {line}" for line in deque(text.splitlines(), _LOG_TAIL_LINES))
    return f"{artefact.name} {artefact.version}: {reason}{tail}\n    whole log: {log}"


def missing(artefacts: Sequence[Artefact]) -> list[Artefact]:
    """Those that are neither installed officially nor built."""
    return [artefact for artefact in artefacts if engine.locate(artefact) is None]


def build(artefacts: Sequence[Artefact]) -> None:
    """Build what is missing of these; ToolchainError says everything that failed."""
    wanted = missing(artefacts)
    if not wanted:
        return
    for compiler in {engine.compiler(artefact) for artefact in wanted}:
        compiler.require()
    store.sweep()
    # The least that is needed when Go has everything cached; a build that needs more says so itself.
    free, needed = go.free_mb(store.root()), sum(2 * artefact.cost.binary_mb for artefact in wanted)
    if free < needed:
        raise ToolchainError(
            f"{free} MB free at {store.root()}, and building {', '.join(a.name for a in wanted)} "
            f"needs {needed} at the very least: free some space, then run it again"
        )
    builder = Builder(Progress())
    modules: dict[str, list[Artefact]] = {}
    for artefact in wanted:
        modules.setdefault(artefact.module, []).append(artefact)

    failures: list[str] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(_build_in_order, builder, group) for group in modules.values()]
        try:
            for job in as_completed(jobs):
                failures += job.result()
        except KeyboardInterrupt:
            builder.stop()
            pool.shutdown(cancel_futures=True)
            raise
    if failures:
        raise ToolchainError("\n".join(failures))


def _build_in_order(builder: Builder, group: Sequence[Artefact]) -> list[str]:
    # One module's artefacts share most of their libraries: side by side, both would compile them.
    failures = []
    for artefact in group:
        try:
            builder.build(artefact)
        except ToolchainError as error:
            failures.append(str(error))
    return failures
