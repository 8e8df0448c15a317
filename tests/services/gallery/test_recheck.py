"""Asking Telegram again: dead sets are marked, changed ones told anew, and nobody is asked too often."""

from dataclasses import dataclass, field
from functools import partial
from itertools import count

import pytest

from services.engine.errors import NoSuchItem, Unavailable
from services.engine.work import Work
from services.gallery.model import StickerSetFacts
from services.gallery.recheck import BATCH, TOPIC, Recheck
from storage import sticker_sets
from storage.records import Job
from tests.services.gallery.conftest import Room
from tests.storage.files import rows, scalar
from tests.storage.rows import NOON, sticker_set

DAY = 86400.0
numbers = count(100)


@dataclass
class Telegram:
    """Answers for sets until its `patience` is over."""

    sets: dict[str, StickerSetFacts] = field(default_factory=dict)
    patience: int = 1_000
    asked: list[str] = field(default_factory=list)

    async def sticker_set(self, name: str) -> StickerSetFacts:
        self.asked.append(name)
        if len(self.asked) > self.patience:
            raise Unavailable("telegram", "slow down", retry_after=17.0)
        if name not in self.sets:
            raise NoSuchItem(name)
        return self.sets[name]

    def knows(self, name: str, title: str = "A set", count: int | None = 3) -> None:
        """A set of this name exists."""
        self.sets[name] = StickerSetFacts(name, title, "regular", count)


@pytest.fixture
def telegram() -> Telegram:
    return Telegram()


async def check(room: Room, telegram: Telegram) -> dict[str, int]:
    """One job of the topic, worked to its end."""
    recheck = Recheck(room.database, room.clock, room.inbox, room.gallery.region, telegram)
    room.inbox.register(recheck.topic())
    work = Work(Job(next(numbers), TOPIC, f"tick:{TOPIC}", "{}", 1, 0, "p.1", None, NOON, "c"))
    result = await recheck.handle(work.job, work)
    await room.database.write(work.apply)
    work.settled()
    return result


async def lists(room: Room, *names: str) -> None:
    for name in names:
        await room.database.write(partial(sticker_sets.add, added=sticker_set(name)))


async def state(room: Room, name: str) -> tuple[object, ...]:
    query = "SELECT title, count, checked_at IS NOT NULL, dead_at FROM sticker_sets WHERE name = :name"
    (row,) = await rows(room.database, query, name=name)
    return tuple(row)


async def story(room: Room) -> list[tuple[object, ...]]:
    query = "SELECT actor, action, key, job_id IS NOT NULL FROM journal ORDER BY id"
    return [tuple(row) for row in await rows(room.database, query)]


async def test_a_set_that_telegram_no_longer_knows_is_marked_dead_and_says_so_at_once(
    room: Room, telegram: Telegram
) -> None:
    await lists(room, "Cats", "Dogs")
    telegram.knows("Dogs")
    assert await room.gallery.kind.find("Cats")
    assert await check(room, telegram) == {"asked": 2, "dead": 1}
    assert await state(room, "Cats") == ("A set", 3, 1, "2026-01-15T12:00:00.000000Z")
    assert await state(room, "Dogs") == ("A set", 3, 1, None)
    item = await room.gallery.kind.find("Cats")
    assert item
    assert item.card.facts[-1].label == "fact-dead"
    assert await story(room) == [("recheck", "dead", "Cats", 1)]
    assert await rows(room.database, "SELECT region, key FROM invalidations") == [("stickerset", "cats")]


async def test_a_dead_set_stays_dead_since_then_and_comes_alive_when_telegram_knows_it_again(
    room: Room, telegram: Telegram
) -> None:
    await lists(room, "Cats")
    await check(room, telegram)
    await room.clock.advance(DAY + 1)
    await check(room, telegram)
    assert (await state(room, "Cats"))[3] == "2026-01-15T12:00:00.000000Z"
    telegram.knows("Cats", "Kittens")
    await room.clock.advance(DAY + 1)
    await check(room, telegram)
    assert await state(room, "Cats") == ("Kittens", 3, 1, None)
    assert [row[1] for row in await story(room)] == ["dead", "alive"]


async def test_a_new_title_or_count_is_told_from_then_on(room: Room, telegram: Telegram) -> None:
    await lists(room, "Cats")
    await room.gallery.kind.find("Cats")
    telegram.knows("Cats", "Kittens", 40)
    await check(room, telegram)
    item = await room.gallery.kind.find("Cats")
    assert item
    assert (item.card.title, item.card.facts[0].value) == ("Kittens", 40)
    assert [row[1] for row in await story(room)] == ["change"]


async def test_what_is_as_before_leaves_no_trace_but_the_time(room: Room, telegram: Telegram) -> None:
    await lists(room, "Cats")
    telegram.knows("Cats")
    await check(room, telegram)
    assert (await state(room, "Cats"))[2]
    assert await story(room) == []
    assert await scalar(room.database, "SELECT count(*) FROM invalidations") == 0


async def test_a_set_is_asked_about_once_a_day(room: Room, telegram: Telegram) -> None:
    await lists(room, "Cats")
    telegram.knows("Cats")
    await check(room, telegram)
    await room.clock.advance(DAY - 1)
    assert await check(room, telegram) == {"asked": 0, "dead": 0}
    await room.clock.advance(2)
    assert await check(room, telegram) == {"asked": 1, "dead": 0}


async def test_many_sets_are_asked_about_in_batches_each_a_job_that_is_put_off(
    room: Room, telegram: Telegram
) -> None:
    names = [f"Set{number:02}" for number in range(BATCH + 1)]
    await lists(room, *names)
    assert (await check(room, telegram))["asked"] == BATCH
    (job,) = await rows(room.database, "SELECT topic, key, state, due_at FROM jobs")
    assert job == (TOPIC, f"tick:{TOPIC}", "waiting", "2026-01-15T12:00:30.000000Z")
    assert (await check(room, telegram))["asked"] == 1
    assert telegram.asked == names
    assert await scalar(room.database, "SELECT count(*) FROM jobs") == 1  # nothing remains


async def test_an_outage_of_telegram_ends_the_batch_and_kills_no_set(room: Room, telegram: Telegram) -> None:
    await lists(room, "Cats", "Dogs", "Owls")
    telegram.patience = 1
    assert await check(room, telegram) == {"asked": 1, "dead": 1}
    dead = await rows(room.database, "SELECT name FROM sticker_sets WHERE dead_at IS NOT NULL")
    assert dead == [("Cats",)]
    assert await scalar(room.database, "SELECT due_at FROM jobs") == "2026-01-15T12:00:17.000000Z"


async def test_an_outage_from_the_start_fails_the_job_which_is_then_tried_again(
    room: Room, telegram: Telegram
) -> None:
    await lists(room, "Cats")
    telegram.patience = 0
    with pytest.raises(Unavailable):
        await check(room, telegram)
    assert (await state(room, "Cats"))[2:] == (0, None)


async def test_a_set_removed_while_telegram_was_asked_stays_removed(room: Room) -> None:
    await lists(room, "Cats")

    class Removing(Telegram):
        async def sticker_set(self, name: str) -> StickerSetFacts:
            await room.gallery.sets.remove(name, "key:1")
            raise NoSuchItem(name)

    await check(room, Removing())
    assert await scalar(room.database, "SELECT count(*) FROM sticker_sets") == 0
    assert [row[1] for row in await story(room)] == ["remove"]
