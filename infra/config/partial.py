"""Judge what can be read of a configuration that cannot be read whole: nobody should correct it in rounds."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from infra.config.model import Hospital
from infra.config.problems import Path, Problem
from infra.config.reading import meant_key
from infra.config.rules import broken_rules

# Keys that must exist, with values that only keep the model readable: verdicts about them are dropped again.
_STAND_INS: Mapping[str, Any] = {
    "name": "hospital",
    "stack": "prod",
    "domain": "hospital.internal",
    "institution": {"name": "Hospital"},
    "lan": {"network": "10.0.0.0/24", "gateway": "10.0.0.1", "dns": ["10.0.0.1"], "ntp": ["10.0.0.1"]},
    "nodes": {
        "*": {
            "role": "primary",
            "platform": "linux",
            "address": "10.0.0.2",
            "zone": "zone",
            "guest": {"address": "10.0.0.3"},
        }
    },
    "budgets": {"*": {"memory_gb": 0, "cpu_cores": 0, "gpu_cores": 0, "neural_engine_cores": 0}},
    "edge": {"address": "10.0.0.4"},
    "identity_provider": {"issuer": "https://sso.hospital.internal", "address": "10.0.0.5"},
}


def rules_broken_elsewhere(document: str, errors: Iterable[ErrorDetails]) -> list[Problem]:
    """Broken rules of the JSON ``document`` that are not about the places pydantic's ``errors`` name."""
    content = json.loads(document)
    if not isinstance(content, dict):
        return []
    unreadable: list[Path] = []
    for error in errors:
        path = error["loc"]
        if error["type"] == "extra_forbidden":
            _remove(content, path)
            if meant := meant_key(path):
                unreadable.append((*path[:-1], meant))
        elif path and path[-1] == "[key]":
            _remove(content, path[:-1])
            unreadable.append(path[:-2])
        elif path:
            _replace(content, path)
            unreadable.append(path)
    try:
        hospital = Hospital.model_validate_json(json.dumps(content), strict=True)
    except ValidationError:
        return []
    return [problem for problem in broken_rules(hospital) if not problem.touches(unreadable)]


def _replace(content: Any, path: Path) -> None:
    stand_in: Any = _STAND_INS
    for part in path:
        if isinstance(stand_in, list):
            stand_in = stand_in[0]
        else:
            stand_in = stand_in.get(part, stand_in.get("*")) if isinstance(stand_in, Mapping) else None
    if stand_in is None:
        _remove(content, path)
        return
    parent = _at(content, path[:-1])
    if isinstance(parent, dict | list):
        parent[path[-1]] = stand_in  # type: ignore[index]  # a list is indexed by the int pydantic gave


def _remove(content: Any, path: Path) -> None:
    parent = _at(content, path[:-1])
    if isinstance(parent, dict):
        parent.pop(path[-1], None)


def _at(content: Any, path: Path) -> Any:
    for part in path:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return None
    return content
