"""The built-in gallery, changed from outside the chats: everything is told to the journal and the caches."""

import msgspec

from services.gallery.source import Listing
from tests.services.gallery.conftest import Room
from tests.storage.files import rows

CATS = Listing("Cats", "regular", 3, 5)


async def story(room: Room) -> list[tuple[str, str, str]]:
    return [tuple(row) for row in await rows(room.database, "SELECT actor, action, key FROM journal")]


async def told(room: Room) -> list[tuple[str, str]]:
    return [tuple(row) for row in await rows(room.database, "SELECT region, key FROM invalidations")]


async def test_a_set_put_is_listed_once_whatever_its_case_and_keeps_who_added_it_and_when(room: Room) -> None:
    first, new = await room.gallery.sets.put("Cats", CATS, "key:1")
    await room.clock.advance(60)
    again, new_again = await room.gallery.sets.put("CATS", Listing("Kittens", "mask", None, 9), "key:2")
    assert (new, new_again) == (True, False)
    assert (again.name, again.added_by, again.added_at) == ("Cats", 5, first.added_at)
    assert (again.title, again.kind, again.count) == ("Kittens", "mask", None)
    assert (await room.gallery.sets.named(["cats"]))["cats"] == again
    assert await story(room) == [("key:1", "add", "Cats"), ("key:2", "change", "Cats")]
    assert await told(room) == [("stickerset", "cats")] * 2


async def test_the_journal_keeps_both_sides_of_a_change(room: Room) -> None:
    await room.gallery.sets.put("Cats", CATS, "key:1")
    await room.gallery.sets.put("Cats", Listing("Kittens", "regular", 4, None), "key:1")
    await room.gallery.sets.remove("cats", "key:1")
    sides = [
        [side and msgspec.json.decode(side) for side in row]
        for row in await rows(room.database, "SELECT before, after FROM journal ORDER BY id")
    ]
    cats = {"name": "Cats", "title": "Cats", "kind": "regular", "count": 3}
    kittens = cats | {"title": "Kittens", "count": 4}
    assert sides == [[None, cats], [cats, kittens], [kittens, None]]


async def test_the_same_again_changes_nothing_and_is_no_entry(room: Room) -> None:
    await room.gallery.sets.put("Cats", CATS, "key:1")
    stored, new = await room.gallery.sets.put("cats", CATS, "key:1")
    assert (stored.name, new) == ("Cats", False)
    assert await story(room) == [("key:1", "add", "Cats")]


async def test_removing_is_done_once_and_known_at_once(room: Room) -> None:
    await room.add("Cats")
    assert await room.gallery.kind.find("Cats")
    assert await room.gallery.sets.remove("CATS", "key:1")
    assert await room.gallery.kind.find("Cats") is None
    assert not await room.gallery.sets.remove("Cats", "key:1")
    assert await story(room) == [("key:1", "remove", "Cats")]


async def test_a_set_put_ends_the_belief_in_its_absence(room: Room) -> None:
    assert await room.gallery.kind.find("Cats") is None
    await room.gallery.sets.put("Cats", CATS, "key:1")
    assert await room.gallery.kind.find("Cats")


async def test_forgetting_drops_the_set_here_and_tells_the_others(room: Room) -> None:
    await room.add("Cats")
    calls = room.database.calls
    await room.gallery.sets.forget("CATS")
    assert (await told(room))[-1] == ("stickerset", "cats")
    await room.gallery.kind.find("Cats")
    assert room.database.calls == calls + 3  # the word to the others, this test's look, the question anew


async def test_a_set_that_telegram_no_longer_knows_says_so_on_its_card(room: Room) -> None:
    await room.add("Cats")
    await room.database.write(
        lambda tx: tx.exec_driver_sql("UPDATE sticker_sets SET dead_at = '2026-01-16T12:00:00.000000Z'")
    )
    room.gallery.region.clear()
    item = await room.gallery.kind.find("Cats")
    assert item
    assert [fact.label for fact in item.card.facts] == ["fact-count", "fact-added", "fact-dead"]
    assert item.card.facts[-1].value == "2026-01-16T12:00:00+00:00"
