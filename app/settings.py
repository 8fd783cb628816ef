"""What the service is told about the machine it runs on: environment variables, read once, complete."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

_PREFIX = "PRONTUARIO_"

Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")]
Seconds = Annotated[float, Field(gt=0, le=600)]
Percent = Annotated[float, Field(gt=0, le=100)]


class SettingsError(ValueError):
    """The environment cannot be used; the message names every variable at fault."""


class Settings(BaseModel):
    """One service on one machine. Each field is the variable ``PRONTUARIO_<FIELD>``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Label = "desconhecida"
    address: IPv4Address = IPv4Address("127.0.0.1")
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    release: Label = "development"
    disk_path: str = "/"
    memory_degraded_percent: Percent = 85
    disk_degraded_percent: Percent = 85
    check_interval: Seconds = 2
    drain: Annotated[float, Field(ge=0, le=60)] = 2.5
    """Seconds in which requests are still answered after SIGTERM: the edge sees ``/ready`` fail first."""
    finish: Annotated[int, Field(ge=1, le=60)] = 10
    """Seconds that requests in flight have to finish once the service no longer accepts connections."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Settings from ``PRONTUARIO_*``; raises SettingsError with one line for all variables at fault."""
        known = {_PREFIX + field.upper(): field for field in cls.model_fields}
        values = {field: environment[name] for name, field in known.items() if name in environment}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            faults = "; ".join(
                f"{_PREFIX}{str(fault['loc'][0]).upper()}={fault['input']!r}: {fault['msg']}"
                for fault in error.errors()
            )
            raise SettingsError(f"the service cannot start: {faults}") from None
