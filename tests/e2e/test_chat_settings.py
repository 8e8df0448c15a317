"""/settings: what a chat's administrators choose for it."""

import pytest

from sandbox.telegram.messages import Message
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, UNLISTED, Outside, Town


async def settings(town: Town, who: int = ADMIN, chat: int = GROUP, **more: bool) -> Message:
    """The settings' message; in the town's group Alice is the creator."""
    await town.says(who, f"/settings@{town.world.bot.username}", chat, **more)
    return town.last(chat)


async def chosen(town: Town, chat: int = GROUP) -> tuple[object, ...]:
    [row] = await town.rows("SELECT proposals, language FROM chats WHERE chat_id = :chat", chat=chat)
    return row


async def test_an_administrator_sees_the_settings_with_a_button_for_each_choice(town: Town) -> None:
    shown = await settings(town)
    assert shown.text.splitlines() == [
        words("settings-chat", title="Sticker Fans"),
        words("settings-proposals-on"),
        words("settings-language-own"),
        words("settings-notices"),  # Alice is an admin of the hub, too
    ]
    choices = ["proposals-off", "language-ru", "language-en", "language-own"]
    assert press_buttons(shown) == [f"v1:set:{each}" for each in choices]


async def test_a_choice_is_kept_shown_in_place_and_journaled(town: Town) -> None:
    shown = await settings(town)
    answer = await town.presses(ADMIN, shown, "v1:set:proposals-off")
    assert answer is not None
    assert answer.text == words("settings-saved")
    assert words("settings-proposals-off") in shown.text
    assert press_buttons(shown)[0] == "v1:set:proposals-on"
    assert len(town.sent(GROUP)) == 1
    await town.presses(ADMIN, shown, "v1:set:proposals-on")
    assert await chosen(town) == (1, None)
    journal = await town.rows("SELECT actor, action, kind, key, before, after FROM journal ORDER BY id")
    who = (f"user:{ADMIN}", "settings", "chat", str(GROUP))
    on, off = '{"proposals":true}', '{"proposals":false}'
    assert journal == [(*who, on, off), (*who, off, on)]


async def test_the_same_choice_once_more_is_no_change(town: Town) -> None:
    shown = await settings(town)
    await town.presses(ADMIN, shown, "v1:set:language-own")
    assert await town.scalar("SELECT count(*) FROM journal") == 0


async def test_the_chats_language_is_used_for_all_that_is_said_there(town: Town) -> None:
    shown = await settings(town)
    await town.presses(ADMIN, shown, "v1:set:language-ru")
    assert shown.text.startswith(words("settings-chat", "ru", title="Sticker Fans"))
    await town.sends(CHEN, UNLISTED, GROUP)
    assert head(town.last(GROUP)) == words("proposal", "ru")
    await town.sends(CHEN, UNLISTED)  # in private everybody has their own
    assert head(town.last(CHEN)) == words("proposal", "en")
    await town.presses(ADMIN, shown, "v1:set:language-own")
    await town.says(BORIS, f"/version@{town.world.bot.username}", GROUP)
    assert await chosen(town) == (1, None)


@pytest.mark.parametrize("forged", ["proposals-off", "proposals-on"])
async def test_in_private_nothing_but_the_language_can_be_chosen(town: Town, forged: str) -> None:
    shown = await settings(town, CHEN, CHEN)
    await town.presses(CHEN, shown, "v1:set:language-ru")
    query = town.world.press_forged(CHEN, shown.message_id, CHEN, f"v1:set:{forged}")
    await town.settle()
    answer = town.world.queries.answer_of(query)
    assert answer is not None
    assert answer.text == words("error-stale-button", "ru")
    assert await chosen(town, CHEN) == (1, None)
    assert await town.scalar("SELECT language FROM people WHERE user_id = :who", who=CHEN) == "ru"


async def test_each_persons_own_choice_in_a_group_stays_their_own(town: Town) -> None:
    shown = await settings(town)
    await town.presses(ADMIN, shown, "v1:set:language-en")
    await town.says(CHEN, f"/lang@{town.world.bot.username} ru", GROUP)
    assert town.last(GROUP).text == f"{words('language-chosen', 'ru')}\n{words('language-of-chat', 'ru')}"
    assert await chosen(town) == (1, "en")
    await town.sends(CHEN, UNLISTED)
    assert head(town.last(CHEN)) == words("proposal", "ru")
    await town.sends(CHEN, UNLISTED, GROUP)
    assert head(town.last(GROUP)) == words("proposal", "en")


async def test_without_proposals_a_group_still_gets_its_reactions(town: Town) -> None:
    await town.lists(LISTED)
    shown = await settings(town)
    await town.presses(ADMIN, shown, "v1:set:proposals-off")
    before = len(town.sent(GROUP))
    await town.sends(CHEN, UNLISTED, GROUP)
    sticker = await town.sends(CHEN, LISTED, GROUP)
    assert len(town.sent(GROUP)) == before
    assert town.reaction(sticker)


async def test_others_neither_see_the_settings_nor_press_their_buttons(town: Town) -> None:
    shown = await settings(town)
    before = await chosen(town)
    await town.says(CHEN, f"/settings@{town.world.bot.username}", GROUP)
    assert town.last(GROUP) is shown
    answer = await town.presses(CHEN, shown, "v1:set:proposals-off")
    assert answer is not None
    assert (answer.text, answer.show_alert) == (words("error-not-allowed"), True)
    assert await chosen(town) == before


async def test_who_administers_one_group_has_no_say_in_another(town: Town) -> None:
    other = town.world.add_group("Elsewhere", [CHEN, ADMIN]).id
    shown = await settings(town, CHEN, other)
    assert words("settings-notices") not in shown.text  # that is for admins of the hub
    await town.presses(CHEN, shown, "v1:set:proposals-off")
    assert await chosen(town, other) == (0, None)
    await town.says(CHEN, f"/settings@{town.world.bot.username}", GROUP)
    assert not town.sent(GROUP)


async def test_an_administrator_by_name_presses_what_another_called_up(town: Town) -> None:
    town.world.make_admin(GROUP, BORIS)
    shown = await settings(town)
    await town.presses(BORIS, shown, "v1:set:proposals-off")
    assert await chosen(town) == (0, None)


async def test_who_is_demoted_meanwhile_changes_nothing(town: Town) -> None:
    town.world.make_admin(GROUP, BORIS)
    shown = await settings(town, BORIS)
    town.world.demote(GROUP, BORIS)
    await town.presses(BORIS, shown, "v1:set:proposals-off")
    assert await chosen(town) == (1, None)


async def test_while_telegram_does_not_tell_who_administers_nothing_changes(town: Town) -> None:
    shown = await settings(town)
    town.world.faults.add("500", "getChatMember", times=10)
    answer = await town.presses(ADMIN, shown, "v1:set:proposals-off")
    assert answer is not None
    assert answer.text == words("error-unavailable")
    assert await chosen(town) == (1, None)


async def test_an_anonymous_administrator_is_asked_to_show_themselves(town: Town) -> None:
    shown = await settings(town, anonymous=True)
    assert shown.text == words("error-anonymous")


async def test_in_the_admin_chat_an_anonymous_one_may_look(outside: Outside) -> None:
    async with outside.hub(ADMIN_CHAT_ID=str(GROUP)) as town:
        shown = await settings(town, anonymous=True)
        assert head(shown) == words("settings-chat", title="Sticker Fans")
        await town.presses(ADMIN, shown, "v1:set:proposals-off")  # a press tells who it was
        assert await chosen(town) == (0, None)


@pytest.mark.parametrize(("who", "language"), [(CHEN, "en"), (BORIS, "ru")])
async def test_in_private_everybody_chooses_their_own_language(town: Town, who: int, language: str) -> None:
    await town.says(who, "/settings")
    shown = town.last(who)
    assert shown.text == f"{words('settings-own', language)}\n{words('settings-own-language-own', language)}"
    other = {"en": "ru", "ru": "en"}[language]
    await town.presses(who, shown, f"v1:set:language-{other}")
    assert shown.text == f"{words('settings-own', other)}\n{words(f'settings-own-language-{other}', other)}"
    await town.presses(who, shown, "v1:set:language-own")
    await town.says(who, "/version")
    assert await town.scalar("SELECT language FROM people WHERE user_id = :who", who=who) is None


async def test_settings_survive_a_restart_and_a_migration(outside: Outside) -> None:
    old = outside.world.add_group("Basic", [ADMIN], chat_type="group").id
    async with outside.hub() as town:
        shown = await settings(town, ADMIN, old)
        for choice in ("proposals-off", "language-ru"):
            await town.presses(ADMIN, shown, f"v1:set:{choice}")
    new = outside.world.migrate(old).id
    async with outside.hub() as town:
        await town.settle()
        assert await chosen(town, new) == (0, "ru")
        shown = await settings(town, ADMIN, new)
        assert words("settings-proposals-off", "ru") in shown.text
        await town.presses(ADMIN, shown, "v1:set:proposals-on")
        for update in town.world.updates.emitted:  # told once more, it does not undo what was chosen since
            if "migrate_from_chat_id" in update.get("message", {}):
                town.world.updates.repeat(update["update_id"])
        await town.settle()
        assert await chosen(town, new) == (1, "ru")


async def test_forged_choices_mean_nothing(town: Town) -> None:
    shown = await settings(town)
    for data in ("v1:set:proposals-maybe", "v1:set:language-de", "v1:set:quiet_from-5", "v1:set:"):
        town.world.press_forged(GROUP, shown.message_id, ADMIN, data)
        await town.settle()
    assert await chosen(town) == (1, None)


async def test_where_the_bot_has_no_rights_it_knows_the_administrators_all_the_same(town: Town) -> None:
    group = town.world.add_group("Plain", [BORIS, CHEN], bot="member").id
    shown = await settings(town, BORIS, group)
    await town.presses(BORIS, shown, "v1:set:proposals-off")
    assert await chosen(town, group) == (0, None)
    await town.presses(CHEN, shown, "v1:set:proposals-on")
    assert await chosen(town, group) == (0, None)
