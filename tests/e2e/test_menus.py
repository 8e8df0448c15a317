"""Command menus: who sees which in which chat."""

import re
from pathlib import Path

import pytest

from sandbox.telegram.people import Person
from services.texts import LANGUAGES, Texts
from tests.e2e.reconciling import at_work
from tests.e2e.wording import words
from tests.town import ADMIN, BORIS, CHEN, GROUP, STRANGER, Outside, Town


@pytest.fixture
def template(empty: Path) -> Path:
    """Nothing counts as set."""
    return empty


CREW = -1001900000009
README = Path(__file__).parents[2] / "README.md"
EVERYONE = {"start", "help", "check", "search", "gallery", "lang", "whoami", "version"}


def menu(town: Town, who: int, chat: int | None = None) -> set[str]:
    return {each["command"] for each in town.world.commands_for(chat or who, who)}


def calls(town: Town) -> int:
    return sum(call.method.endswith("MyCommands") for call in town.world.ledger.calls)


async def test_everyone_sees_what_everyone_may_do_and_admins_more(town: Town) -> None:
    assert menu(town, CHEN) == EVERYONE | {"settings"}
    assert menu(town, ADMIN) > EVERYONE | {"settings", "staff", "stats", "errors"}


async def test_in_groups_the_menu_is_everyones_and_administrators_have_settings_too(town: Town) -> None:
    assert menu(town, CHEN, GROUP) == EVERYONE
    town.world.make_admin(GROUP, CHEN)
    assert menu(town, CHEN, GROUP) == EVERYONE | {"settings"}


async def test_the_admin_chat_has_menus_of_its_own(outside: Outside) -> None:
    outside.world.add_group("Crew", [BORIS, CHEN], chat_id=CREW)
    async with outside.hub(ADMIN_CHAT_ID=str(CREW)) as town:
        await town.settle()
        assert "staff" in menu(town, BORIS, CREW)
        assert menu(town, CHEN, CREW) == EVERYONE
        assert "staff" in menu(town, BORIS)  # in private as well
        assert "staff" not in menu(town, CHEN)


async def test_descriptions_come_in_the_readers_language_and_else_in_the_hubs(town: Town) -> None:
    town.world.add_person(Person(STRANGER, "Hans", language_code="de", started=True))
    for who, language in ((CHEN, "en"), (BORIS, "ru"), (STRANGER, "en")):
        shown = {each["command"]: each["description"] for each in town.world.commands_for(who, who)}
        assert shown["check"] == words("command-check", language)


async def test_a_new_role_brings_a_new_menu_and_its_loss_the_old_one(outside: Outside) -> None:
    outside.world.add_group("Crew", [BORIS], chat_id=CREW)
    async with outside.hub(ADMIN_CHAT_ID=str(CREW)) as town:
        await town.settle()
        town.world.join(CREW, CHEN)
        town.world.promote(CREW, CHEN)
        await town.settle()
        assert "staff" in menu(town, CHEN)
        town.world.kick(CREW, CHEN)
        await town.settle()
        assert menu(town, CHEN) == EVERYONE | {"settings"}


async def test_an_admin_who_has_not_opened_the_chat_gets_the_menu_on_start(outside: Outside) -> None:
    outside.world.add_person(Person(STRANGER, "Dana", language_code="en"))
    async with outside.hub(ADMIN_IDS=f"{ADMIN},{STRANGER}") as town:
        await town.settle()
        await town.says(STRANGER, "/start")
        assert "staff" in menu(town, STRANGER)
        assert "staff" in menu(town, ADMIN)  # one that cannot be set keeps no other from being


async def test_a_start_with_nothing_new_sets_nothing(outside: Outside) -> None:
    async with outside.hub() as town:
        await town.settle()
        before = calls(town)
        assert before
    async with outside.hub() as town:
        await town.settle()
        assert calls(town) == before


async def test_who_is_named_no_more_loses_the_menu_and_gets_it_back_when_named_again(
    outside: Outside,
) -> None:
    for admin, former in ((ADMIN, CHEN), (CHEN, ADMIN), (ADMIN, CHEN)):
        async with outside.hub(ADMIN_IDS=str(admin)) as town:
            await town.settle()
            assert "staff" in menu(town, admin)
            assert menu(town, former) == EVERYONE | {"settings"}


async def test_another_admin_chat_takes_the_menus_along(outside: Outside) -> None:
    outside.world.add_group("Crew", [BORIS], chat_id=CREW)
    other = outside.world.add_group("Other crew", [BORIS]).id
    for chat in (CREW, other):
        async with outside.hub(ADMIN_CHAT_ID=str(chat)) as town:
            await town.settle()
            shown = {each: "staff" in menu(town, BORIS, each) for each in (CREW, other)}
            assert shown == {CREW: chat == CREW, other: chat == other}


async def test_an_outage_only_delays_them(outside: Outside) -> None:
    outside.world.faults.add("500", "setMyCommands", times=2)
    async with outside.hub() as town:
        await town.settle()
        for _ in range(10):
            if menu(town, ADMIN):
                break
            await town.clock.advance(60)  # type: ignore[attr-defined]
            await town.settle()
        assert "staff" in menu(town, ADMIN)


async def test_every_command_is_described_in_every_language(town: Town) -> None:
    texts = Texts.load()
    names = {each.name for each in town.switchboard.bot.registry.entries if each.kind == "command"}
    for name in names:
        for language in LANGUAGES:
            about = texts.translate(language, f"command-{name}")
            assert about != f"command-{name}", f"{language}: {name} is not described"
            assert 1 <= len(about) <= 256
            assert not set(about) & set("<>\n"), f"{language}: {name} is described with markup"


async def test_every_command_is_in_the_readme_and_there_is_no_other(outside: Outside) -> None:
    async with at_work(outside) as town:
        await town.settle()
        names = {each.name for each in town.switchboard.bot.registry.entries if each.kind == "command"}
    section = README.read_text("utf-8").split("\n## Commands in the chat\n", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"`/([a-z]+)", section)) == names


async def test_programmes_are_offered_to_staff_where_there_is_a_portal(outside: Outside) -> None:
    for portal in (True, False):
        async with outside.hub(portal=portal, STAFF_IDS=str(BORIS)) as town:
            await town.settle()
            shown = {who for who in (ADMIN, BORIS, CHEN) if "programme" in menu(town, who)}
            assert shown == ({ADMIN, BORIS} if portal else set())
            await town.says(BORIS, "/help")
            assert ("/programme" in town.last(BORIS).text) is portal


async def test_no_command_of_a_later_time_is_shown(town: Town) -> None:
    names = {each.name for each in town.switchboard.bot.registry.entries if each.kind == "command"}
    assert not names & {"deal", "order", "customer", "enterprise", "resync"}
