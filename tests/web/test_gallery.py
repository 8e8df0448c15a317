"""GET /gallery/sets: the list for programs."""

from typing import Any

import pytest

from tests.web.door import Door, a_set, assert_problem


async def _names(door: Door, **params: Any) -> list[str]:
    response = await door.get("/gallery/sets", **params)
    assert response.status_code == 200, response.text
    return [item["name"] for item in response.json()["items"]]


async def test_an_item_has_exactly_the_agreed_fields(door: Door) -> None:
    await door.list_sets(a_set("MoonDogs", "Лунные псы", minutes=5, kind="mask", count=7, added_by=500100200))
    response = await door.get("/gallery/sets")

    assert response.json() == {
        "items": [
            {
                "name": "MoonDogs",
                "title": "Лунные псы",
                "kind": "mask",
                "count": 7,
                "added_by": 500100200,
                "added_at": "2026-01-15T12:05:00Z",
            }
        ],
        "total": 1,
    }


async def test_what_is_not_known_of_a_set_is_null(door: Door) -> None:
    await door.list_sets(a_set("Old", "Old", kind="custom_emoji", count=None, added_by=None))
    [item] = (await door.get("/gallery/sets")).json()["items"]

    assert item["count"] is None
    assert item["added_by"] is None
    assert item["kind"] == "custom_emoji"


async def test_an_empty_gallery_is_an_empty_list(door: Door) -> None:
    assert (await door.get("/gallery/sets")).json() == {"items": [], "total": 0}


@pytest.mark.parametrize("text", ["лунные", "ЛУННЫЕ", "Лунные ПСЫ", "нны", "moondogs", "MOON", " moon "])
async def test_a_part_of_the_name_or_title_finds_a_set_in_any_case_also_in_cyrillic(
    door: Door, text: str
) -> None:
    await door.list_sets(a_set("MoonDogs", "Лунные Псы"), a_set("Cats_by_bot", "Котики"))

    assert await _names(door, q=text) == ["MoonDogs"]


@pytest.mark.parametrize("text", ["%", "_x", "a%s", "' OR 1=1 --", "\\", "нет такого"])
async def test_signs_that_mean_something_to_a_database_are_plain_text(door: Door, text: str) -> None:
    await door.list_sets(a_set("Cats", "Котики"), a_set("Dogs", "Псы"))

    assert await _names(door, q=text) == []


async def test_pages_follow_each_other_newest_first_and_total_counts_all(door: Door) -> None:
    await door.list_sets(*(a_set(f"Set{number}", "Title", minutes=number) for number in range(7)))

    assert await _names(door, limit=3) == ["Set6", "Set5", "Set4"]
    assert await _names(door, limit=3, offset=3) == ["Set3", "Set2", "Set1"]
    assert await _names(door, limit=3, offset=6) == ["Set0"]
    assert await _names(door, offset=7) == []
    assert (await door.get("/gallery/sets", limit=3, offset=100)).json()["total"] == 7


async def test_a_page_has_50_items_unless_told_and_200_at_most(door: Door) -> None:
    await door.list_sets(*(a_set(f"Set{number:03}", "Title", minutes=number) for number in range(210)))

    assert len(await _names(door)) == 50
    assert len(await _names(door, limit=200)) == 200
    assert len(await _names(door, limit=1)) == 1


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({"limit": 0}, "query.limit"),
        ({"limit": 201}, "query.limit"),
        ({"limit": -1}, "query.limit"),
        ({"limit": "many"}, "query.limit"),
        ({"limit": ""}, "query.limit"),
        ({"limit": "9" * 5000}, "query.limit"),
        ({"offset": -1}, "query.offset"),
        ({"offset": 10**30}, "query.offset"),
        ({"offset": 1.5}, "query.offset"),
        ({"q": "x" * 201}, "query.q"),
        ({"q": "\x00"}, "query.q"),
        ({"q": "a\x00b"}, "query.q"),
    ],
)
async def test_values_that_cannot_be_used_are_named_and_not_repeated(
    door: Door, params: dict[str, Any], where: str
) -> None:
    document = assert_problem(await door.get("/gallery/sets", **params), 422)

    assert [error["where"] for error in document["errors"]] == [where]
    assert all(set(error) == {"where", "message"} and error["message"] for error in document["errors"])
    told = str(document | {"correlation_id": ""})  # that one is drawn, and may hold any figures
    assert "xxx" not in told
    assert "999" not in told


async def test_two_bad_values_are_told_together(door: Door) -> None:
    document = assert_problem(await door.get("/gallery/sets", limit=0, offset=-1), 422)

    assert [error["where"] for error in document["errors"]] == ["query.limit", "query.offset"]


@pytest.mark.parametrize("text", ["\ufffd", "a\nb", "🐕", "%" * 200])
async def test_odd_texts_find_nothing_and_break_nothing(door: Door, text: str) -> None:
    await door.list_sets(a_set("Cats", "Котики"))

    assert await _names(door, q=text) == []


async def test_a_gallery_that_cannot_be_read_is_a_503_and_never_an_empty_list(door: Door) -> None:
    door.database.away = True
    response = await door.get("/gallery/sets")

    assert_problem(response, 503)
    assert int(response.headers["retry-after"]) >= 1
