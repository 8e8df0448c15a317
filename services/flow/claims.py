"""Claims: how the first admin comes about. Who can read the hub's log may become one, by /start CODE."""

import re
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random

from services.engine.clock import Clock
from services.flow.journal import Journal, actor_of
from services.flow.places import Asker
from services.flow.roles import Roles
from storage import claims, people
from storage.database import Database, Transaction
from storage.records import Job

LIFE = timedelta(hours=24)
# Letters alone, and none that looks like another: a code is copied by hand, and is no phone number to a log.
LETTERS = "abcdefghjkmnpqrstuvwxyz"
PARTS, PART = 4, 5  # five times four letters: some 90 bits
_CODE = re.compile(rf"[{LETTERS}]{{{PART}}}(-[{LETTERS}]{{{PART}}}){{{PARTS - 1}}}")


class Claims:
    """Makes codes, and admins of those who say one."""

    def __init__(
        self, database: Database, clock: Clock, random: Random, roles: Roles, journal: Journal
    ) -> None:
        self._database = database
        self._clock = clock
        self._random = random
        self._roles = roles
        self._journal = journal

    async def offer(self) -> str | None:
        """A code good for 24 hours, or None when an admin is known. Only its digest is stored."""
        if await self._roles.admins():
            return None
        parts = ["".join(self._random.choice(LETTERS) for _ in range(PART)) for _ in range(PARTS)]
        code, now = "-".join(parts), self._clock.now()

        def unit(tx: Transaction) -> None:
            claims.purge(tx, now - LIFE)
            claims.put(tx, digest_of(code), at=now)

        await self._database.write(unit)
        return code

    async def are_open(self) -> bool:
        """Whether a code may make an admin: not while one is known."""
        return not await self._roles.admins()

    def take(self, tx: Transaction, job: Job, asker: Asker, code: str) -> bool:
        """Make the asker an admin by a code; False when it is wrong, too old, burnt, or too late."""
        now = self._clock.now()
        if asker.user_id is None or not self._use(tx, asker.user_id, code, now):
            return False
        people.give_role(tx, asker.user_id, "admin", name=asker.name, by=asker.user_id, at=now)
        after = {"role": "admin"}
        self._journal.record(tx, job, actor_of(asker), "claim", "user", str(asker.user_id), after=after)
        return True

    def _use(self, tx: Transaction, user_id: int, code: str, now: datetime) -> bool:
        used = claims.use(tx, digest_of(code), by=user_id, at=now, since=now - LIFE)
        return used and not people.with_role(tx, "admin")


def is_code(text: str) -> bool:
    """Whether a text has the shape of a code."""
    return bool(_CODE.fullmatch(text.strip().lower()))


def digest_of(code: str) -> str:
    """What is kept of a code, however it was typed."""
    return sha256(code.strip().lower().encode("utf-8", "replace")).hexdigest()
