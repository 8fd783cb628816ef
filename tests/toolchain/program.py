"""A Pulumi program that makes whatever resources.json beside it asks for, through the PyPI packages."""

import importlib
import json
from pathlib import Path
from typing import Any

import pulumi

MADE: dict[str, Any] = {
    "secret": pulumi.Output.secret,
    "file": pulumi.FileAsset,
    "text": pulumi.StringAsset,
    "archive": pulumi.FileArchive,
}


def value(given: Any) -> Any:
    """JSON, with {"secret": x}, {"file": path}, {"text": x} and {"archive": path} made real."""
    if isinstance(given, list):
        return [value(item) for item in given]
    if not isinstance(given, dict):
        return given
    if len(given) == 1:
        [(key, inner)] = given.items()
        if key in MADE:
            return MADE[key](value(inner))
    return {key: value(item) for key, item in given.items()}


for item in json.loads(Path(__file__).with_name("resources.json").read_text()):
    module, _, name = item["kind"].rpartition(".")
    made = getattr(importlib.import_module(f"pulumi_{module}"), name)
    if name[0].islower():
        pulumi.export(item["name"], made(**value(item["inputs"])))
    else:
        options = pulumi.ResourceOptions(additional_secret_outputs=item["secret_outputs"])
        made(item["name"], **value(item["inputs"]), opts=options)
