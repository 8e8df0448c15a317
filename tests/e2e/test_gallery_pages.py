"""/gallery and /search a page at a time: one message that turns its pages."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from sandbox.telegram.messages import Message
from tests.e2e.shelf import fill
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, API_KEY, BORIS, CHEN, FORUM, GROUP, Outside, Town, TownClock, new_town


async def drop_below(town: Town, number: int) -> None:
    """Take all sets with a lower number off the list."""
    gone = text("DELETE FROM sticker_sets WHERE name < :name")
    database = town.switchboard.hub.database
    await database.write(lambda tx: tx.execute(gone, {"name": f"Set_{number:02}"}))


def titles(message: Message) -> list[str]:
    return [line[2:] for line in message.text.split("\n") if line.startswith("• ")]


def expected(first: int, last: int) -> list[str]:
    """Titles from one number down to another."""
    return [f"Title {number}" for number in range(first, last - 1, -1)]


def turns(message: Message) -> list[list[tuple[str, str]]]:
    return [[(each["text"], each["callback_data"]) for each in row] for row in message.buttons]


async def test_ten_a_page_newest_first_with_the_number_of_all(town: Town) -> None:
    await fill(town, 25)
    asked = await town.says(CHEN, "/gallery")
    [answer] = town.sent(CHEN)
    assert head(answer) == words("gallery-found", count=25)
    assert words("page", page=1, pages=3) in answer.text
    assert titles(answer) == expected(24, 15)
    assert turns(answer) == [[("2 ▶", "v1:page:2")]]
    assert answer.reply_to is asked


async def test_the_buttons_turn_the_pages_of_the_same_message(town: Town) -> None:
    await fill(town, 25)
    await town.says(ADMIN, "/gallery")
    [answer] = town.sent(ADMIN)
    toast = await town.presses(ADMIN, answer, "v1:page:2")
    assert toast is not None
    assert titles(answer) == expected(14, 5)
    assert turns(answer) == [[("◀ 1", "v1:page:1"), ("3 ▶", "v1:page:3")]]
    await town.presses(ADMIN, answer, "v1:page:3")
    assert titles(answer) == expected(4, 0)
    assert turns(answer) == [[("◀ 2", "v1:page:2")]]
    await town.presses(ADMIN, answer, "v1:page:2")
    assert titles(answer) == expected(14, 5)
    assert town.sent(ADMIN) == [answer]


@pytest.mark.parametrize("count", [1, 10])
async def test_a_single_page_has_no_buttons(town: Town, count: int) -> None:
    await fill(town, count)
    await town.says(ADMIN, "/gallery")
    answer = town.last(ADMIN)
    assert head(answer) == words("gallery-found", count=count)
    assert len(titles(answer)) == count
    assert not answer.buttons


@pytest.mark.parametrize("who", [ADMIN, BORIS])
async def test_an_empty_gallery_is_said_to_be_empty(town: Town, who: int) -> None:
    await town.says(who, "/gallery")
    assert town.last(who).text == words("gallery-none", "ru" if who == BORIS else "en")


@pytest.mark.parametrize("query", ["title", "Очень длинный запрос, который ни на какую кнопку не поместится"])
async def test_a_search_turns_its_pages_too_however_long_and_after_a_restart(
    outside: Outside, query: str
) -> None:
    async with outside.hub() as town:
        await fill(town, 21, f"{query} {{}}")
        await town.lists("MoonDogs")
        await town.says(ADMIN, f"/search {query.upper()}")
        [answer] = town.sent(ADMIN)
        assert head(answer) == words("search-found", query=query.upper(), count=21)
    async with outside.hub() as town:
        await town.presses(ADMIN, answer, "v1:page:2")
        assert head(answer) == words("search-found", query=query.upper(), count=21)
        await town.presses(ADMIN, answer, "v1:page:3")
        assert titles(answer) == [f"{query} 0"]


async def test_a_page_beyond_the_end_of_a_list_that_shrank_is_the_last_one(town: Town) -> None:
    await fill(town, 35)
    await town.says(ADMIN, "/gallery")
    [answer] = town.sent(ADMIN)
    await town.presses(ADMIN, answer, "v1:page:2")
    await town.presses(ADMIN, answer, "v1:page:3")
    await drop_below(town, 20)
    await town.presses(ADMIN, answer, "v1:page:4")
    assert titles(answer) == expected(24, 20)
    assert words("page", page=2, pages=2) in answer.text
    await drop_below(town, 99)
    toast = await town.presses(ADMIN, answer, "v1:page:1")
    assert toast is not None
    assert answer.text == words("gallery-none")
    assert not answer.buttons


async def test_a_page_that_has_not_changed_is_answered_all_the_same(town: Town) -> None:
    await fill(town, 15)
    await town.says(ADMIN, "/gallery")
    answer = town.last(ADMIN)
    query = town.world.press_forged(ADMIN, answer.message_id, ADMIN, "v1:page:1")
    await town.settle()
    assert town.world.queries.answer_of(query) is not None
    assert titles(answer) == expected(14, 5)
    assert await town.faults() == {}


@pytest.mark.parametrize("data", ["v1:page:0", "v1:page:999999"])
async def test_a_forged_page_is_the_nearest_there_is(town: Town, data: str) -> None:
    await fill(town, 15)
    await town.says(ADMIN, "/gallery")
    answer = town.last(ADMIN)
    town.world.press_forged(ADMIN, answer.message_id, ADMIN, data)
    await town.settle()
    assert titles(answer) == (expected(14, 5) if data.endswith(":0") else expected(4, 0))


@pytest.mark.parametrize("data", ["v1:page:-1", "v1:page:1234567", "v1:page:x", "v1:page:"])
async def test_a_page_that_is_none_is_a_stale_button(town: Town, data: str) -> None:
    await fill(town, 15)
    await town.says(ADMIN, "/gallery")
    query = town.world.press_forged(ADMIN, town.last(ADMIN).message_id, ADMIN, data)
    await town.settle()
    toast = town.world.queries.answer_of(query)
    assert toast is not None
    assert toast.text == words("error-stale-button")


async def test_a_page_asked_for_on_any_other_message_is_answered_as_stale(town: Town) -> None:
    await fill(town, 15)
    await town.says(ADMIN, "/version")
    shown = town.last(ADMIN).text
    query = town.world.press_forged(ADMIN, town.last(ADMIN).message_id, ADMIN, "v1:page:2")
    await town.settle()
    toast = town.world.queries.answer_of(query)
    assert toast is not None
    assert (toast.text, toast.show_alert) == (words("error-stale-list"), True)
    assert town.last(ADMIN).text == shown


async def test_a_list_too_old_to_be_known_is_answered_as_stale(town: Town) -> None:
    await fill(town, 15)
    await town.says(ADMIN, "/gallery")
    database = town.switchboard.hub.database
    await database.write(lambda tx: tx.exec_driver_sql("DELETE FROM messages"))
    toast = await town.presses(ADMIN, town.last(ADMIN))
    assert toast is not None
    assert toast.text == words("error-stale-list")


async def test_a_list_that_telegram_shows_no_more_can_still_be_turned(town: Town) -> None:
    await fill(town, 15)
    await town.says(ADMIN, "/gallery")
    answer = town.last(ADMIN)
    await town.presses(ADMIN, answer, "v1:page:2", inaccessible=True)
    assert titles(answer) == expected(4, 0)


async def test_in_a_group_anybody_turns_the_page_in_its_topic(town: Town) -> None:
    await fill(town, 15)
    topic = town.world.add_topic(FORUM, "Stickers")
    asked = await town.says(CHEN, f"/gallery@{town.world.bot.username}", FORUM, thread_id=topic.id)
    [answer] = town.sent(FORUM)
    assert (answer.thread, answer.reply_to) == (topic.id, asked)
    await town.presses(BORIS, answer)
    assert head(answer) == words("gallery-found", "ru", count=15)
    assert titles(answer) == expected(4, 0)
    assert town.sent(FORUM) == [answer]


async def test_another_groups_list_is_not_turned_from_here(town: Town) -> None:
    await fill(town, 15)
    await town.says(CHEN, f"/gallery@{town.world.bot.username}", GROUP)
    await town.says(CHEN, "/version")
    query = town.world.press_forged(CHEN, town.last(CHEN).message_id, CHEN, "v1:page:2")
    await town.settle()
    toast = town.world.queries.answer_of(query)
    assert toast is not None
    assert toast.text == words("error-stale-list")


@pytest.mark.parametrize("title", ["<b>&'\"{0}" * 7, "مرحبا \u202e" * 8, "😼" * 64, " "])
async def test_ten_sets_with_any_title_and_the_longest_names_fit(town: Town, title: str) -> None:
    await fill(town, 20, title.replace("{", "{{").replace("}", "}}"))
    database = town.switchboard.hub.database
    longest = f"UPDATE sticker_sets SET name = substr(name || '{'n' * 64}', 1, 64)"
    await database.write(lambda tx: tx.exec_driver_sql(longest))
    await town.says(ADMIN, "/gallery")
    answer = town.last(ADMIN)
    assert len(titles(answer)) == 10
    await town.presses(ADMIN, answer)
    assert len(titles(answer)) == 10
    assert not [call for call in town.world.ledger.calls if call.status == 400]


async def test_a_button_pressed_in_a_storm_of_presses_turns_once_each(town: Town, clock: TownClock) -> None:
    await fill(town, 25)
    await town.says(ADMIN, "/gallery")
    answer = town.last(ADMIN)
    for _ in range(3):
        town.world.press(ADMIN, answer.message_id, ADMIN, press_buttons(answer)[0])
    await town.settle()
    await clock.advance(5)
    await town.settle()
    assert titles(answer) == expected(14, 5)
    assert town.sent(ADMIN) == [answer]


async def test_another_hubs_gallery_is_searched_and_paged_and_its_absence_is_told(
    tmp_path: Path,
) -> None:
    far_folder, near_folder = tmp_path / "far", tmp_path / "near"
    far_folder.mkdir()
    near_folder.mkdir()
    async with AsyncExitStack() as both:
        far = await both.enter_async_context(AsyncExitStack())
        home = await far.enter_async_context(new_town(far_folder))
        await fill(home, 25)
        near = new_town(near_folder, GALLERY_API_URL=home.address, GALLERY_API_KEY=API_KEY)
        town = await both.enter_async_context(near)
        await town.says(ADMIN, "/search title")
        answer = town.last(ADMIN)
        assert head(answer) == words("search-found", query="title", count=25)
        assert titles(answer) == expected(24, 15)
        await town.presses(ADMIN, answer)
        assert titles(answer) == expected(14, 5)
        await far.aclose()
        toast = await town.presses(ADMIN, answer, "v1:page:3")
        assert toast is not None
        assert (toast.text, toast.show_alert) == (words("error-gallery-unavailable"), True)
        assert titles(answer) == expected(14, 5)
        for asked in ("/gallery", "/search title"):
            await town.says(ADMIN, asked)
            assert town.last(ADMIN).text == words("error-gallery-unavailable")
            await town.says(ADMIN, asked, GROUP)
        assert not town.sent(GROUP)
        assert (await town.faults())["gallery.unavailable"] == 5
