"""A Pulumi program: machines that can run containers, and nothing on them. Stands where infra/ does."""

import os
from pathlib import Path

import pulumi

from components.container_runtime import ContainerRuntime, ContainerRuntimeArgs
from components.machine import MachineArgs, MacStudio, Witness
from infra.config.load import from_pulumi
from lab.images.artefact import find_bundle

hospital = from_pulumi()
key = pulumi.Config("prontuario").require_secret("sshPrivateKey")
bundle = find_bundle(hospital.primary.debian_architecture, Path(os.environ["PRONTUARIO_TEST_BUNDLE"]))
for name, node in hospital.nodes.items():
    kind = MacStudio if node.is_mac else Witness
    machine = kind(name, MachineArgs.of(hospital, name, key))
    ContainerRuntime(f"{name}-runtime", ContainerRuntimeArgs(machine, bundle, hospital.bundle.signers))
