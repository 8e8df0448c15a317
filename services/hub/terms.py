"""What the hub is given: the doors' ports, and the terms it runs on."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

import httpx

from services.engine.clock import Clock
from services.engine.failpoints import Failpoints
from services.engine.workers import LEASE
from services.flow.roles import ChatMembers
from services.gallery.item import StickerSetReader
from settings import Settings
from storage.database import SILENCE, Database

TOKEN_BYTES = 12  # 16 characters on a button, beyond guessing


@dataclass(frozen=True, slots=True)
class Ports:
    """What the doors implement for the services."""

    sticker_sets: StickerSetReader
    chat_members: ChatMembers
    gallery: httpx.AsyncClient | None = None  # leads to another hub's gallery; None: this hub has its own
    portal: httpx.AsyncClient | None = None  # leads to the home portal; None: there is none
    sources: Mapping[str, httpx.AsyncClient] = field(default_factory=dict)  # one for each of BITRIX24_SOURCES
    heartbeat: httpx.AsyncClient | None = None  # calls HEARTBEAT_URL; None: there is none


@dataclass(frozen=True, slots=True)
class Terms:
    """What a hub is run with besides its settings. `redact` takes secrets out of a text.

    `lease` and `silence`: seconds after which a job's worker, and a leader, count as gone.
    """

    clock: Clock
    random: Random
    failpoints: Failpoints
    redact: Callable[[str], str]
    lease: float = LEASE
    silence: float = SILENCE


class GivenRooms:
    """What a hub is made of and with."""

    def __init__(self, settings: Settings, ports: Ports, database: Database, terms: Terms) -> None:
        self._settings = settings
        self._ports = ports
        self._terms = terms
        self.database = database
        self.clock = terms.clock
        self.failpoints = terms.failpoints

    def _new_token(self) -> str:
        return new_token(self._terms.random)


def new_token(random: Random) -> str:
    """What a button carries: URL-safe, and nobody guesses it."""
    return base64.urlsafe_b64encode(random.randbytes(TOKEN_BYTES)).decode()
