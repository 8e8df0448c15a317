"""The kind `stickerset`: the four questions that every kind of item answers."""

import asyncio

import pytest

from services.engine.errors import NoSuchItem, Unavailable
from services.engine.work import Work
from services.flow.items import Action, Addition, Card, Fact, Link, Recognised
from services.flow.places import Asker, Place
from services.gallery.model import StickerSetFacts
from storage import sticker_sets
from storage.database import Transaction
from tests.services.gallery.conftest import JOB, Room
from tests.storage.files import rows, scalar
from tests.storage.rows import sticker_set

ASKER, HERE = Asker(5, "Ann"), Place(1, private=True, language="en")


# recognise


@pytest.mark.parametrize(
    ("text", "recognised"),
    [
        ("look at t.me/addstickers/Cats now", Recognised("stickerset", "Cats", certain=True)),
        ("tg://addemoji?set=Faces", Recognised("stickerset", "Faces", certain=True)),
        ("Cats_by_bot", Recognised("stickerset", "Cats_by_bot", certain=True)),
        ("Cats", Recognised("stickerset", "Cats", certain=False)),
        ("a" * 64, Recognised("stickerset", "a" * 64, certain=False)),
        ("a" * 65, None),
        ("Котики", None),
        ("good morning", None),
        ("", None),
    ],
)
async def test_links_are_certain_and_bare_words_only_if_a_bot_made_them(
    room: Room, text: str, recognised: Recognised | None
) -> None:
    assert room.gallery.kind.recognise(text) == recognised


# find


async def test_a_listed_set_is_found_in_any_case_as_a_card(room: Room) -> None:
    await room.add("Cats_by_bot", "Cats")
    room.gallery.region.clear()
    for name in ("Cats_by_bot", "CATS_BY_BOT"):
        item = await room.gallery.kind.find(name)
        assert item
        assert (item.kind, item.key) == ("stickerset", "Cats_by_bot")
        added = Fact("fact-added", "2026-01-15T12:00:00+00:00", is_moment=True)
        link = Link("button-open-set", "https://t.me/addstickers/Cats_by_bot")
        remove = Action("button-remove", "remove", role="admin", params={"key": "Cats_by_bot"})
        assert item.card == Card("Cats", (Fact("fact-count", 3), added), link, (remove,))
    assert room.gallery.region.get_stats().misses == 1  # both spellings are one entry


async def test_emoji_sets_have_an_address_of_their_own(room: Room) -> None:
    await room.add("Faces", kind="custom_emoji")
    item = await room.gallery.kind.find("Faces")
    assert item
    assert item.card.link == Link("button-open-set", "https://t.me/addemoji/Faces")


async def test_a_second_look_does_not_ask_the_database(room: Room) -> None:
    await room.add("Cats")
    room.gallery.region.clear()
    await room.gallery.kind.find("Cats")
    calls = room.database.calls
    assert await room.gallery.kind.find("cats")
    assert room.database.calls == calls


async def test_many_who_ask_at_once_are_one_look(room: Room) -> None:
    await room.add("Cats")
    room.gallery.region.clear()
    calls = room.database.calls
    found = await asyncio.gather(*(room.gallery.kind.find("Cats") for _ in range(50)))
    assert all(found)
    assert room.database.calls == calls + 1


async def test_absence_is_believed_for_a_minute_and_no_longer(room: Room) -> None:
    assert await room.gallery.kind.find("Cats") is None
    listed = sticker_set("Cats")
    await room.database.write(lambda tx: sticker_sets.add(tx, listed))  # behind this process's back
    calls = room.database.calls
    await room.clock.advance(50)
    assert await room.gallery.kind.find("Cats") is None
    assert room.database.calls == calls
    await room.clock.advance(20)
    assert await room.gallery.kind.find("Cats")


async def test_adding_ends_the_belief_in_absence_at_once(room: Room) -> None:
    assert await room.gallery.kind.find("Cats") is None
    await room.add("Cats")
    assert await room.gallery.kind.find("Cats")
    assert await rows(room.database, "SELECT region, key FROM invalidations") == [("stickerset", "cats")]


async def test_a_gallery_that_cannot_tell_is_unavailable_and_never_says_not_found(room: Room) -> None:
    room.database.away = True
    for _ in range(2):  # a failure is not remembered as an absence either
        with pytest.raises(Unavailable) as outage:
            await room.gallery.kind.find("Cats")
        assert outage.value.user_text == "error-gallery-unavailable"
    room.database.away = False
    await room.add("Dogs")
    assert await room.gallery.kind.find("Cats") is None


async def test_what_is_known_is_still_served_while_the_gallery_is_away(room: Room) -> None:
    await room.add("Cats")
    room.database.away = True
    assert await room.gallery.kind.find("Cats")


# propose


async def test_a_proposal_has_title_and_count_from_telegram_under_the_canonical_name(room: Room) -> None:
    room.telegram.sets["cats_by_bot"] = StickerSetFacts("Cats_by_bot", "Cats & Co", "regular", 12)
    proposal = await room.gallery.kind.propose("CATS_by_bot", ASKER, HERE)
    assert (proposal.kind, proposal.key) == ("stickerset", "Cats_by_bot")
    link = Link("button-open-set", "https://t.me/addstickers/Cats_by_bot")
    assert proposal.card == Card("Cats & Co", (Fact("fact-count", 12),), link)
    assert proposal.details == {"name": "Cats_by_bot", "title": "Cats & Co", "kind": "regular", "count": 12}


async def test_a_set_that_telegram_does_not_know_cannot_be_proposed(room: Room) -> None:
    with pytest.raises(NoSuchItem) as refusal:
        await room.gallery.kind.propose("Cats", ASKER, HERE)
    assert refusal.value.user_text == "error-no-such-set"


async def test_a_set_that_telegram_knows_or_cannot_tell_of_is_asked_about_each_time(room: Room) -> None:
    room.telegram.sets["cats"] = StickerSetFacts("Cats", "Cats", "regular", None)
    for _ in range(2):
        await room.gallery.kind.propose("Cats", ASKER, HERE)
    room.telegram.failure = Unavailable("telegram", "away")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await room.gallery.kind.propose("Dogs", ASKER, HERE)
    assert room.telegram.asked == ["Cats", "Cats", "Dogs", "Dogs"]


async def test_a_proposal_writes_nothing(room: Room) -> None:
    room.telegram.sets["cats"] = StickerSetFacts("Cats", "Cats", "regular", None)
    proposal = await room.gallery.kind.propose("Cats", ASKER, HERE)
    assert proposal.card.facts == ()  # no count, no fact
    assert await scalar(room.database, "SELECT count(*) FROM sticker_sets") == 0


# add


async def test_adding_twice_in_any_case_is_adding_once_and_the_first_stays(room: Room) -> None:
    first, new = await room.add("Cats_by_bot", "Cats", by=5)
    again, new_again = await room.add("CATS_BY_BOT", "Other", by=6)
    assert (new, new_again) == (True, False)
    assert again == first
    assert await rows(room.database, "SELECT name, title, added_by, added_in FROM sticker_sets") == [
        ("Cats_by_bot", "Cats", 5, -7)
    ]
    assert await room.gallery.kind.find("cats_by_bot") == first


async def test_what_was_rolled_back_is_not_in_the_cache(room: Room) -> None:
    details = {"name": "Cats", "title": "Cats", "kind": "regular", "count": 3}
    work = Work(JOB)

    def unit(tx: Transaction) -> None:
        room.gallery.kind.add(tx, work, Addition("Cats", details, 5, None))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await room.database.write(unit)
    assert await room.gallery.kind.find("Cats") is None
