"""The gallery's list."""

from tests.services.gallery.conftest import Room


async def test_the_list_is_searched_in_any_case_with_wildcards_meaning_themselves(room: Room) -> None:
    for name, title in (("Cats_by_bot", "Котики"), ("Sale", "100% ДЁШЕВО"), ("Dogs", "Псы")):
        await room.add(name, title)
    for text, expected in {
        "КОТИКИ": ["Cats_by_bot"],
        "дёшево": ["Sale"],
        "0%": ["Sale"],
        "%": ["Sale"],
        "s_b": ["Cats_by_bot"],
        "d_gs": [],
        "DOG": ["Dogs"],
    }.items():
        found, total = await room.gallery.sets.search(text, limit=10, offset=0)
        assert ([each.name for each in found], total) == (expected, len(expected)), text


async def test_pages_are_newest_first_and_tell_how_many_there_are(room: Room) -> None:
    for number in range(5):
        await room.add(f"Set{number}")
        await room.clock.advance(1)
    first, total = await room.gallery.sets.search("", limit=2, offset=0)
    last, _ = await room.gallery.sets.search("set", limit=2, offset=4)
    beyond, _ = await room.gallery.sets.search("", limit=2, offset=9)
    assert [each.name for each in first + last + beyond] == ["Set4", "Set3", "Set0"]
    assert total == 5


async def test_a_list_is_never_cached(room: Room) -> None:
    assert (await room.gallery.sets.search("", limit=9, offset=0))[1] == 0
    await room.add("Cats")
    assert (await room.gallery.sets.search("", limit=9, offset=0))[1] == 1
    assert await room.gallery.sets.figures() == {"sets": 1}
