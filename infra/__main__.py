"""Entry point of the Pulumi program: configuration in, a stack's outputs out."""

import sys

import pulumi

from infra.config.load import ConfigurationError, from_pulumi
from infra.pace import quicken
from stacks import lab, mvp, prod

STACKS = {"mvp": mvp.deploy, "prod": prod.deploy, "lab": lab.deploy}


def administrator_key() -> pulumi.Input[str]:
    """The administrator's private key; a preview opens no door, so it works without one."""
    key = pulumi.Config("prontuario").get_secret("sshPrivateKey")
    if key is None and not pulumi.runtime.is_dry_run():
        pulumi.log.error(
            "prontuario:sshPrivateKey: missing: no machine can be reached: "
            "pulumi config set --secret prontuario:sshPrivateKey < KEY_FILE"
        )
        sys.exit(1)
    return key or ""


def main() -> None:
    """Read the configuration once, deploy the stack it names, export where everything is."""
    try:
        hospital = from_pulumi()
    except ConfigurationError as error:
        # The engine prints the traceback of whatever is raised: a person who mistyped an address needs lines.
        for problem in error.problems:
            pulumi.log.error(problem)
        sys.exit(1)
    quicken()
    outputs = STACKS[hospital.stack](hospital, administrator_key())
    for name, value in vars(outputs).items():
        pulumi.export(name, value)


main()
