"""Whom the hub writes to first is written to in the language of their Telegram, whatever the hub's own is."""

import pytest

from tests.e2e.council import button
from tests.e2e.operating import steps
from tests.e2e.wording import head, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, UNLISTED, Outside, Town

BOTH = f"{ADMIN},{BORIS}"  # Alice's Telegram speaks English, that of Boris Russian


async def arrived(town: Town) -> None:
    """The admins were heard of, and one of them has chosen nothing since."""
    for who in (ADMIN, BORIS):
        await town.says(who, "/version")


@pytest.mark.parametrize("hubs", ["ru", "en"])
async def test_cards_speak_each_admins_language(outside: Outside, hubs: str) -> None:
    async with outside.hub(GALLERY_APPROVAL="auto", DEFAULT_LANGUAGE=hubs, ADMIN_IDS=BOTH) as town:
        await arrived(town)
        await town.sends(CHEN, UNLISTED)
        await town.presses(CHEN, town.last(CHEN))
        for who, language in ((ADMIN, "en"), (BORIS, "ru")):
            assert head(town.last(who)) == words("approval-add", language)
            assert button(town.last(who), "yes")


@pytest.mark.parametrize("hubs", ["ru", "en"])
async def test_who_becomes_staff_is_told_in_their_language(outside: Outside, hubs: str) -> None:
    async with outside.hub(DEFAULT_LANGUAGE=hubs) as town:
        await town.says(CHEN, "/version")
        await town.says(BORIS, "/version")
        for who, language in ((CHEN, "en"), (BORIS, "ru")):
            await town.says(ADMIN, f"/staff add {who}")
            assert town.last(who).text == words("staff-you-are", language)


async def test_a_notice_speaks_what_telegram_spoke_last_not_what_was_said_last(outside: Outside) -> None:
    async with outside.hub(DEFAULT_LANGUAGE="en") as town:
        await town.says(ADMIN, "/version")
        sticker = town.world.send_text(GROUP, ADMIN, "hello")
        town.world.people[ADMIN].language_code = "ru"
        await town.reacts(ADMIN, sticker, "👍")  # which nobody answers
        await town.gets({"message": {"chat": {"id": CHEN, "type": "private"}}})  # a job that is given up
        await steps(town, 60)
        assert "задача" in head(town.last(ADMIN))


async def test_what_was_chosen_goes_before_what_telegram_speaks(outside: Outside) -> None:
    async with outside.hub(DEFAULT_LANGUAGE="en") as town:
        await town.says(CHEN, "/lang ru")
        await town.says(ADMIN, f"/staff add {CHEN}")
        assert town.last(CHEN).text == words("staff-you-are", "ru")
