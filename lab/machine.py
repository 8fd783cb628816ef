"""One machine of the virtual hospital: a whole Debian under systemd-nspawn that can lose its power."""

import hashlib
import json
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import cgroups, image, keys, nspawn, vitals
from lab.disk import Disk, DiskFile
from lab.host import (
    RUNTIME,
    LabError,
    command,
    locked,
    runtime_folder,
    send,
    started,
    typed,
    wait_until_gone,
    write_atomically,
)
from lab.network import Network, machine_path
from lab.plan import MachinePlan, Plan
from lab.privilege import as_root, delegated

BOOTED = ("running", "degraded")
INSIDE = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}


@dataclass(frozen=True)
class Machine:
    """A machine of a lab, on or off."""

    lab: str
    state: Path
    plan: Plan
    about: MachinePlan

    @property
    def name(self) -> str:
        """Its name in the stack file."""
        return self.about.name

    @property
    def address(self) -> str:
        """Its own address on the LAN."""
        return self.about.address

    @property
    def disk(self) -> Disk:
        """What it remembers through a power cut."""
        return Disk(self.state / "machines" / self.name)

    @property
    def boot_log(self) -> Path:
        """What it said on its console since the last power-on."""
        return self.state / "machines" / f"{self.name}.console.log"

    @property
    def network(self) -> Network:
        """The LAN it is plugged into."""
        return Network(self.lab)

    @property
    def _host_name(self) -> str:
        """What systemd-nspawn calls it: a name no other machine on this computer has."""
        return f"{self.lab}.{self.name}"

    @property
    def _power(self) -> Path:
        return runtime_folder(self.lab) / f"{self.name}.json"

    @property
    def _groups(self) -> list[Path]:
        return cgroups.existing(self.lab, self.name)

    # -- is it there? ------------------------------------------------------------------------------

    def _nspawn(self) -> tuple[int, int] | None:
        """Process id and birth of the living nspawn, or None."""
        try:
            stored = json.loads(self._power.read_text())
            pid, birth = int(stored["pid"]), int(stored["birth"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return (pid, birth) if started(pid) == birth else None

    @property
    def init_pid(self) -> int | None:
        """The machine's PID 1 as this computer numbers it; None when the machine is off."""
        living = self._nspawn()
        return vitals.init_of(living[0]) if living else None

    def is_running(self) -> bool:
        """True from power-on to power cut, whatever the machine is doing."""
        return self.init_pid is not None

    def holds(self, address: str) -> bool:
        """True while this machine carries the address (reads the kernel, sends nothing)."""
        init = self.init_pid
        return init is not None and vitals.holds(init, address)

    def listens(self, port: int) -> bool:
        """True while something on the machine accepts TCP connections on this port."""
        init = self.init_pid
        return init is not None and vitals.listens(init, port)

    # -- power -------------------------------------------------------------------------------------

    @contextmanager
    def switching(self) -> Iterator[None]:
        """Be the only one with a hand on this machine's power switch."""
        lock = RUNTIME / f"{self._host_name}.lock"
        with locked(lock, waiting=f"{self.name} is being switched by another command: waiting"):
            yield

    def power_on(self) -> None:
        """Boot, without waiting for it, and with less of the processor than the other machines.

        Raises LabError when the disk, the network card or systemd-nspawn refuses.
        """
        self._clear()
        self.disk.mount(image.root(self.plan.image))
        self.disk.write(self._identity())
        self.network.plug_in(self.plan, self.about)
        pid = nspawn.launch(
            root=self.disk.root,
            machine=self._host_name,
            hostname=self.name,
            network=machine_path(self.lab, self.name),
            groups=cgroups.create(self.lab, self.name),
            folders=self.disk.real_folders(),
            console=self.boot_log,
        )
        birth = started(pid)
        self._power.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._power, json.dumps({"pid": pid, "birth": birth}) + "\n")
        self._wait_for_init()
        self.network.release(self.about)

    def _wait_for_init(self, within: float = 20.0) -> None:
        deadline = time.monotonic() + within
        while self.init_pid is None:
            if self._nspawn() is None or time.monotonic() > deadline:
                raise LabError(f"{self.name} does not boot: {self._last_words()}")
            time.sleep(0.005)

    def _clear(self) -> None:
        """Remove what an earlier life left: processes, control groups, the network card."""
        cgroups.destroy(self._groups)
        self._power.unlink(missing_ok=True)
        self.network.unplug(self.about)
        nspawn.forget(self.lab, self.name)

    def _identity(self) -> tuple[DiskFile, ...]:
        """Name, neighbours and keys: the files that make this disk this machine's."""
        hosts = ["127.0.0.1 localhost", "::1 localhost ip6-localhost"]
        hosts += [f"{other.address} {other.name}" for other in self.plan.machines]
        return (
            DiskFile("etc/hostname", f"{self.name}\n"),
            DiskFile("etc/hosts", "\n".join(hosts) + "\n"),
            DiskFile("etc/ssh/sshd_config.d/20-port.conf", f"Port {self.about.ssh_port}\n"),
            DiskFile("etc/machine-id", f"{self._machine_id()}\n", mode=0o444),
            *keys.on_disk(self.state / "ssh", self.name),
        )

    def _machine_id(self) -> str:
        """The same through every power cut, another one in every lab."""
        host_key = (self.state / "ssh" / f"{self.name}.host_key.pub").read_bytes()
        return hashlib.sha256(host_key).hexdigest()[:32]

    def wait_ready(self, within: float = 60.0) -> str:
        """Wait until systemd has finished booting and sshd listens; return "running" or "degraded".

        Raises LabError with the console's last line when the machine dies or takes too long (seconds).
        """
        deadline = time.monotonic() + within
        state, patience = "no answer", 3
        while time.monotonic() < deadline:
            if self._nspawn() is None:
                raise LabError(f"{self.name} died while booting: {self._last_words()}")
            asked = self.run(["systemctl", "is-system-running"], check=False)
            state = asked.stdout.strip() or "no answer"
            if state in BOOTED:
                if self.listens(self.about.ssh_port):
                    return state
                patience -= 1
                if patience < 0:
                    raise LabError(f"{self.name} is {state}, but sshd does not listen")
            time.sleep(0.1)
        raise LabError(f"{self.name} is not ready after {within:g} s: systemd says {state}")

    def _last_words(self) -> str:
        try:
            lines = self.boot_log.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return f"{lines[-1] if lines else 'it said nothing'} (console: {self.boot_log})"

    @delegated("start")
    def start(self) -> None:
        """Power on and wait until systemd is ready; :meth:`catch_up` when everything on it is.

        Raises LabError when it already runs.
        """
        with self.switching():
            if self.is_running():
                raise LabError(f"{self.name} is already running")
            self.power_on()
        self.wait_ready()

    def catch_up(self) -> None:
        """Have as much of the processor as the other machines from now on; fine when it is off."""
        cgroups.make_equal(self._groups)

    @delegated("kill")
    def kill(self) -> None:
        """Cut the power: the cable goes silent first, then everything on the machine ends at once.

        What it wrote stays in this computer's page cache: unsynced writes survive, unlike in reality.
        Raises LabError when it is already off.
        """
        with self.switching():
            if not self.is_running():
                raise LabError(f"{self.name} is already off: {self._how_to_start()}")
            self.network.link_down(self.about)
            self.power_off()

    def _how_to_start(self) -> str:
        return f"{typed('start', self.name, lab=self.lab)} boots it"

    def power_off(self) -> None:
        """End everything on the machine and clear its card and control groups; fine when it is off."""
        init, living = self.init_pid, self._nspawn()
        if init is not None:
            send(init, signal.SIGKILL)
            # A frozen machine dies of it as it thaws, before it gets to do anything else.
            cgroups.freeze(self._groups, frozen=False)
        if living is not None and not wait_until_gone(*living, within=5.0):
            send(living[0], signal.SIGKILL)
        self._clear()

    # -- hands on ----------------------------------------------------------------------------------

    def entry(self) -> list[str]:
        """The beginning of a command line that runs the rest as root inside the machine.

        Raises LabError when the machine is off.
        """
        init = self.init_pid
        if init is None:
            raise LabError(f"{self.name} is off: {self._how_to_start()}")
        withheld = ",".join(f"-{name.removeprefix('CAP_').lower()}" for name in nspawn.WITHHELD)
        join = cgroups.joining(self._groups)
        limit = ["setpriv", f"--bounding-set={withheld}", "--inh-caps=-all"]
        enter = ["nsenter", f"--target={init}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        return as_root(
            [*join, *limit, *enter, "--", "env", "-i", *(f"{name}={value}" for name, value in INSIDE.items())]
        )

    def run(
        self, argv: Sequence[str], *, check: bool = True, timeout: float = 30.0, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root inside the machine, not over SSH (timeout in seconds).

        Raises LabError when the machine is off, the command does not end in time or, with ``check``, fails.
        """
        return command([*self.entry(), *argv], stdin=stdin, check=check, timeout=timeout)

    @delegated("freeze")
    def freeze(self) -> None:
        """Stop the whole machine in the middle of what it does; its cable stays up."""
        self._set_frozen(True)

    @delegated("thaw")
    def thaw(self) -> None:
        """Let a frozen machine continue."""
        self._set_frozen(False)

    def is_frozen(self) -> bool:
        """True while somebody keeps this machine stopped."""
        return cgroups.frozen(self._groups)

    def _set_frozen(self, frozen: bool) -> None:
        if not self.is_running():
            raise LabError(f"{self.name} is off: {self._how_to_start()}")
        if not cgroups.freeze(self._groups, frozen=frozen):
            raise LabError(f"{self.name}: this computer has no control group that can freeze a machine")
