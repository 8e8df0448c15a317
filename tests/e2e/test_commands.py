"""Commands about the bot and about oneself, and the languages they speak."""

import pytest

from sandbox.telegram.people import Person
from services.version import VERSION
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, STRANGER, UNLISTED, Outside, Town


async def test_start_greets_with_a_small_menu(town: Town) -> None:
    await town.says(BORIS, "/start")
    [answer] = town.sent(BORIS)
    assert answer.text.startswith("Switchboard")
    assert press_buttons(answer) == ["v1:menu:help", "v1:menu:lang"]


async def test_the_menus_buttons_say_what_the_commands_say(town: Town) -> None:
    await town.says(BORIS, "/start")
    menu = town.last(BORIS)
    answer = await town.presses(BORIS, menu, "v1:menu:help")
    assert answer is not None
    assert "/check" in town.last(BORIS).text
    answer = await town.presses(BORIS, menu, "v1:menu:lang")
    assert answer is not None
    assert head(town.last(BORIS)) == words("language-question", "ru")


async def test_help_lists_the_admins_commands_to_admins_only(town: Town) -> None:
    await town.says(ADMIN, "/help")
    await town.says(CHEN, "/help")
    assert "/errors" in town.last(ADMIN).text
    assert "/errors" not in town.last(CHEN).text
    assert "/check" in town.last(CHEN).text


async def test_version_tells_the_version(town: Town) -> None:
    await town.says(BORIS, "/version")
    assert town.last(BORIS).text == f"Switchboard {VERSION}"


@pytest.mark.parametrize(("who", "role"), [(ADMIN, "role-admin"), (CHEN, "role-everyone")])
@pytest.mark.parametrize("private", [True, False])
async def test_whoami_tells_id_role_and_chat(town: Town, who: int, role: str, private: bool) -> None:
    chat = who if private else GROUP
    await town.says(who, f"/whoami@{town.world.bot.username}", chat)
    answer = town.last(chat).text
    assert str(who) in answer
    assert words(role) in answer
    assert str(chat) in answer


async def test_a_chosen_language_is_spoken_and_remembered(town: Town) -> None:
    await town.says(BORIS, "/lang en")
    assert town.last(BORIS).text == words("language-chosen", "en")
    await town.sends(BORIS, UNLISTED)
    assert head(town.last(BORIS)) == words("proposal", "en")
    await town.sends(BORIS, UNLISTED, GROUP)
    assert head(town.last(GROUP)) == words("proposal", "en")


async def test_a_language_can_be_chosen_by_a_button(town: Town) -> None:
    await town.says(ADMIN, "/lang")
    question = town.last(ADMIN)
    assert press_buttons(question) == ["v1:lang:ru", "v1:lang:en"]
    answer = await town.presses(ADMIN, question, "v1:lang:ru")
    assert answer is not None
    assert answer.text == words("language-chosen", "ru")
    await town.says(ADMIN, "whatever")
    assert town.last(ADMIN).text == words("unrecognised", "ru")


@pytest.mark.parametrize("wanted", ["tlh", "deutsch", "ru-RU,en"])
async def test_a_language_the_bot_does_not_speak_is_answered_with_those_it_does(
    town: Town, wanted: str
) -> None:
    await town.says(CHEN, f"/lang {wanted}")
    assert town.last(CHEN).text == words("language-unknown")
    assert press_buttons(town.last(CHEN)) == ["v1:lang:ru", "v1:lang:en"]


async def test_a_chosen_language_outlives_the_hub(outside: Outside) -> None:
    async with outside.hub() as town:
        await town.says(ADMIN, "/lang RU")
    async with outside.hub() as town:
        await town.says(ADMIN, "whatever")
        assert town.last(ADMIN).text == words("unrecognised", "ru")


@pytest.mark.parametrize(
    ("telegram_says", "language"), [("ru-RU", "ru"), ("en-GB", "en"), ("de", "en"), (None, "en")]
)
async def test_without_a_choice_the_language_is_that_of_the_persons_telegram(
    town: Town, telegram_says: str | None, language: str
) -> None:
    town.world.add_person(Person(STRANGER, "Dana", language_code=telegram_says, started=True))
    await town.says(STRANGER, "whatever")
    assert town.last(STRANGER).text == words("unrecognised", language)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        *((1, "1 стикер"), (2, "2 стикера"), (5, "5 стикеров"), (11, "11 стикеров"), (21, "21 стикер")),
        *((22, "22 стикера"), (112, "112 стикеров")),
    ],
)
async def test_russian_numbers_take_their_plurals(town: Town, count: int, shown: str) -> None:
    town.world.add_set("Many_Of_Them", "Много", count=count)
    await town.sends(BORIS, "Many_Of_Them")
    assert town.last(BORIS).text.split("\n")[-1] == shown


async def test_stats_tell_admins_how_the_hub_is_doing(town: Town) -> None:
    await town.lists(LISTED)
    town.world.faults.add("500", "getStickerSet", times=1)
    await town.sends(CHEN, UNLISTED)
    await town.says(ADMIN, "/stats")
    answer = town.last(ADMIN).text
    assert VERSION in answer
    assert words("stats-gallery", count=1) in answer
    assert words("stats-faults", count=1) in answer


async def test_errors_tell_admins_what_went_wrong(town: Town) -> None:
    await town.says(ADMIN, "/errors")
    assert town.last(ADMIN).text == words("errors-none")
    town.world.faults.add("502", "getStickerSet", times=2)
    await town.sends(CHEN, UNLISTED)
    await town.sends(CHEN, UNLISTED)
    await town.says(ADMIN, "/errors")
    answer = town.last(ADMIN).text
    assert head(town.last(ADMIN)) == words("errors-title")
    assert "telegram.unavailable" in answer
    assert "502" in answer


@pytest.mark.parametrize("command", ["/stats", "/errors"])
async def test_others_are_refused_in_private(town: Town, command: str) -> None:
    await town.says(BORIS, command)
    [answer] = town.sent(BORIS)
    assert answer.text == words("error-not-allowed", "ru")


@pytest.mark.parametrize("command", ["/stats", "/errors"])
async def test_others_are_not_answered_in_groups(town: Town, command: str) -> None:
    await town.says(BORIS, f"{command}@{town.world.bot.username}", GROUP)
    assert not town.sent(GROUP)


async def test_an_admin_is_answered_in_a_group_too(town: Town) -> None:
    await town.says(ADMIN, f"/stats@{town.world.bot.username}", GROUP)
    assert VERSION in town.last(GROUP).text


async def test_whoami_says_that_it_cannot_know(town: Town) -> None:
    await town.says(ADMIN, f"/whoami@{town.world.bot.username}", GROUP, anonymous=True)
    assert town.last(GROUP).text == words("whoami-anonymous", chat_id=GROUP)


async def test_an_anonymous_admin_does_not_choose_a_language_for_everybody(town: Town) -> None:
    await town.says(ADMIN, f"/lang@{town.world.bot.username} ru", GROUP, anonymous=True)
    assert await town.scalar("SELECT count(*) FROM people WHERE language IS NOT NULL") == 0
