"""The hospital's block of a ``Pulumi.<stack>.yaml``, as plain data."""

from pathlib import Path
from typing import Any

import yaml

from infra.config.problems import ROOT, ConfigurationError, shown


class _Loader(yaml.SafeLoader):
    """YAML as the engine reads it: a key that stands twice is a mistake, not a correction of the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name} stands twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


def hospital_value(path: Path) -> object:
    """What stands under ``config: prontuario:hospital`` in the file; raises ConfigurationError."""
    content = _content(path)
    for key in ("config", ROOT):
        if not isinstance(content, dict):
            raise ConfigurationError([f"{path.name}: {shown(content)}: must be a block with the key {key}"])
        if key not in content:
            raise ConfigurationError([f"{path.name}: missing: add the key {key}"])
        content = content[key]
    return content


def _content(path: Path) -> object:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  # a SafeLoader
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigurationError([f"{path}: cannot be read: {reason}"]) from None
    except RecursionError:
        raise ConfigurationError(
            [f"{path.name}: nested too deeply: keep to the keys of the schema"]
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "not YAML"
        reason = getattr(error, "problem", None) or "the text is not YAML"
        raise ConfigurationError([f"{path.name}: {where}: {reason}"]) from None
