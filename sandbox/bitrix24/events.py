"""What a portal tells of its changes: a form, posted late and once, lost when nobody takes it."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import md5
from ipaddress import ip_address
from random import Random
from urllib.parse import urlsplit

import httpx

from sandbox.bitrix24.php import http_build_query
from sandbox.bitrix24.wire import Json, PageError
from sandbox.clock import Clock
from sandbox.telegram.bell import Bell, Traffic

DEAL_EVENTS = ("ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE")
_AUTH_SERVER = "https://oauth.bitrix24.tech/rest/"
_ANSWER_SECONDS = 30.0
_HIT: ContextVar[list[tuple[str, int]] | None] = ContextVar("changes of a request", default=None)


@dataclass(frozen=True, slots=True)
class Handler:
    """An outgoing webhook: where to, with which token, and what for."""

    id: int
    url: str
    application_token: str
    events: frozenset[str]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one handler; `due` on the monotonic clock."""

    handler: Handler
    event: str
    body: str
    due: float


class Events:
    """The outgoing webhooks of one portal.

    Each event is told after `delay` seconds and up to `spread` more, so a later one may overtake it; of
    `drop_percent` nothing is told, `repeat_percent` come twice. All may be changed at any time.
    """

    def __init__(self, domain: str, clock: Clock, random: Random) -> None:
        self.delay = 0.0
        self.spread = 0.0
        self.drop_percent = 0.0
        self.repeat_percent = 0.0
        self.member_id = md5(domain.encode(), usedforsecurity=False).hexdigest()
        self.handlers: list[Handler] = []
        self.fired: list[tuple[str, int]] = []  # every event and its record's id, sent to anybody or not
        self.bell = Bell()
        self._domain = domain
        self._clock = clock
        self._random = random
        self._waiting: list[Delivery] = []

    def subscribe(self, url: str, application_token: str, events: Iterable[str] = DEAL_EVENTS) -> Handler:
        """Tell a handler from now on. PageError for an address that is not on this machine."""
        if not _is_loopback(url):
            raise PageError("events go to this machine only")
        wanted = frozenset(one.upper() for one in events)
        handler = Handler(975 + 2 * len(self.handlers), url, application_token, wanted)
        self.handlers.append(handler)
        return handler

    def unsubscribe(self, handler_id: int) -> None:
        """Tell a handler nothing more; unknown ids are ignored."""
        self.handlers = [one for one in self.handlers if one.id != handler_id]

    @contextmanager
    def hit(self) -> Iterator[None]:
        """A request: what changes in the block is told at its end, the same thing only once."""
        changes: list[tuple[str, int]] = []
        token = _HIT.set(changes)
        try:
            yield
        finally:
            _HIT.reset(token)
            for event, record_id in dict.fromkeys(changes):
                self.fire(event, record_id)

    def fire(self, event: str, record_id: int) -> None:
        """Something has changed."""
        if (changes := _HIT.get()) is not None:
            changes.append((event, record_id))
            return
        self.fired.append((event, record_id))
        for handler in self.handlers:
            if event in handler.events and self._random.uniform(0, 100) >= self.drop_percent:
                body = http_build_query(self._form(handler, event, record_id))
                for _ in range(self._times()):
                    self._waiting.append(Delivery(handler, event, body, self._due()))
        self.bell.ring()

    def _times(self) -> int:
        return 2 if self._random.uniform(0, 100) < self.repeat_percent else 1

    def _due(self) -> float:
        return self._clock.monotonic() + self.delay + self._random.uniform(0, self.spread)

    def _form(self, handler: Handler, event: str, record_id: int) -> Json:
        return {
            "event": event,
            "event_handler_id": handler.id,
            "data": {"FIELDS": {"ID": record_id}},
            "ts": int(self._clock.now().timestamp()),
            "auth": {
                "domain": self._domain,
                "client_endpoint": f"https://{self._domain}/rest/",
                "server_endpoint": _AUTH_SERVER,
                "member_id": self.member_id,
                "application_token": handler.application_token,
            },
        }

    async def run(self, client: httpx.AsyncClient, traffic: Traffic) -> None:
        """Deliver for as long as it is awaited; only one at a time."""
        async with asyncio.TaskGroup() as group:
            while True:
                waiting, self._waiting = self._waiting, []
                for one in waiting:
                    group.create_task(self._deliver(client, traffic, one), name=f"portal event {one.event}")
                await self.bell.wait()

    async def _deliver(self, client: httpx.AsyncClient, traffic: Traffic, one: Delivery) -> None:
        await self._clock.sleep(one.due - self._clock.monotonic())
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with traffic.push():
            try:
                async with self._clock.timeout(_ANSWER_SECONDS):
                    await client.post(one.handler.url, content=one.body, headers=headers, timeout=None)
            except (TimeoutError, httpx.HTTPError):
                return  # there is no second time


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
