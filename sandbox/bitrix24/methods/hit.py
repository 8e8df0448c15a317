"""What a method is given, and what a table of methods holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.bitrix24 import params
from sandbox.bitrix24.fields import whole
from sandbox.bitrix24.php import as_map
from sandbox.bitrix24.portal import Portal, Webhook
from sandbox.bitrix24.wire import Answer, Json, classic


@dataclass(frozen=True, slots=True)
class Hit:
    """One run of one method."""

    portal: Portal
    webhook: Webhook
    params: Json

    @property
    def user_id(self) -> int:
        """Who writes."""
        return self.webhook.user_id

    @property
    def start(self) -> int:
        """Where a list begins. This one name is read in small letters only."""
        return whole(self.params.get("start"))

    def param(self, name: str) -> Any:
        """A parameter; the letter case of names is nothing here."""
        return params.param(self.params, name)

    def integer(self, name: str) -> int:
        """A parameter as a whole number, 0 when it is none."""
        return whole(self.param(name))

    def fields(self) -> Json:
        """What is to be written. Raises RestError when it is no array."""
        given = self.param("fields")
        if given is not None and not isinstance(given, dict | list):
            raise classic("Parameter 'fields' must be array.")
        return as_map(given)


@dataclass(frozen=True, slots=True)
class Method:
    """A method and the scopes any one of which allows it; none at all allow everybody."""

    run: Callable[[Hit], Answer]
    scopes: tuple[str, ...] = ("crm",)


Methods = dict[str, Method]
