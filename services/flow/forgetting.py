"""Forgetting a person: whatever the hub stores about them gets a pseudonym in its place.

The pseudonym is drawn anew each time and kept nowhere, so nobody can go back from it; all rows of one person
still show that they are of one. Rows stay, the journal's too, and so do figures. What is done for features'
own tables they tell in a Part; every other row is looked at for the person's numbers, names and spellings.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from services.engine.clock import Clock
from services.flow.contacts import COUNTED, LONGEST_PHONE, phone_of
from services.flow.journal import Journal
from services.flow.pseudonyms import Known, Pseudonym, Pseudonyms
from storage import chats, forgetting, invalidations, messages, people
from storage.database import Database, Transaction

ACTION, KIND = "forget", "user"  # as the journal calls it
LONGEST_NUMBER = 16  # digits of Telegram's ids
PATIENCE, STEP = 60.0, 2.0  # seconds for which, and between which, the person's jobs are waited for
WALKS = 4  # until nothing is found: a running hub writes on
_HANDLE = re.compile(r"@(\w{3,64})", re.ASCII)
_NUMBER = re.compile(rf"id:\s*([1-9]\d{{0,{LONGEST_NUMBER - 1}}})", re.ASCII | re.IGNORECASE)
_SPELLINGS = "a phone is written with its +, as +79161234567, a Telegram id as id:123456789"

Learn = Callable[[Transaction, Known], None]
Forget = Callable[[Transaction, Known, Pseudonym], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Part:
    """What a feature knows of people.

    `regions` of the cache hold some. `learn` adds by what else the person is known; asked until nothing is
    added. `forget` rewrites what no general rule can, and tells how many rows of which tables.
    """

    regions: tuple[str, ...] = ()
    learn: Learn | None = None
    forget: Forget | None = None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of which tables were rewritten, and how many jobs of the person are worked still.

    While any is, what the person is found by stays, so that all of it can be done again.
    """

    changed: Counter[str]
    busy: int = 0


class Nobody(Exception):
    """The words name nobody; the message says why, for the operator."""


class Forgetting:
    """Finds everything about one person, and rewrites it."""

    def __init__(self, database: Database, clock: Clock, random: Random, parts: Sequence[Part]) -> None:
        self._database = database
        self._clock = clock
        self._random = random
        self._parts = parts

    async def known(self, words: str) -> Known:
        """Whom the words mean: a phone with its + or with separators, `id:` and a number, or @name.

        Digits alone are an id or a phone where what is stored leaves no doubt. Raises Nobody.
        """
        words = words.strip()
        is_bare = words.isascii() and words.isdigit()
        known = (
            await self._told_apart(words) if is_bare else await self._database.read(partial(_named, words))
        )
        known = await self._database.read(partial(self._learnt, known=known))
        await self._learn_jobs(known)
        return known

    async def count(self, known: Known) -> Counter[str]:
        """How many rows of which tables would change."""
        pseudonyms = Pseudonyms(known, Pseudonym.drawn(self._random))
        return await self._walk(pseudonyms, forgetting.tables(), dry_run=True)

    async def forget(self, known: Known, by: str) -> Forgotten:
        """Rewrite them.

        What the person is found by comes last and at once: who was interrupted before, does it all again.
        """
        counted = await self.count(known)
        if not counted:
            return Forgotten(counted)
        pseudonym = Pseudonym.drawn(self._random)
        pseudonyms = Pseudonyms(known, pseudonym)
        await self._database.write(partial(self._begin, known, pseudonym, counted, by))
        changed, busy = await self._rest(known, pseudonyms)
        if not busy:
            changed += await self._database.write(partial(self._end, known, pseudonym))
            changed += await self._walks(pseudonyms, forgetting.tables())
        return Forgotten(changed, len(busy))

    async def _rest(self, known: Known, pseudonyms: Pseudonyms) -> tuple[Counter[str], set[int]]:
        """All but what the person is found by, until no job can write of them; also those that still can."""
        others = [table for table in forgetting.tables() if table not in forgetting.KNOWING]
        work = forgetting.Walk("jobs", pseudonyms)
        until, changed, busy = self._clock.monotonic() + PATIENCE, Counter[str](), set[int]()
        while True:
            # Before the walk, for it rewrites the keys by which they are known.
            busy |= await self._database.read(lambda tx: work.claimed(tx, known.jobs))
            await self._learn_jobs(known)
            changed += await self._walks(pseudonyms, others)
            busy = await self._database.read(partial(forgetting.still_worked, numbers=busy))
            if not busy or self._clock.monotonic() >= until:
                return changed, busy
            await self._clock.sleep(STEP)

    async def _learn_jobs(self, known: Known) -> None:
        walk, after = forgetting.Walk("jobs", Pseudonyms(known, Pseudonym.drawn(self._random))), None
        while seen := await self._database.read(partial(walk.page, after=after)):
            after = seen.last
            known.told_by.update(number for (number,) in seen.keys)

    async def _told_apart(self, digits: str) -> Known:
        """Whom digits mean that may be either. Raises Nobody where they fit both or neither."""
        phone = phone_of(digits) if COUNTED <= len(digits) <= LONGEST_PHONE else None
        is_id = len(digits) <= LONGEST_NUMBER and int(digits) > 0
        is_user = is_id and await self._database.read(partial(forgetting.is_user, user_id=int(digits)))
        is_phone = phone is not None and bool(await self.count(Known(phones={phone})))
        if is_user and not is_phone:
            return Known(int(digits))
        if phone and is_phone and not is_user:
            return Known(phones={phone})
        raise Nobody(f"{digits} may be a phone or a Telegram id: {_SPELLINGS}")

    def _learnt(self, tx: Transaction, known: Known) -> Known:
        if known.user_id is not None:
            _learn_user(tx, known)
        before = -1
        while before < (size := _size(known)):
            before = size
            for part in self._parts:
                if part.learn:
                    part.learn(tx, known)
        return known

    def _begin(
        self, known: Known, pseudonym: Pseudonym, counted: Counter[str], by: str, tx: Transaction
    ) -> None:
        """Nothing goes to the person any more; the journal knows of it, however it ends."""
        now = self._clock.now()
        if known.user_id is not None:
            messages.drop_for_chat(tx, known.user_id, at=now, reason="the person was forgotten")
        self._invalidate(tx)
        told = {"name": pseudonym.name, **counted}
        Journal(self._clock).record(tx, None, by, ACTION, KIND, str(pseudonym.number), after=told)

    def _end(self, known: Known, pseudonym: Pseudonym, tx: Transaction) -> Counter[str]:
        """What the person is found by."""
        pseudonyms, changed = Pseudonyms(known, pseudonym), Counter[str]()
        for part in self._parts:
            if part.forget:
                changed.update(part.forget(tx, known, pseudonym))
        for table in forgetting.KNOWING:
            changed[table] += forgetting.Walk(table, pseudonyms).whole(tx)
        changed["leases"] += forgetting.drop_leases(tx, pseudonyms, self._clock.now())
        self._invalidate(tx)
        return +changed

    def _invalidate(self, tx: Transaction) -> None:
        for region in sorted({region for part in self._parts for region in part.regions}):
            invalidations.add(tx, region, None, at=self._clock.now())

    async def _walks(self, pseudonyms: Pseudonyms, tables: Sequence[str]) -> Counter[str]:
        changed: Counter[str] = Counter()
        for _ in range(WALKS):
            found = await self._walk(pseudonyms, tables, dry_run=False)
            changed += found
            if not found:
                break
        return changed

    async def _walk(self, pseudonyms: Pseudonyms, tables: Sequence[str], *, dry_run: bool) -> Counter[str]:
        found: Counter[str] = Counter()
        for table in tables:
            walk, after, number = forgetting.Walk(table, pseudonyms), None, 0
            while seen := await self._database.read(partial(walk.page, after=after)):
                after = seen.last
                keys = seen.keys
                if keys and not dry_run:
                    number += await self._database.write(partial(walk.rewrite, keys=keys))
                else:
                    number += len(keys)
            if number:
                found[table] = number
        return found


def _named(words: str, tx: Transaction) -> Known:
    if handle := _HANDLE.fullmatch(words):
        return Known(forgetting.user_named(tx, handle[1]), handles={handle[1]})
    if number := _NUMBER.fullmatch(words):
        return Known(int(number[1]))
    phone = phone_of(words)
    if phone is None or (len(phone) < COUNTED and not words.startswith("+")):
        raise Nobody(f"{words!r} names nobody: {_SPELLINGS}, and a Telegram name with its @")
    return Known(phones={phone})


def _learn_user(tx: Transaction, known: Known) -> None:
    """By what names a person of Telegram is known."""
    assert known.user_id is not None  # noqa: S101 - only asked for somebody with a number
    known.jobs.add(f"chat:{known.user_id}")
    person, chat = people.by_id(tx, known.user_id), chats.by_id(tx, known.user_id)
    names = {person.name if person else "", chat.title if chat else ""}
    known.names |= names - {""}
    known.handles |= {person.username} if person and person.username else set()


def _size(known: Known) -> int:
    return len(known.phones) + len(known.emails) + len(known.names)
