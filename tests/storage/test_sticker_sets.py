"""The gallery's rows: one a name in any case, found by part of a name or title in any case."""

from dataclasses import replace
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import sticker_sets
from tests.storage.files import WatchedDatabase
from tests.storage.rows import at, sticker_set

LISTED = {
    "Cats_by_bot": "Cats & Co",
    "MoonDogs": "Лунные Псы",
    "Sale100": "Up to 100% off",
    "Hedge_hogs": "Ёжики",
    "Strasse": "STRASSE and Straße",
}


async def fill(database: WatchedDatabase) -> None:
    for number, (name, title) in enumerate(LISTED.items()):
        row = sticker_set(name, title, added_at=at(number))
        assert await database.write(partial(sticker_sets.add, added=row))


async def search(
    database: WatchedDatabase, text: str, limit: int = 10, offset: int = 0
) -> tuple[list[str], int]:
    found, total = await database.read(lambda tx: sticker_sets.search(tx, text, limit=limit, offset=offset))
    return [each.name for each in found], total


async def test_a_name_is_listed_once_in_any_case_and_the_first_stays(database: WatchedDatabase) -> None:
    first = sticker_set("Cats_by_bot", "Cats")
    assert await database.write(lambda tx: sticker_sets.add(tx, first))
    assert not await database.write(lambda tx: sticker_sets.add(tx, sticker_set("CATS_BY_BOT", "Other")))
    assert await database.read(lambda tx: sticker_sets.by_name(tx, "cats_BY_bot")) == first
    assert await database.read(lambda tx: sticker_sets.by_name(tx, "cats")) is None
    assert await database.read(sticker_sets.count) == 1


async def test_names_and_titles_are_found_by_a_part_in_any_case(database: WatchedDatabase) -> None:
    await fill(database)
    for text, expected in {
        "cats": ["Cats_by_bot"],
        "DOGS": ["MoonDogs"],
        "лунные псы": ["MoonDogs"],
        "ПСЫ": ["MoonDogs"],
        "ёЖИКИ": ["Hedge_hogs"],
        "strasse": ["Strasse"],
        "STRAẞE": ["Strasse"],
        " cats ": ["Cats_by_bot"],
        "nothing like it": [],
    }.items():
        assert await search(database, text) == (expected, len(expected)), text


async def test_percent_underscore_and_slash_mean_themselves(database: WatchedDatabase) -> None:
    await fill(database)
    assert await search(database, "%") == (["Sale100"], 1)
    assert await search(database, "_") == (["Hedge_hogs", "Cats_by_bot"], 2)
    assert await search(database, "Hedge_h") == (["Hedge_hogs"], 1)
    assert await search(database, "Sale_00") == ([], 0)
    assert await search(database, "\\") == ([], 0)
    assert await search(database, "/") == ([], 0)


async def test_pages_are_newest_first_and_tell_the_whole_number(database: WatchedDatabase) -> None:
    await fill(database)
    newest_first = list(reversed(LISTED))
    assert await search(database, "", limit=2) == (newest_first[:2], 5)
    assert await search(database, "  ", limit=2, offset=2) == (newest_first[2:4], 5)
    assert await search(database, "", limit=2, offset=4) == (newest_first[4:], 5)
    assert await search(database, "", limit=2, offset=6) == ([], 5)


async def test_sets_of_the_same_moment_have_one_order(database: WatchedDatabase) -> None:
    for name in ("b", "C", "a"):
        await database.write(partial(sticker_sets.add, added=sticker_set(name)))
    assert (await search(database, ""))[0] == ["a", "b", "C"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    title=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
    data=st.data(),
)
async def test_any_part_of_any_title_finds_it(
    database: WatchedDatabase, title: str, data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, len(title) - 1))
    end = data.draw(st.integers(begin + 1, len(title)))
    await database.write(lambda tx: tx.exec_driver_sql("DELETE FROM sticker_sets"))
    await database.write(lambda tx: sticker_sets.add(tx, sticker_set("Some", title)))
    assert await search(database, title[begin:end]) == (["Some"], 1)


async def test_many_are_found_at_once_by_their_names_in_any_case(database: WatchedDatabase) -> None:
    await fill(database)
    names = ["CATS_BY_BOT", "cats_by_bot", "moondogs", "Nobody", "%"]
    found = await database.read(lambda tx: sticker_sets.by_names(tx, names))
    assert sorted(each.name for each in found) == ["Cats_by_bot", "MoonDogs"]
    assert await database.read(lambda tx: sticker_sets.by_names(tx, [])) == []


async def test_a_changed_set_is_found_by_its_new_title_and_keeps_the_rest(database: WatchedDatabase) -> None:
    await fill(database)
    before = await database.read(lambda tx: sticker_sets.by_name(tx, "moondogs"))
    assert before
    after = replace(before, title="Солнечные Коты", count=None, dead_at=at(9))
    assert await database.write(lambda tx: sticker_sets.change(tx, after))
    assert await database.read(lambda tx: sticker_sets.by_name(tx, "moondogs")) == after
    assert await search(database, "КОТЫ") == (["MoonDogs"], 1)
    assert await search(database, "псы") == ([], 0)
    assert not await database.write(lambda tx: sticker_sets.change(tx, sticker_set("Nobody")))
    assert await database.read(sticker_sets.count) == 5


async def test_a_set_is_removed_once_in_any_case(database: WatchedDatabase) -> None:
    await fill(database)
    assert await database.write(lambda tx: sticker_sets.remove(tx, "moonDOGS"))
    assert not await database.write(lambda tx: sticker_sets.remove(tx, "MoonDogs"))
    assert await database.read(sticker_sets.count) == 4


async def test_sets_to_ask_about_come_the_never_asked_first_then_the_longest_ago(
    database: WatchedDatabase,
) -> None:
    for name, checked in {"New2": None, "Late": at(50), "Old": at(1), "Older": at(0), "New1": None}.items():
        row = replace(sticker_set(name), checked_at=checked)
        await database.write(partial(sticker_sets.add, added=row))

    async def asked(before: int, most: int) -> list[str]:
        query = partial(sticker_sets.longest_unchecked, before=at(before), most=most)
        return [each.name for each in await database.read(query)]

    assert await asked(50, 10) == ["New1", "New2", "Older", "Old"]
    assert await asked(51, 10) == ["New1", "New2", "Older", "Old", "Late"]
    assert await asked(51, 3) == ["New1", "New2", "Older"]
    assert await asked(51, 2) == ["New1", "New2"]
    assert await asked(51, 1) == ["New1"]
    assert await asked(0, 10) == ["New1", "New2"]
