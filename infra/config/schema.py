"""The JSON Schema of a ``Pulumi.<stack>.yaml``, for editors; ``python -m infra.config.schema`` writes it."""

import json
from pathlib import Path
from typing import Any

from infra.config.model import Hospital
from infra.config.problems import ROOT
from infra.config.secrets import MEANINGS, full

FILE = Path(__file__).parents[1] / "schema" / "stack.schema.json"

_SECRET = {
    "type": "object",
    "properties": {
        "secure": {"type": "string", "description": "ciphertext that pulumi config set --secret wrote"}
    },
    "required": ["secure"],
    "additionalProperties": False,
}
_TEXT = {"type": "string"}


def stack_schema() -> dict[str, Any]:
    """The schema, generated from the models; other programs' configuration keys stay free."""
    hospital = Hospital.model_json_schema(mode="validation")
    definitions = {**hospital.pop("$defs"), "Hospital": hospital}
    _close_maps(definitions)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A stack of Prontuário",
        "type": "object",
        "properties": {
            "secretsprovider": _TEXT,
            "encryptedkey": _TEXT,
            "encryptionsalt": _TEXT,
            "environment": {"description": "Pulumi ESC environments, imported by the engine"},
            "config": {
                "type": "object",
                "properties": {
                    ROOT: {"$ref": "#/$defs/Hospital"},
                    "prontuario:sshPrivateKey": {
                        **_SECRET,
                        "description": "the administrator's ed25519 private key (OpenSSH), always encrypted",
                    },
                    **{full(name): {**_SECRET, "description": what} for name, what in MEANINGS.items()},
                },
                "patternProperties": {"^(?!prontuario:)": {}},
                "required": [ROOT],
                "additionalProperties": False,
            },
        },
        "required": ["config"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def stack_schema_text() -> str:
    """The schema as it is stored."""
    return json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"


def _close_maps(schema: Any) -> None:
    """Let a map with named patterns take no other key, as the model does; drop titles that repeat a key."""
    if isinstance(schema, list):
        for item in schema:
            _close_maps(item)
    if not isinstance(schema, dict):
        return
    if "patternProperties" in schema:
        schema["additionalProperties"] = False
    if isinstance(schema.get("title"), str):
        del schema["title"]
    for item in schema.values():
        _close_maps(item)


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(stack_schema_text(), encoding="utf-8")
