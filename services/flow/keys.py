"""API keys: who may call the closed routes. A key is shown once; only its digest is kept."""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import ClassVar

import structlog

from services.engine.cache import Cache, Region
from services.engine.clock import Clock
from services.engine.errors import NoSuchItem, Refused, Unavailable
from storage import invalidations, journal, keys
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from storage.records import Key

log = structlog.get_logger(__name__)

PREFIX = "swb_"  # by which people and secret scanners know a key of ours
KEY_BYTES = 32
HINT = 8  # characters of a key that are kept to tell it from others
LONGEST_NAME = 64

REGION = "keys"
CAPACITY = 10_000
TTL = 60.0  # seconds a key is believed without a look; a revoked one is dropped at once, by an invalidation
ABSENT_TTL = 5.0
STALE = 86400.0  # seconds a key known before stays good while the database is away
LOOK_TIME = 2.0  # seconds the database has to tell; a request waits for it
USE_EVERY = 60.0  # seconds between two writes of when keys were used

_SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
_SCOPE = re.compile(r"admin|read|webhook|enterprise:[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a key is good for; `enterprise` names the one enterprise that such a key sees."""

    name: str
    enterprise: str | None = None

    ADMIN: ClassVar["Scope"]
    READ: ClassVar["Scope"]
    WEBHOOK: ClassVar["Scope"]

    @classmethod
    def of_enterprise(cls, number: str) -> "Scope":
        """The scope that sees this enterprise and nothing else."""
        return cls("enterprise", number)

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """A scope as people write it. Raises Refused for any that does not exist."""
        if not _SCOPE.fullmatch(text):
            raise Refused(f"there is no scope {text!r}: admin, read, webhook or enterprise:<number>")
        return cls.stored(text)

    @classmethod
    def stored(cls, text: str) -> "Scope":
        """A scope as a row holds it; one that this version does not know opens nothing."""
        name, _, number = text.partition(":")
        return cls(name, number or None)

    def covers(self, needed: "Scope") -> bool:
        """Whether a key of this scope opens what needs `needed`."""
        return self in {needed, Scope.ADMIN}

    def __str__(self) -> str:
        return self.name if self.enterprise is None else f"{self.name}:{self.enterprise}"


Scope.ADMIN, Scope.READ, Scope.WEBHOOK = Scope("admin"), Scope("read"), Scope("webhook")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `text` is the key itself, which nobody can show again."""

    key: Key
    text: str


class KeyRegister:
    """Makes, lists and revokes keys. `actor` is who does it, for the journal."""

    def __init__(self, database: Database, clock: Clock, random: Random) -> None:
        self._database = database
        self._clock = clock
        self._random = random

    async def create(self, name: str, scope: Scope, *, actor: str) -> NewKey:
        """Make a key. Raises Refused for a name that is none, StorageUnavailable."""
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise Refused(f"a key's name has 1 to {LONGEST_NAME} printable characters")
        secret = base64.urlsafe_b64encode(self._random.randbytes(KEY_BYTES)).decode().rstrip("=")
        text = PREFIX + secret
        digest, at = digest_of(text), self._clock.now()

        def unit(tx: Transaction) -> Key:
            key = keys.add(tx, name=name, hint=text[:HINT], digest=digest, scope=str(scope), at=at)
            after = {"name": name, "scope": str(scope)}
            journal.add(tx, at=at, actor=actor, action="create", kind="key", key=str(key.id), after=after)
            return key

        return NewKey(await self._database.write(unit), text)

    async def everything(self) -> list[Key]:
        """All keys, revoked ones too, oldest first."""
        return await self._database.read(keys.everything)

    async def revoke(self, key_id: int, *, actor: str) -> bool:
        """Make a key good for nothing, in every process within two seconds.

        False when it was revoked before. Raises NoSuchItem, StorageUnavailable.
        """
        at = self._clock.now()

        def unit(tx: Transaction) -> bool:
            if keys.by_id(tx, key_id) is None:
                raise NoSuchItem(f"there is no key {key_id}")
            if (digest := keys.revoke(tx, key_id, at=at)) is None:
                return False
            invalidations.add(tx, REGION, digest, at=at)
            journal.add(tx, at=at, actor=actor, action="revoke", kind="key", key=str(key_id))
            return True

        return await self._database.write(unit)


class Keys:
    """Knows a key again when it is presented, from memory where it can."""

    def __init__(self, database: Database, clock: Clock, cache: Cache) -> None:
        self._database = database
        self._clock = clock
        self._known: Region[str, Key] = cache.region(
            REGION, capacity=CAPACITY, ttl=TTL, absent_ttl=ABSENT_TTL, stale=STALE, private=True
        )
        self._used: dict[int, datetime] = {}

    async def find(self, presented: str) -> Key | None:
        """The good key of this text, None when there is none.

        While the database is away a key known before stays good; of any other nobody can tell, which
        raises Unavailable.
        """
        if not _SHAPE.fullmatch(presented):
            return None
        digest = digest_of(presented)
        key = await self._known.get_or_load(digest, lambda: self._load(digest))
        if key:
            self._used[key.id] = self._clock.now()
        return key

    async def keep_use(self) -> None:
        """For ever: write down now and then which keys were used, apart from any request."""
        while True:
            await self._clock.sleep(USE_EVERY)
            await self.write_use()

    async def write_use(self) -> None:
        """Write down which keys were used since the last time. What cannot be written waits for the next."""
        moments, self._used = self._used, {}
        if not moments:
            return
        try:
            await self._database.write(lambda tx: keys.used(tx, moments))
        except StorageUnavailable as error:
            log.warning("keys.use_not_written", details={"reason": str(error)})
            self._used = moments | self._used

    async def _load(self, digest: str) -> Key | None:
        try:
            async with self._clock.timeout(LOOK_TIME):
                return await self._database.read(lambda tx: keys.by_digest(tx, digest))
        except (StorageUnavailable, TimeoutError) as error:
            # In the house's own terms, so that the cache lets what it knew stand in.
            raise Unavailable("keys", str(error) or "the database does not answer") from error


def digest_of(key: str) -> str:
    """SHA-256 in hex. No salt and no slow hash: a key is 256 random bits, which nobody can try through."""
    return hashlib.sha256(key.encode()).hexdigest()
