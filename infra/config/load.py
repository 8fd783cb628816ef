"""From a stack's configuration to a :class:`~infra.config.model.Hospital`, or to every reason why not."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from infra.config.model import Hospital
from infra.config.partial import rules_broken_elsewhere
from infra.config.problems import ROOT, ConfigurationError, shown
from infra.config.reading import field_problems
from infra.config.rules import broken_rules
from infra.config.secrets import MEANINGS, full, read_secrets
from infra.config.stack_file import hospital_value

__all__ = ["ConfigurationError", "from_pulumi", "read_hospital", "read_stack_file"]

_UNREADABLE = "not plain data: use only blocks, lists, text, numbers, true and false"


def read_hospital(value: object) -> Hospital:
    """The hospital that ``value`` (blocks, lists, text and numbers) describes, checked by every rule.

    Raises ConfigurationError with all problems at once, one line each: ``key.path: value: rule: what to do``.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError([f"{ROOT}: {shown(value)}: must be a block of keys"])
    try:
        odd = sorted(_odd_keys(value, ""))
    except RecursionError:
        raise ConfigurationError([f"{ROOT}: {shown(value)}: {_UNREADABLE}"]) from None
    if odd:
        raise ConfigurationError(f"{path}: each key must be a name: put it in quotes" for path in odd)
    try:
        # Through JSON, because strict reading then takes text for an address, but not "8" or true for 8.
        document = json.dumps(value, default=_as_text)
    except (TypeError, ValueError, RecursionError):
        raise ConfigurationError([f"{ROOT}: {shown(value)}: {_UNREADABLE}"]) from None
    try:
        hospital = Hospital.model_validate_json(document, strict=True)
        problems = broken_rules(hospital)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        problems = [*field_problems(errors), *rules_broken_elsewhere(document, errors)]
    if problems:
        raise ConfigurationError(map(str, problems)) from None
    return hospital


def read_stack_file(path: Path) -> Hospital:
    """The hospital of a ``Pulumi.<stack>.yaml``; raises ConfigurationError."""
    return read_hospital(hospital_value(path))


def from_pulumi() -> Hospital:
    """The hospital of the running Pulumi stack, with its secrets; raises ConfigurationError.

    For the entry point alone. A preview works without the secrets.
    """
    import pulumi  # noqa: PLC0415  # half a second that the lab and the tests need not wait for
    from pulumi.runtime.config import is_config_secret  # noqa: PLC0415

    config = pulumi.Config("prontuario")
    try:
        value = config.require_object("hospital")
    except pulumi.ConfigMissingError:
        rule = f"add {ROOT} to Pulumi.{pulumi.get_stack()}.yaml, see Pulumi.mvp.yaml"
        raise ConfigurationError([f"{ROOT}: missing: {rule}"]) from None
    except pulumi.ConfigTypeError:
        raise ConfigurationError([f"{ROOT}: (not shown): must be a block of keys"]) from None
    hospital = read_hospital(value)
    told = {name: text for name in MEANINGS if (text := config.get(name)) is not None}
    clear = [full(name) for name in told if not is_config_secret(full(name))]
    if clear:
        rule = "stands in clear in the stack file: pulumi config set --secret"
        raise ConfigurationError(f"{name}: (hidden): {rule} {name} < FILE" for name in clear)
    has_provider = hospital.identity_provider is not None
    required = not pulumi.runtime.is_dry_run()
    secrets, problems = read_secrets(told, has_provider=has_provider, required=required)
    if problems:
        raise ConfigurationError(map(str, problems))
    return hospital.knowing(secrets)


def _odd_keys(value: object, path: str) -> Iterator[str]:
    """Keys that YAML reads as something else than text: null, true, 12. JSON would make text of them."""
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        here = f"{path}.{key}" if path else str(key)
        if isinstance(key, str):
            yield from _odd_keys(inner, here)
        elif key is None or isinstance(key, bool | int | float):
            yield here


def _as_text(value: object) -> object:
    """Mappings that are no dict as a dict, and dates and the like as the text that stood in the file."""
    return dict(value) if isinstance(value, Mapping) else str(value)
