"""Who is who: the administrator's key and every machine's host key, known before the machine ever boots."""

import os
from pathlib import Path

from lab.disk import DiskFile
from lab.host import command, give_to_owner, own_folder, write_atomically
from lab.plan import Plan


def ensure(ssh: Path, plan: Plan) -> None:
    """Make the keys that are missing; the ones that exist stay, so that nobody's known_hosts goes stale."""
    own_folder(ssh, 0o700)
    _pair(ssh / "admin", "admin")
    known = []
    for machine in plan.machines:
        private = ssh / f"{machine.name}.host_key"
        _pair(private, machine.name)
        key = _public(private)
        write_atomically(private.with_suffix(".host_key.pub"), f"{key}\n")
        names = [machine.name, machine.address]
        if machine.ssh_port != 22:
            names = [f"[{name}]:{machine.ssh_port}" for name in names]
        known.append(f"{','.join(names)} {key}\n")
    write_atomically(ssh / "known_hosts", "".join(known))


def _pair(private: Path, comment: str) -> None:
    public = private.with_name(f"{private.name}.pub")
    if private.exists() and public.exists():
        return
    draft = private.with_name(f".{private.name}.{os.getpid()}")
    for half in (draft, draft.with_name(f"{draft.name}.pub")):
        half.unlink(missing_ok=True)
    command(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(draft)])
    draft.with_name(f"{draft.name}.pub").rename(public)
    draft.rename(private)
    give_to_owner(private, public)


def _public(private: Path) -> str:
    """Kind and key, without the comment."""
    return " ".join(private.with_name(f"{private.name}.pub").read_text().split()[:2])


def on_disk(ssh: Path, machine: str) -> tuple[DiskFile, ...]:
    """What a machine's disk holds of this: its host key and the administrator's public key."""
    host_key = "etc/ssh/ssh_host_ed25519_key"
    return (
        DiskFile(host_key, (ssh / f"{machine}.host_key").read_text(), 0o600),
        DiskFile(f"{host_key}.pub", (ssh / f"{machine}.host_key.pub").read_text()),
        DiskFile("home/admin/.ssh/authorized_keys", (ssh / "admin.pub").read_text(), 0o600, owner=1000),
    )
