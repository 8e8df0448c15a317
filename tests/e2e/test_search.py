"""/search: listed sets by a part of their name or title."""

import pytest

from tests.e2e.shelf import put
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, FORUM, GROUP, LISTED, UNLISTED, Town


def found(town: Town, chat: int) -> list[str]:
    """The titles of the newest answer, in order."""
    return [line[2:] for line in town.last(chat).text.split("\n") if line.startswith("• ")]


@pytest.fixture
async def town(town: Town) -> Town:
    """With three listed sets."""
    cats, dogs, bears = "<b>Cats & Co</b>", "Moon Dogs", "Белые Медведи"
    await put(town, [(LISTED, cats), (UNLISTED, dogs), ("Polar_Bears", bears)])
    return town


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("moon", ["Moon Dogs"]),
        ("DOGS", ["Moon Dogs"]),
        ("медв", ["Белые Медведи"]),
        ("МЕДВЕДИ", ["Белые Медведи"]),
        ("polar_b", ["Белые Медведи"]),
        ("o", ["Белые Медведи", "Moon Dogs", "<b>Cats & Co</b>"]),
        ("cats & co", ["<b>Cats & Co</b>"]),
        ("by_bot", ["<b>Cats & Co</b>"]),
    ],
)
async def test_names_and_titles_are_searched_in_any_case_newest_first(
    town: Town, text: str, titles: list[str]
) -> None:
    asked = await town.says(ADMIN, f"/search {text}")
    answer = town.last(ADMIN)
    assert head(answer) == words("search-found", query=text, count=len(titles))
    assert found(town, ADMIN) == titles
    assert answer.reply_to is asked
    assert not answer.buttons


async def test_a_line_has_the_title_as_link_and_the_name(town: Town) -> None:
    await town.says(ADMIN, "/search moon")
    answer = town.last(ADMIN)
    assert answer.text.split("\n")[1:] == ["• Moon Dogs", f"   {UNLISTED}"]
    entities = {each["type"]: each for each in answer.content["entities"]}
    assert entities["text_link"]["url"] == f"https://t.me/addstickers/{UNLISTED}"
    assert "code" in entities


@pytest.mark.parametrize("text", ["zebra", "%", "_b_y_", "<b>&amp;", "{query}", "\u202e", "щ" * 3000])
async def test_nothing_found_is_said_in_one_line(town: Town, text: str) -> None:
    await town.says(ADMIN, f"/search {text}")
    answer = town.last(ADMIN)
    assert answer.text == words("search-none", query="…").replace("…", text[:100])
    assert not answer.buttons


@pytest.mark.parametrize("chat", [ADMIN, GROUP])
async def test_without_a_text_the_usage_is_told(town: Town, chat: int) -> None:
    await town.says(ADMIN, f"/search@{town.world.bot.username}", chat)
    assert town.last(chat).text == words("search-usage")


async def test_everyone_may_search_in_a_group_and_is_answered_in_the_topic(town: Town) -> None:
    topic = town.world.add_topic(FORUM, "Stickers")
    asked = await town.says(CHEN, f"/search@{town.world.bot.username} moon", FORUM, thread_id=topic.id)
    [answer] = town.sent(FORUM)
    assert (answer.thread, answer.reply_to) == (topic.id, asked)
    assert found(town, FORUM) == ["Moon Dogs"]


async def test_a_russian_reader_gets_russian_words(town: Town) -> None:
    await town.says(BORIS, "/search moon")
    assert head(town.last(BORIS)) == words("search-found", "ru", query="moon", count=1)


async def test_a_set_that_is_a_custom_emoji_has_its_own_link(town: Town) -> None:
    await put(town, [("Moods", "Moods")], kind="custom_emoji")
    await town.says(ADMIN, "/search moods")
    urls = [each.get("url") for each in town.last(ADMIN).content["entities"]]
    assert "https://t.me/addemoji/Moods" in urls
    assert not press_buttons(town.last(ADMIN))
