"""Forgetting a person: whatever the hub stores about them gets a pseudonym in its place.

The pseudonym is drawn anew each time and kept nowhere, so nobody can go back from it; all rows of one person
still show that they are of one. Rows stay, the journal's too, and so do figures. What is done for features'
own tables they tell in a Part; every other row is looked at for the person's numbers, names and spellings.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from services.engine.clock import Clock
from services.flow.contacts import phone_of
from services.flow.journal import Journal
from services.flow.pseudonyms import Known, Pseudonym, Pseudonyms
from storage import chats, forgetting, invalidations, messages, people
from storage.database import Database, Transaction

ACTION, KIND = "forget", "user"  # as the journal calls it
LONGEST_NUMBER = 16  # digits of Telegram's ids
WALKS = 4  # until nothing is found: a running hub writes on

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
        """Whom the words mean: a phone in any spelling, a Telegram id, or a Telegram name with its @.

        Digits alone may be either: they are the id where somebody has it. Raises Nobody.
        """
        return await self._database.read(partial(self._known, words=words.strip()))

    async def count(self, known: Known) -> Counter[str]:
        """How many rows of which tables would change."""
        pseudonyms = Pseudonyms(known, Pseudonym.drawn(self._random))
        return await self._walk(pseudonyms, dry_run=True)

    async def forget(self, known: Known, by: str) -> Counter[str]:
        """Rewrite them; how many of which tables."""
        pseudonym = Pseudonym.drawn(self._random)
        changed = await self._database.write(partial(self._begin, known=known, pseudonym=pseudonym))
        pseudonyms = Pseudonyms(known, pseudonym)
        for _ in range(WALKS):
            found = await self._walk(pseudonyms, dry_run=False)
            changed += found
            if not found:
                break
        if changed:
            await self._database.write(partial(self._end, pseudonym=pseudonym, changed=changed, by=by))
        return changed

    async def being_worked(self, known: Known) -> int:
        """How many of the person's jobs are worked now, and may write of them once more."""
        return await self._database.read(lambda tx: forgetting.being_worked(tx, known.jobs))

    def _known(self, tx: Transaction, words: str) -> Known:
        known = self._named(tx, words)
        if known.user_id is not None:
            _learn_user(tx, known)
        before = -1
        while before < (size := _size(known)):
            before = size
            for part in self._parts:
                if part.learn:
                    part.learn(tx, known)
        return known

    def _named(self, tx: Transaction, words: str) -> Known:
        if words.startswith("@"):
            user_id = forgetting.user_named(tx, words[1:])
            if user_id is None:
                raise Nobody(f"nobody is known as {words}; the Telegram id helps")
            return Known(user_id)
        is_number = words.isascii() and words.isdigit() and len(words) <= LONGEST_NUMBER
        if is_number and forgetting.is_user(tx, int(words)):
            return Known(int(words))
        if phone := phone_of(words):
            return Known(phones={phone})
        if is_number and int(words):
            return Known(int(words))
        raise Nobody(f"{words!r} is neither a phone nor a Telegram id nor a name with @")

    def _begin(self, tx: Transaction, known: Known, pseudonym: Pseudonym) -> Counter[str]:
        """What the parts rewrite, and no message goes to the person any more."""
        changed: Counter[str] = Counter()
        if known.user_id is not None:
            reason = "the person was forgotten"
            messages.drop_for_chat(tx, known.user_id, at=self._clock.now(), reason=reason)
        for part in self._parts:
            if part.forget:
                changed.update(part.forget(tx, known, pseudonym))
        return changed

    def _end(self, tx: Transaction, pseudonym: Pseudonym, changed: Counter[str], by: str) -> None:
        now = self._clock.now()
        for region in {region for part in self._parts for region in part.regions}:
            invalidations.add(tx, region, None, at=now)
        told = {"name": pseudonym.name, **changed}
        Journal(self._clock).record(tx, None, by, ACTION, KIND, str(pseudonym.number), after=told)

    async def _walk(self, pseudonyms: Pseudonyms, *, dry_run: bool) -> Counter[str]:
        found: Counter[str] = Counter()
        for table in forgetting.tables():
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


def _learn_user(tx: Transaction, known: Known) -> None:
    """By what names a person of Telegram is known."""
    assert known.user_id is not None  # noqa: S101 - only asked for somebody with a number
    known.jobs.add(f"chat:{known.user_id}")
    person, chat = people.by_id(tx, known.user_id), chats.by_id(tx, known.user_id)
    names = [person.name, person.username or ""] if person else []
    known.names |= {name for name in [*names, chat.title if chat else ""] if name}


def _size(known: Known) -> int:
    return len(known.phones) + len(known.emails) + len(known.names)
