"""The one door to a machine: every rule of SSH and of pulumi-command is kept here and nowhere else.

What the official provider does (pulumi/pulumi-command, provider/pkg/provider/remote) and what follows from
it:

- It prints the whole command line in an error, so the command line is a short constant and the script
  travels by standard input with its payload (:mod:`components.remote_script`). Nothing secret is ever in a
  command line, a process list or an environment variable. A payload that is an Output may be secret:
  nothing of that step is logged and its outputs are secret. A step that fails ends with one line, "machine:
  step: what: what to do".
- Any changed input runs ``create`` again in place; ``triggers`` replace. So scripts are idempotent and
  updated in place; only what must move (a file's path, an upload's content) is a trigger, and the old one
  is then deleted.
- ``delete`` gets the standard input of the last run: one text holds both bodies. Removing succeeds on a
  machine that is already clean, and leaves one alone that has another name by now.
- Without a host key it verifies nothing: an update is refused then, a preview only warns. A machine that is
  replaced has another host key, which changes the connection, which runs every step again: nothing else is
  needed.
- It has no time limit for a command that hangs: the script keeps its own on the machine, the engine's is
  the second.
- It dials again after each failure with a growing pause (0.1 s to 5 s): 12 retries await a booting sshd for
  20 s, and give up on an address where nobody answers within a minute. Resource names begin with the
  machine's name, and the error carries the address.
- It also offers the keys of a running SSH agent; :class:`Host` brings its own key, the agent is not needed.

A machine that is gone for good cannot run its removal. ``pulumi destroy --continue-on-error`` removes
everything else; then nothing real is left behind the remaining entries, and ``pulumi stack rm --force``
drops them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
from pulumi_command import remote

from components.remote_asset import big_file, unless_held
from components.remote_script import RUNNER, assemble, call, function
from infra.config.node import Ssh

DIAL_RETRIES = 12
DIAL_TIMEOUT = 2
"""Seconds for one TCP connection."""
_DIALLING = 60
"""Seconds all dials of one step may take, for the engine's own limit behind the machine's."""


def unknown_machine(name: str, address: str) -> str:
    """The line for whoever left out the host key of the machine ``name``."""
    return (
        f"nodes.{name}.ssh.host_key is missing, so nobody can tell whether the machine that answers at "
        f"{address} is {name}: on {name}'s own console run "
        "`cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub` and write what it prints there"
    )


@dataclass(frozen=True)
class Host:
    """One machine's SSH door.

    ``name`` is the machine's name in the stack file, ``address`` where its Debian answers. Raises
    pulumi.RunError in an update when the host key is not known.
    """

    name: str
    address: str
    ssh: Ssh
    private_key: pulumi.Input[str] = field(repr=False)

    def __post_init__(self) -> None:
        if self.ssh.host_key is not None:
            return
        problem = unknown_machine(self.name, self.address)
        if not pulumi.runtime.is_dry_run():
            raise pulumi.RunError(problem)
        pulumi.log.warn(f"{problem} (a preview works without, an update does not)")

    def script(
        self,
        resource_name: str,
        *,
        apply: str,
        remove: str | None = None,
        stdin: pulumi.Input[str] | None = None,
        library: str | None = None,
        timeout: float = 120,
        opts: pulumi.ResourceOptions | None = None,
    ) -> remote.Command:
        """A step run as root by POSIX sh, with `set -eu`.

        ``apply`` must be idempotent: it runs again, in place, when it, ``stdin`` or the connection changes;
        it finds ``stdin`` on its standard input and says `die "what: what to do"` when it gives up.
        ``remove`` runs when the step is destroyed and must succeed on a clean machine. ``timeout`` is in
        seconds.
        """
        return self._step(
            resource_name,
            libraries=[library] if library else [],
            apply=apply,
            remove=remove,
            payload=stdin,
            timeout=timeout,
            opts=opts,
        )

    def file(
        self,
        resource_name: str,
        path: str,
        content: pulumi.Input[str],
        *,
        mode: str = "0644",
        owner: str = "root:root",
        check: str | None = None,
        changed: str | None = None,
        removed: str | None = None,
        prepare: str | None = None,
        library: str | None = None,
        timeout: float = 120,
        opts: pulumi.ResourceOptions | None = None,
    ) -> remote.Command:
        """A file that is always either the old one or the new one, complete, with ``mode`` and ``owner``.

        ``check`` (sh) gets the candidate's path as "$1" before it replaces anything; if it fails, its words
        are shown and the running file stays. ``changed`` (sh, the file's path as "$1") runs only when the
        content differs; if it fails, the previous file comes back and ``changed`` runs again. Destroying
        deletes the file and then runs ``removed``, not ``changed``: a service told to reload a
        configuration that was just deleted can only fail. Another ``path`` is a replacement: the new file
        first, then the old one deleted. ``prepare`` (sh) is a filter for ``content``, for what only the
        machine knows.
        """
        put = call("put_file", path, mode, owner)
        return self._step(
            resource_name,
            libraries=["file.sh", *([library] if library else [])],
            apply="\n".join(
                [
                    function("check", check),
                    function("changed", changed),
                    f"{prepare} | {put}" if prepare else put,
                ]
            ),
            remove=f"{call('drop_file', path)}\n{removed or ''}",
            payload=content,
            triggers=[path],
            timeout=timeout,
            opts=opts,
        )

    def upload(
        self,
        resource_name: str,
        source: str,
        sha256: str,
        destination: str,
        *,
        timeout: float = 300,
        opts: pulumi.ResourceOptions | None = None,
    ) -> remote.Command:
        """A big local file (``source``) at ``destination``, its ``sha256`` (hex) verified before it appears.

        A copy cut short or a full disk leaves ``destination`` untouched. Another ``destination`` is a
        replacement: the new file first, then the old one deleted. Raises pulumi.RunError if ``source`` does
        not exist.
        """
        size = Path(source).stat().st_size if Path(source).is_file() else 0
        return self.deliver(
            *(resource_name, source, sha256),
            room=lambda incoming: call("make_room", incoming, str(size), destination),
            arrived=lambda incoming, copy: call("install_upload", incoming, sha256, destination, copy),
            remove=lambda incoming: call("drop_upload", incoming, destination),
            triggers=[destination],
            timeout=timeout,
            opts=opts,
        )

    def deliver(
        self,
        resource_name: str,
        source: str,
        sha256: str,
        *,
        room: Callable[[str], str],
        arrived: Callable[[str, str], str],
        remove: Callable[[str], str],
        library: str | None = None,
        stdin: str | None = None,
        triggers: Sequence[str] = (),
        timeout: float = 300,
        opts: pulumi.ResourceOptions | None = None,
    ) -> remote.Command:
        """A big local file (``source``, ``sha256`` in hex) that the machine itself does something with.

        ``room`` (sh) looks before anything is sent, and prints ``held`` when the machine needs no copy. The
        copy goes to a place of its own, which the bodies get (relative to the login user's home, see
        scripts/upload.sh). ``arrived`` (sh) also gets the copy's name. Both find ``stdin`` on their standard
        input. ``remove`` undoes ``arrived``. Raises pulumi.RunError if ``source`` does not exist.
        """
        if not Path(source).is_file():
            raise pulumi.RunError(f"{self.name}: {resource_name}: there is no file {source}: build it first")
        name = self._named(resource_name)
        incoming = f".cache/prontuario/incoming/{name}"
        libraries = ["upload.sh", *([library] if library else [])]
        looked = self._step(
            f"{name}-room",
            libraries=libraries,
            apply=room(incoming),
            payload=stdin,
            timeout=timeout,
            opts=opts,
        )
        copy = remote.CopyToRemote(
            f"{name}-copy",
            connection=self._connection(),
            source=unless_held(looked.stdout, big_file(source, sha256)),
            remote_path=incoming,
            # Not the provider's own comparison: it would skip the copy for a machine with a new host key.
            triggers=[sha256, *triggers, self.ssh.host_key or ""],
            opts=_with(opts, depends_on=[looked], custom_timeouts=_limits(timeout)),
        )
        return self._step(
            name,
            libraries=libraries,
            apply=arrived(incoming, f"{name}-copy"),
            remove=remove(incoming),
            payload=stdin,
            triggers=list(triggers),
            timeout=timeout,
            opts=_with(opts, depends_on=[copy]),
        )

    def _step(
        self,
        resource_name: str,
        *,
        apply: str,
        remove: str | None = None,
        libraries: Sequence[str] = (),
        payload: pulumi.Input[str] | None = None,
        triggers: list[str] | None = None,
        timeout: float = 120,
        opts: pulumi.ResourceOptions | None = None,
    ) -> remote.Command:
        name = self._named(resource_name)

        def text(content: str) -> str:
            return assemble(
                machine=self.name,
                step=name,
                apply=apply,
                remove=remove or "",
                libraries=libraries,
                limit=timeout,
                payload=content,
            )

        stdin: pulumi.Input[str]
        if isinstance(payload, str | None):
            stdin, logging, secret_outputs = text(payload or ""), None, []
        else:
            stdin = pulumi.Output.all(payload=payload).apply(lambda known: text(known["payload"]))
            logging, secret_outputs = remote.Logging.NONE, ["stdout", "stderr"]
        return remote.Command(
            name,
            connection=self._connection(),
            create=RUNNER % "apply",
            delete=RUNNER % "remove" if remove is not None else None,
            stdin=stdin,
            triggers=triggers,
            logging=logging,
            add_previous_output_in_env=False,
            opts=_with(opts, additional_secret_outputs=secret_outputs, custom_timeouts=_limits(timeout)),
        )

    def _connection(self) -> remote.ConnectionArgs:
        return remote.ConnectionArgs(
            host=self.address,
            port=self.ssh.port,
            user=self.ssh.user,
            private_key=pulumi.Output.secret(self.private_key),
            host_key=self.ssh.host_key,
            dial_error_limit=DIAL_RETRIES,
            per_dial_timeout=DIAL_TIMEOUT,
        )

    def _named(self, resource_name: str) -> str:
        """The resource's name with the machine's in front, so that the engine's error lines say where."""
        return resource_name if resource_name.startswith(f"{self.name}-") else f"{self.name}-{resource_name}"


def _limits(timeout: float) -> pulumi.CustomTimeouts:
    seconds = f"{timeout + _DIALLING:g}s"
    return pulumi.CustomTimeouts(create=seconds, update=seconds, delete=seconds)


def _with(opts: pulumi.ResourceOptions | None, **ours: object) -> pulumi.ResourceOptions:
    """``opts`` of the caller over ours; lists such as depends_on are joined."""
    return pulumi.ResourceOptions.merge(pulumi.ResourceOptions(**ours), opts)  # type: ignore[arg-type]
