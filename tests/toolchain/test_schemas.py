"""What our plugins serve is what the PyPI packages ask for: every token, every property."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
import pytest

from toolchain import engine
from toolchain.catalogue import BY_NAME

pytestmark = [
    pytest.mark.build,
    # CopyFile warns whoever looks at it.
    pytest.mark.filterwarnings("ignore:This resource is deprecated:DeprecationWarning"),
]

PACKAGES = ["command", "random", "tls"]
# Arguments every resource's constructor has besides the resource's own.
COMMON = {"self", "__self__", "resource_name", "opts", "__props__"}


@pytest.fixture(scope="module")
def schemas() -> dict[str, dict[str, Any]]:
    """The schema each plugin serves."""
    variables = {**os.environ, **engine.environment()}
    served = {}
    for name in PACKAGES:
        home = Path(variables.get("PULUMI_HOME") or Path.home() / ".pulumi")
        plugin = home / BY_NAME[name].home_path
        answer = subprocess.run(
            ["pulumi", "package", "get-schema", str(plugin)], env=variables, capture_output=True, check=True
        )
        served[name] = json.loads(answer.stdout)
    return served


def _modules(name: str) -> list[ModuleType]:
    package = importlib.import_module(f"pulumi_{name}")
    entries = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    # The provider's own settings import in a circle when asked for by name, and hold no resource.
    names = [entry.name for entry in entries if not entry.name.startswith(f"{package.__name__}.config")]
    return [package, *map(importlib.import_module, names)]


def _resources(name: str) -> dict[str, type]:
    classes = {
        value
        for module in _modules(name)
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, pulumi.CustomResource)
    }
    tokens = {str(getattr(value, "pulumi_type", "")): value for value in classes}
    return {token: value for token, value in tokens.items() if token.startswith(f"{name}:")}


def _snake(name: str) -> str:
    """The SDK generator's way of naming: privateKeyPem is private_key_pem."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _functions(name: str) -> set[str]:
    text = "".join(Path(str(module.__file__)).read_text() for module in _modules(name))
    return set(re.findall(r"runtime\.invoke\('([^']+)'", text))


@pytest.mark.parametrize("name", PACKAGES)
def test_every_resource_of_the_package_is_served(schemas: dict[str, dict[str, Any]], name: str) -> None:
    assert set(_resources(name)) == set(schemas[name]["resources"])


@pytest.mark.parametrize("name", PACKAGES)
def test_every_function_of_the_package_is_served(schemas: dict[str, dict[str, Any]], name: str) -> None:
    served = {token for token in schemas[name].get("functions", {}) if token.startswith(f"{name}:")}
    assert _functions(name) == served


@pytest.mark.parametrize("name", PACKAGES)
def test_inputs_have_the_same_names(schemas: dict[str, dict[str, Any]], name: str) -> None:
    for token, resource in _resources(name).items():
        served = {_snake(key) for key in schemas[name]["resources"][token].get("inputProperties", {})}
        wanted = set(inspect.signature(resource._internal_init).parameters) - COMMON  # type: ignore[attr-defined]
        assert wanted == served, token


@pytest.mark.parametrize("name", PACKAGES)
def test_outputs_have_the_same_names(schemas: dict[str, dict[str, Any]], name: str) -> None:
    for token, resource in _resources(name).items():
        served = {_snake(key) for key in schemas[name]["resources"][token]["properties"]}
        wanted = {key for key, value in vars(resource).items() if isinstance(value, property)}
        assert wanted == served, token


def test_connection_has_the_same_names(schemas: dict[str, dict[str, Any]]) -> None:
    inputs = importlib.import_module("pulumi_command.remote._inputs")
    for name in ("Connection", "ProxyConnection"):
        served = schemas["command"]["types"][f"command:remote:{name}"]["properties"]
        wanted = set(inspect.signature(getattr(inputs, f"{name}Args").__init__).parameters) - COMMON
        assert wanted == {_snake(key) for key in served}


@pytest.mark.parametrize("token", ["local:Command", "remote:Command", "remote:CopyToRemote"])
def test_changed_triggers_replace_whatever_the_sdk_says(
    schemas: dict[str, dict[str, Any]], token: str
) -> None:
    inputs = schemas["command"]["resources"][f"command:{token}"]["inputProperties"]
    assert inputs["triggers"]["replaceOnChanges"] is True


@pytest.mark.parametrize("module", ["local", "remote"])
def test_logging_has_the_same_values(schemas: dict[str, dict[str, Any]], module: str) -> None:
    enums = importlib.import_module(f"pulumi_command.{module}._enums")
    served = schemas["command"]["types"][f"command:{module}:Logging"]["enum"]
    assert {item["value"] for item in served} == {item.value for item in enums.Logging}


@pytest.mark.parametrize("name", PACKAGES)
def test_version_is_the_package_s(schemas: dict[str, dict[str, Any]], name: str) -> None:
    assert schemas[name]["version"] == BY_NAME[name].version
