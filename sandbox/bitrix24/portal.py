"""One portal: its records, its rights, its limits and everything that was done to it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.bitrix24 import writing
from sandbox.bitrix24.dictionaries import standard_dictionaries
from sandbox.bitrix24.entities import COMPANY, CONTACT, DEAL, Entity, Rows, smart_process, standard_entities
from sandbox.bitrix24.events import Events
from sandbox.bitrix24.faults import Faults
from sandbox.bitrix24.fields import Field, wire_moment
from sandbox.bitrix24.ledger import Ledger
from sandbox.bitrix24.limits import Bucket, Operating
from sandbox.bitrix24.wire import Json
from sandbox.clock import Clock

SCOPES = ("crm", "user", "user_brief", "user_basic")
WEBHOOK_USER, WEBHOOK_CODE = 1, "sandboxwebhookcode"
REQUEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """An incoming webhook: a user, a secret, and what it may be used for."""

    user_id: int
    code: str
    scopes: frozenset[str]


class Portal:
    """A portal, reached under `url(base)`.

    `rate` and `burst` are the bucket's (rate None: none), `latency` the seconds that a request costs,
    `command_latency` those of each method in it, which `durations` tells by method where they differ,
    `operating_limit` the seconds a method may work in ten minutes. All may be changed later, and so may
    `spelling`, which makes of what a field is about to keep what this portal keeps instead.

    Records are kept under classic names with the values that classic reads give (`{"ID": "7", "TITLE": …,
    "CONTACT_ID": "5", "OPPORTUNITY": "1000.00"}`), those of smart processes too; dates as YYYY-MM-DD.
    """

    def __init__(
        self,
        domain: str,
        clock: Clock,
        *,
        rate: float | None = 2.0,
        burst: float = 50,
        latency: float = 0.0,
        command_latency: float = 0.0,
        operating_limit: float | None = 480.0,
        zone: str = "Europe/Moscow",
        random: Random | None = None,
    ) -> None:
        self.domain = domain.lower()
        self.clock = clock
        self.zone = ZoneInfo(zone)
        self.latency = latency
        self.command_latency = command_latency
        self.durations: dict[str, float] = {}
        self.request_seconds = REQUEST_SECONDS  # what lasts longer is cut
        self.cut_by = "html"  # how it is cut: by the page of a proxy, or ("reset") without any answer
        self.spelling: Callable[[Field, Any], Any] = lambda known, value: value
        self.renamed_to: str | None = None
        self.bucket = Bucket(rate, burst, clock.monotonic)
        self.operating = Operating(operating_limit, clock)
        self.ledger = Ledger()
        self.faults = Faults()
        self.events = Events(self.domain, clock, random or Random(1))
        self.webhooks = [Webhook(WEBHOOK_USER, WEBHOOK_CODE, frozenset(SCOPES))]
        self.dictionaries = standard_dictionaries()
        self.entities = standard_entities()
        self.bindings: dict[int, list[Json]] = {}  # deal → its contacts, the primary one first
        self.product_rows: dict[int, list[Json]] = {}
        self.user_fields: list[Json] = []
        self.numbers = count(101)  # ids of multifield values, user fields, choices and product rows
        self.version = 0  # changes with everything that the page shows
        self.changed: list[Callable[[], None]] = []
        self.ledger.added.append(self.touch)
        self.faults.changed.append(self.touch)

    @property
    def deals(self) -> Rows:
        """Deals by id."""
        return self.entities[DEAL].rows

    @property
    def contacts(self) -> Rows:
        """Contacts by id."""
        return self.entities[CONTACT].rows

    @property
    def companies(self) -> Rows:
        """Companies by id."""
        return self.entities[COMPANY].rows

    @property
    def items(self) -> dict[int, Rows]:
        """The items of each smart process by id, by entityTypeId."""
        return {number: one.rows for number, one in self.entities.items() if one.is_smart_process}

    def url(self, base: str) -> str:
        """The incoming webhook's URL on a sandbox at `base`."""
        hook = self.webhooks[0]
        return f"{base.rstrip('/')}/portal/{self.domain}/rest/{hook.user_id}/{hook.code}/"

    def webhook(self, user_id: str, code: str) -> Webhook | None:
        """The webhook with this user and secret."""
        return next((one for one in self.webhooks if (str(one.user_id), one.code) == (user_id, code)), None)

    def allow(self, scopes: Iterable[str]) -> None:
        """Change what the first webhook may be used for."""
        hook = self.webhooks[0]
        self.webhooks[0] = Webhook(hook.user_id, hook.code, frozenset(scopes))

    def add_smart_process(self, entity_type_id: int, title: str) -> Entity:
        """A new kind of item; deals can be linked to its items by PARENT_ID_<id>."""
        entity = self.entities[entity_type_id] = smart_process(entity_type_id, title)
        link = f"PARENT_ID_{entity_type_id}"
        for one in self.entities.values():
            if one is not entity and one.type_id in (DEAL, CONTACT, COMPANY):
                one.fields[link] = Field(link, "crm_entity", title)
        return entity

    def now(self) -> str:
        """The moment as records hold it."""
        return wire_moment(self.clock.now(), self.zone)

    def duration(self, method: str) -> float:
        """Seconds that one run of a method takes."""
        return self.durations.get(method, self.command_latency)

    def touch(self) -> None:
        """The page has something new to show."""
        self.version += 1
        for tell in self.changed:
            tell()

    def add_contact(self, **fields: Any) -> int:
        """A contact as somebody in the portal adds it; PHONE and EMAIL may be plain text."""
        return self._add(CONTACT, fields)

    def add_deal(self, **fields: Any) -> int:
        """A deal as somebody in the portal adds it."""
        return self._add(DEAL, fields)

    def add_item(self, entity_type_id: int, **fields: Any) -> int:
        """An item of a smart process, under classic names."""
        return self._add(entity_type_id, fields)

    def _add(self, type_id: int, fields: Json) -> int:
        entity = self.entities[type_id]
        for name in entity.multifields:
            if isinstance(fields.get(name), str):
                fields[name] = [{"VALUE": fields[name], "VALUE_TYPE": "WORK"}]
        return writing.add(self, entity, fields, WEBHOOK_USER)
