"""Many names at once: one question to the gallery for those that are not cached."""

import asyncio

import pytest

from services.engine.errors import Unavailable
from services.gallery.together import MOST, Together
from storage.records import StickerSet
from tests.clock import HandClock
from tests.services.gallery.conftest import Room
from tests.storage.rows import sticker_set


async def titles(room: Room, *names: str) -> dict[str, str | None]:
    found = await room.gallery.kind.find_many(names)
    return {name: item.card.title if item else None for name, item in found.items()}


async def test_names_come_back_as_they_were_given(room: Room) -> None:
    await room.add("Cats", "Котики")
    room.gallery.region.clear()
    assert await titles(room, "CATS", "Dogs", "cats") == {"CATS": "Котики", "Dogs": None, "cats": "Котики"}
    assert await titles(room) == {}


async def test_all_that_are_not_cached_are_one_question(room: Room) -> None:
    names = [f"Set{number}" for number in range(100)]
    for name in names[:50]:
        await room.add(name)
    room.gallery.region.clear()
    calls = room.database.calls
    found = await room.gallery.kind.find_many(names)
    assert room.database.calls == calls + 1
    assert [name for name, item in found.items() if item] == names[:50]
    assert await room.gallery.kind.find_many(names) == found
    assert room.database.calls == calls + 1


async def test_only_what_is_missing_is_asked_for(room: Room) -> None:
    await room.add("Cats")
    await room.gallery.kind.find("Cats")
    room.database.away = True
    with pytest.raises(Unavailable):
        await room.gallery.kind.find_many(["Cats", "Dogs"])
    assert (await room.gallery.kind.find_many(["Cats"]))["Cats"]


async def test_absence_is_believed_for_a_minute(room: Room) -> None:
    await room.gallery.kind.find_many(["Cats", "Dogs"])
    calls = room.database.calls
    assert await titles(room, "cats", "dogs") == {"cats": None, "dogs": None}
    assert room.database.calls == calls
    await room.clock.advance(61)
    await room.gallery.kind.find_many(["Cats"])
    assert room.database.calls == calls + 1


async def test_a_failure_is_not_remembered(room: Room) -> None:
    room.database.away = True
    with pytest.raises(Unavailable) as outage:
        await room.gallery.kind.find_many(["Cats", "Dogs"])
    assert outage.value.user_text == "error-gallery-unavailable"
    room.database.away = False
    assert await titles(room, "Cats", "Dogs") == {"Cats": None, "Dogs": None}


async def test_what_is_past_its_time_still_answers_while_the_gallery_is_away(room: Room) -> None:
    await room.add("Cats")
    await room.add("Dogs")
    await room.clock.advance(7 * 86400 + 1)
    room.database.away = True
    found = await room.gallery.kind.find_many(["Cats", "Dogs"])
    assert all(found.values())
    assert room.gallery.region.get_stats().stale_served == 2
    with pytest.raises(Unavailable):
        await room.gallery.kind.find_many(["Cats", "Birds"])


async def test_what_cannot_be_a_name_is_not_listed_and_nobody_is_asked(room: Room) -> None:
    calls = room.database.calls
    odd = ["", " ", "a,b", "a" * 65, "9lives", "Коты", "a\x00b", "../x"]
    assert not any((await room.gallery.kind.find_many(odd)).values())
    assert room.database.calls == calls


async def test_an_invalidation_during_the_question_keeps_the_old_answer_out(room: Room) -> None:
    await room.add("Cats")
    room.gallery.region.clear()
    asking = asyncio.ensure_future(room.gallery.kind.find_many(["Cats", "Dogs"]))
    for _ in range(3):
        await asyncio.sleep(0)
    room.gallery.region.invalidate("cats")
    assert (await asking)["Cats"]
    calls = room.database.calls
    await room.gallery.kind.find_many(["Cats", "Dogs"])
    assert room.database.calls == calls + 1


# Together


class Asked:
    """A gallery that notes what it is asked."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.questions: list[list[str]] = []
        self.failure = failure

    async def __call__(self, names: object) -> dict[str, StickerSet]:
        assert isinstance(names, list)
        self.questions.append(list(names))
        if self.failure:
            raise self.failure
        return {name.lower(): sticker_set(name) for name in names}


async def test_people_who_ask_in_one_turn_share_one_question() -> None:
    asked = Asked()
    together = Together(asked, HandClock())
    found = await asyncio.gather(*(together.load(f"Set{number}") for number in range(5)))
    assert [each.name for each in found if each] == [f"Set{number}" for number in range(5)]
    assert len(asked.questions) == 1
    await together.load("Late")
    assert asked.questions[1:] == [["Late"]]


async def test_no_question_has_more_names_than_a_gallery_takes() -> None:
    asked = Asked()
    together = Together(asked, HandClock())
    await asyncio.gather(*(together.load(f"Set{number}") for number in range(2 * MOST + 1)))
    assert [len(question) for question in asked.questions] == [MOST, MOST, 1]


async def test_a_failure_is_everybodys_and_the_next_question_is_a_new_one() -> None:
    asked = Asked(Unavailable("gallery", "away"))
    together = Together(asked, HandClock())
    outcomes = await asyncio.gather(*(together.load(n) for n in "abc"), return_exceptions=True)
    assert [type(each) for each in outcomes] == [Unavailable] * 3
    asked.failure = None
    assert await together.load("a")


async def test_whoever_waits_is_told_when_the_one_who_asks_is_stopped() -> None:
    together = Together(Asked(), HandClock())
    asking = asyncio.ensure_future(together.load("a"))
    waiting = asyncio.ensure_future(together.load("b"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(Unavailable):
        await waiting
    assert await together.load("c")
