"""Which kind of item a text is about."""

from services.flow.items import Items, Recognised
from tests.services.flow.conftest import House


async def add(house: House, name: str) -> None:
    row = (
        "INSERT INTO sticker_sets (name_key, name, title, kind, added_at)"
        f" VALUES ('{name.lower()}', '{name}', 'x', 'regular', '2026-01-15T12:00:00.000000Z')"
    )
    await house.database.write(lambda tx: tx.exec_driver_sql(row))


async def test_what_is_certain_needs_no_look(house: House) -> None:
    calls = house.database.calls
    found = await house.hub.items.recognise("t.me/addstickers/Cats", asked=False)
    assert found == Recognised("stickerset", "Cats")
    assert house.database.calls == calls


async def test_a_bare_word_counts_when_it_is_listed_or_when_somebody_asked(house: House) -> None:
    await add(house, "MoonDogs")
    listed = Recognised("stickerset", "moondogs", certain=False)
    assert await house.hub.items.recognise("moondogs", asked=False) == listed
    assert await house.hub.items.recognise("hello", asked=False) is None
    assert await house.hub.items.recognise("hello", asked=True) == Recognised(
        "stickerset", "hello", certain=False
    )


async def test_a_text_that_no_kind_knows_is_nothing_even_when_asked(house: House) -> None:
    assert await house.hub.items.recognise("how do you do?", asked=True) is None
    assert await Items([]).recognise("t.me/addstickers/Cats", asked=True) is None


def test_a_kind_is_known_by_its_name(house: House) -> None:
    assert house.hub.items.kind("stickerset") is house.hub.gallery.kind
