"""The words of the command line, and what each does."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.config.problems import ConfigurationError
from lab import doctor, image, interrupt, preflight, privilege, status
from lab.hospital import Lab
from lab.host import COMMAND, SYSTEM_PATH, LabError, command, typed
from lab.privilege import REPOSITORY, Person

NOT_WELL = 3


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog=COMMAND,
        description="The virtual hospital: three Debian machines on a network of their own.",
    )
    top.add_argument("--lab", metavar="NAME", help="which lab (default: PRONTUARIO_LAB, else hospital)")
    top.add_argument("--for", dest="asker", type=int, help=argparse.SUPPRESS)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    up = verbs.add_parser("up", help="boot the machines of a stack, or repair what is half-dead")
    up.add_argument("--stack", default="lab", help="reads Pulumi.STACK.yaml (default: lab)")
    verbs.add_parser("down", help="remove everything of this lab; the image cache stays")
    verbs.add_parser("status", help="what runs, who holds the floating address, where the door is")
    for verb, help_text in (
        ("kill", "cut a machine's power"),
        ("start", "power a machine on and wait until it is ready"),
        ("freeze", "stop a machine in the middle of what it does"),
        ("thaw", "let a frozen machine continue"),
        ("shell", "a root shell on a machine"),
        ("logs", "a machine's journal, or its last words when it is off"),
    ):
        verbs.add_parser(verb, help=help_text).add_argument("node", metavar="NODE")
    partition = verbs.add_parser("partition", help="let two machines not hear each other")
    partition.add_argument("a", metavar="A")
    partition.add_argument("b", metavar="B")
    verbs.add_parser("heal", help="end every partition")
    run = verbs.add_parser("exec", help="run a command on the lab's LAN: exec -- COMMAND")
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND")
    verbs.add_parser("doctor", help="what this computer has and lacks to carry a lab; changes nothing")
    build = verbs.add_parser("image", help="build or find the machines' root file system")
    build.add_argument("--remove", action="store_true", help="delete every cached image")
    return top


def stack_file(stack: str) -> Path:
    """The stack file of this name.

    Raises LabError when there is none.
    """
    path = REPOSITORY / f"Pulumi.{stack}.yaml"
    if "/" in stack or not path.is_file():
        stacks = sorted(p.name.split(".")[1] for p in REPOSITORY.glob("Pulumi.*.yaml"))
        raise LabError(f"no stack {stack!r}: there is {', '.join(stacks) or 'none'}")
    return path


def enter_lan(lab: Lab, argv: Sequence[str], person: Person | None) -> None:
    """Become the command on the lab's LAN, with the caller's folder, environment and user; never returns."""
    words = list(argv[1:] if argv[:1] == ["--"] else argv)
    if not words:
        raise LabError(f"exec needs a command: {typed('exec', '-- COMMAND', lab=lab.name)}")
    _ = lab.plan
    if not lab.lan_namespace.exists():
        raise LabError(f"lab {lab.name!r} has no network any more: {typed('up', lab=lab.name)} repairs it")
    environment = dict(person.environment if person else os.environ)
    environment["PRONTUARIO_LAB"] = lab.name
    if shutil.which(words[0], path=environment.get("PATH")) is None:
        raise LabError(f"exec: no program {words[0]!r} on PATH")
    drop = privilege.drop_to(person) if person else []
    nsenter = shutil.which("nsenter", path=SYSTEM_PATH) or "nsenter"
    os.execve(nsenter, [nsenter, f"--net={lab.lan_namespace}", "--", *drop, *words], environment)  # noqa: S606


def shell(lab: Lab, node: str) -> None:
    """Become a root shell on a machine; never returns."""
    entry = lab.machine(node).entry()
    terminal = f"TERM={os.environ.get('TERM', 'dumb')}"
    os.execvp(entry[0], [*entry, terminal, "sh", "-c", "cd; exec bash -l"])  # noqa: S606


def logs(lab: Lab, node: str) -> None:
    """Print the end of a machine's journal, also of one that is off."""
    machine = lab.machine(node)
    journal = ["journalctl", "--no-pager", "--lines=500"]
    if machine.is_running():
        print(machine.run(journal).stdout, end="")
        return
    print(f"{node} is off; what it wrote before:", file=sys.stderr)
    if machine.disk.is_mounted():
        print(command(["chroot", str(machine.disk.root), *journal]).stdout, end="")
    if machine.boot_log.exists():
        print(machine.boot_log.read_text(errors="replace"), end="")


def act(arguments: argparse.Namespace, lab: Lab, person: Person | None) -> int:
    """Do what the command line says, as root; return the exit status."""
    match arguments.verb:
        case "up":
            with interrupt.at_once():  # compiled modules do not survive an exception while they load
                from infra.config.load import read_stack_file  # noqa: PLC0415 - only `up` reads stack files

            lab.up(read_stack_file(stack_file(arguments.stack)))
        case "down":
            lab.down()
        case "kill" | "start" | "freeze" | "thaw":
            machine = lab.machine(arguments.node)
            getattr(machine, arguments.verb)()
            machine.catch_up()  # by hand nobody waits for a hospital to be whole
        case "partition":
            lab.partition(arguments.a, arguments.b)
        case "heal":
            lab.heal()
        case "shell":
            shell(lab, arguments.node)
        case "logs":
            logs(lab, arguments.node)
        case "exec":
            enter_lan(lab, arguments.argv, person)
        case "image":
            if arguments.remove:
                for path in image.remove():
                    print(f"removed {path}", file=sys.stderr)
            else:
                preflight.check(lab.progress, image_is_built=image.folder().is_dir())
                print(image.ensure(lab.progress))
    return 0


def print_status(lab: Lab) -> int:
    """Print the table; return 0 when all is well."""
    rows, well = status.table(lab)
    for name, where, state, note in rows:
        print(f"{name:<12} {where:<18} {state:<8} {note}".rstrip())
    return 0 if well else NOT_WELL


def dispatch(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    """Do what the command line says, as root where that takes root; return the exit status."""
    if arguments.verb == "doctor":
        return doctor.report()
    preflight.system()
    person = None
    if arguments.asker is not None:
        person = privilege.person(arguments.asker)
        privilege.adopt(person)
    lab = Lab.named(arguments.lab)
    if arguments.verb == "status":
        return print_status(lab)
    if not privilege.is_root():
        return privilege.run_as_root(words)
    return act(arguments, lab, person)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors are one line on standard error."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return dispatch(parser().parse_args(words), words)
    except ConfigurationError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 1
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"lab: {error.filename or 'this computer'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(interrupt.SAID, file=sys.stderr)
        return interrupt.STATUS
