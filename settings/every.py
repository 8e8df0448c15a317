"""Every setting: all groups together, and their rows."""

from collections.abc import Iterator
from typing import Any, cast

from pydantic import BaseModel, ConfigDict

from settings.declaring import Group, Row
from settings.groups import Cache, Gallery, Http, Logs, Storage, Telegram, Work
from settings.portals import Bitrix24, Deals, Programmes
from settings.showing import password_in, secrets_in, shown


class Settings(BaseModel):
    """All groups. Secrets stay hidden in every text form of it."""

    model_config = ConfigDict(frozen=True)

    telegram: Telegram
    storage: Storage
    http: Http
    logs: Logs
    work: Work
    cache: Cache
    bitrix24: Bitrix24
    gallery: Gallery
    programmes: Programmes
    deals: Deals

    def masked(self) -> list[tuple[str, str]]:
        """(variable, value in use) of every row, for people: of a secret only whether and how long it is."""
        return [(each.variable, shown(self._value(each), each)) for each in rows()]

    def secrets(self) -> list[str]:
        """The secrets in clear, for the log's redactor and nobody else."""
        held = (secret for each in rows() if each.secret for secret in secrets_in(self._value(each)))
        passwords = (password_in(self._value(each)) for each in rows() if each.credential)
        # A portal that moved keeps the code behind another host.
        parts = filter(None, (*passwords, *self.bitrix24.codes))
        return [secret.get_secret_value() for secret in held if secret] + list(parts)

    def _value(self, of: Row) -> Any:
        return getattr(getattr(self, of.group), of.attribute)


def rows() -> tuple[Row, ...]:
    """Every variable as declared, in order."""
    return tuple(row for name, group in groups() for row in rows_of(name, group))


def groups() -> Iterator[tuple[str, type[Group]]]:
    """The groups by the name they have in Settings."""
    for name, field in Settings.model_fields.items():
        yield name, cast(type[Group], field.annotation)


def rows_of(name: str, group: type[Group]) -> Iterator[Row]:
    """The rows of one group."""
    for attribute, field in group.model_fields.items():
        marks = cast(dict[str, bool], field.json_schema_extra)
        yield Row(name, attribute, str(field.alias), field.default, str(field.description), **marks)
