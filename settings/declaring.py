"""How a setting is declared: a row of a group, with its variable, default, help and whether it is secret."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one variable. The message never contains the value: it may be a secret."""

    variable: str
    message: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.message}"


class SettingsError(Exception):
    """The settings cannot be used; `faults` holds all that is wrong with them, of every group."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Row:
    """How one variable is declared; `default` is the text one would write for it."""

    group: str
    attribute: str
    variable: str
    default: str
    help: str
    secret: bool
    required: bool
    credential: bool  # an address that may hold a password


def row(
    variable: str,
    default: str,
    help: str,
    *,
    secret: bool = False,
    required: bool = False,
    credential: bool = False,
    **limits: float,
) -> Any:
    """A field read from `variable`; its default is parsed like any value. `required` means: to serve."""
    marks: Any = {"secret": secret, "required": required, "credential": credential}
    return Field(default, alias=variable, description=help, json_schema_extra=marks, **limits)  # type: ignore[call-overload]


class Group(BaseModel):
    """What the groups share; none of them shows a value in its errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True, allow_inf_nan=False
    )
