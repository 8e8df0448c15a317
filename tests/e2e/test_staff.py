"""/staff: who has a role, and who is given or loses one in the chat."""

import pytest
from sqlalchemy import text

from sandbox.telegram.messages import Message
from sandbox.telegram.people import Person
from storage.database import Transaction
from tests.e2e.wording import words
from tests.town import ADMIN, BORIS, CHEN, GROUP, STRANGER, Outside, Town

CREW = -1001900000009
ROLE = "SELECT role FROM people WHERE user_id = :who"


def said(key: str, who: int = CHEN, name: str = "Chen", role: str = "everyone", language: str = "en") -> str:
    return words(key, language, name=name, user_id=who, role=words(f"role-{role}", language))


async def changes(town: Town, words_: str, reply: Message | None = None, who: int = ADMIN) -> str:
    """What the bot answers to `/staff <words>` in the admin's private chat, or where the reply is."""
    chat = reply.chat.id if reply else who
    command = f"/staff@{town.world.bot.username} {words_}"
    await town.says(who, command, chat, reply_to=reply.message_id if reply else None)
    return town.last(chat).text


async def test_an_id_makes_somebody_staff_who_is_told_in_private(town: Town) -> None:
    await town.says(CHEN, "/start")
    assert await changes(town, f"add {CHEN}") == said("staff-added")
    assert town.last(CHEN).text == words("staff-you-are")
    await town.says(CHEN, "/whoami")
    assert words("role-staff") in town.last(CHEN).text
    journal = "SELECT actor, action, kind, key, before, after FROM journal"
    [entry] = await town.rows(journal)
    assert entry == (f"user:{ADMIN}", "role", "user", str(CHEN), '{"role":null}', '{"role":"staff"}')


async def test_who_never_wrote_is_staff_under_their_number_and_not_written_to(town: Town) -> None:
    assert await changes(town, f"add {STRANGER}") == said("staff-added", STRANGER, words("staff-unknown"))
    await town.says(ADMIN, "/staff")
    assert f"{words('staff-unknown')} {STRANGER}" in town.last(ADMIN).text
    assert not await town.rows("SELECT id FROM messages WHERE chat_id = :who", who=STRANGER)


async def test_a_reply_in_a_group_names_who_wrote_the_message(town: Town) -> None:
    message = await town.says(CHEN, "hello", GROUP)
    assert await changes(town, "add", message) == said("staff-added")
    assert await changes(town, "remove", message) == said("staff-removed")
    assert await town.scalar(ROLE, who=CHEN) is None


async def test_a_reply_to_a_forwarded_message_names_who_wrote_it_first(town: Town) -> None:
    original = await town.says(CHEN, "hello", GROUP)
    forwarded = town.world.forward(GROUP, original.message_id, ADMIN, ADMIN)
    assert await changes(town, "add", forwarded) == said("staff-added")
    assert await town.scalar(ROLE, who=CHEN) == "staff"


async def test_of_somebody_who_hides_their_account_it_says_what_to_do_instead(town: Town) -> None:
    town.world.people[CHEN].hides_forwards = True
    original = await town.says(CHEN, "hello", GROUP)
    forwarded = town.world.forward(GROUP, original.message_id, ADMIN, ADMIN)
    assert await changes(town, "add", forwarded) == words("staff-hidden")


async def test_bots_groups_and_hidden_administrators_get_no_role(town: Town) -> None:
    town.world.make_admin(GROUP, BORIS)
    nameless = await town.says(BORIS, "hello", GROUP, anonymous=True)
    assert await changes(town, "add", nameless) == words("staff-no-person")
    forwarded = town.world.forward(GROUP, nameless.message_id, ADMIN, ADMIN)
    assert await changes(town, "add", forwarded) == words("staff-no-person")
    await town.says(ADMIN, "/version")
    assert await changes(town, "add", town.last(ADMIN)) == words("staff-no-person")
    for number in (town.world.bot.id, 1087968824, 777000):
        assert await changes(town, f"add {number}") == words("staff-no-person")
    assert await town.scalar("SELECT count(*) FROM people WHERE role IS NOT NULL") == 0


@pytest.mark.parametrize(
    "number", ["0", "-5", "4503599627370496", "9" * 20, "٣", "1e3", "+7", "@chen", "Chen", "'--", str(GROUP)]
)
async def test_what_is_no_persons_id_is_refused(town: Town, number: str) -> None:
    assert await changes(town, f"add {number}") == words("staff-not-an-id")
    assert await town.scalar("SELECT count(*) FROM people WHERE role IS NOT NULL") == 0


@pytest.mark.parametrize("said_", ["add", "remove", "promote 5", "add 5 6", "5"])
async def test_what_it_does_not_understand_is_answered_with_how_it_works(town: Town, said_: str) -> None:
    assert await changes(town, said_) == words("staff-usage").strip()


async def test_in_a_topic_a_message_that_answers_nobody_names_nobody(town: Town) -> None:
    forum = next(chat for chat in town.world.chats.values() if chat.is_forum)
    topic = town.world.add_topic(forum.id, "Packs")
    await town.says(ADMIN, f"/staff@{town.world.bot.username} add", forum.id, thread_id=topic.id)
    assert town.last(forum.id).text == words("staff-usage").strip()


async def test_who_has_a_role_already_keeps_it(town: Town) -> None:
    assert await changes(town, f"add {ADMIN}") == said("staff-already", ADMIN, "Alice", "admin")
    await changes(town, f"add {CHEN}")
    assert await changes(town, f"add {CHEN}") == said("staff-already", CHEN, words("staff-unknown"), "staff")
    assert await town.scalar("SELECT count(*) FROM journal") == 1


async def test_removing_tells_the_person_and_takes_effect_at_once(town: Town) -> None:
    await town.says(CHEN, "/start")
    await changes(town, f"add {CHEN}")
    assert await changes(town, f"remove {CHEN}") == said("staff-removed")
    assert town.last(CHEN).text == words("staff-you-were")
    assert await changes(town, f"remove {CHEN}") == said("staff-not")
    await town.says(CHEN, "/whoami")
    assert words("role-everyone") in town.last(CHEN).text


async def test_nobody_takes_their_own_role_away_nor_one_of_the_settings(outside: Outside) -> None:
    async with outside.hub(ADMIN_IDS=f"{ADMIN},{BORIS}", STAFF_IDS=str(CHEN)) as town:
        assert await changes(town, f"remove {ADMIN}") == words("staff-not-yourself")
        assert await changes(town, f"remove {CHEN}") == said("staff-named", CHEN, words("staff-unknown"))
        assert await town.scalar("SELECT count(*) FROM journal") == 0


async def test_an_admin_who_claimed_the_role_can_lose_it_to_another(outside: Outside) -> None:
    async with outside.hub() as town:
        await town.says(CHEN, "/start")
        await town.switchboard.hub.database.write(_claimed)
        assert await changes(town, "remove " + str(CHEN)) == said("staff-removed")
        assert await town.switchboard.hub.roles.admins() == {ADMIN}


def _claimed(tx: Transaction) -> None:
    tx.execute(text("UPDATE people SET role = 'admin' WHERE user_id = :who"), {"who": CHEN})


async def test_a_role_by_the_admin_chat_is_taken_away_there(outside: Outside) -> None:
    outside.world.add_group("Crew", [BORIS, CHEN], chat_id=CREW)
    async with outside.hub(ADMIN_CHAT_ID=str(CREW)) as town:
        await town.settle()
        assert await changes(town, f"remove {CHEN}") == said("staff-by-chat", CHEN, words("staff-unknown"))
        await town.says(CHEN, "/whoami")
        await town.says(ADMIN, "/staff")
        shown = town.last(ADMIN).text
        assert f"Alice {ADMIN} – {words('source-settings')}" in shown
        assert f"{BORIS} – {words('source-chat')}" in shown
        assert f"Chen {CHEN} – {words('source-chat')}" in shown
        assert shown.index(str(BORIS)) < shown.index(words("staff-staff").strip()) < shown.index(str(CHEN))


@pytest.mark.parametrize("command", ["/staff", f"/staff add {BORIS}", f"/staff remove {ADMIN}"])
async def test_others_are_refused(town: Town, command: str) -> None:
    await town.says(CHEN, command)
    assert town.last(CHEN).text == words("error-not-allowed")
    assert await town.scalar("SELECT count(*) FROM people WHERE role IS NOT NULL") == 0
    town.world.make_admin(GROUP, BORIS)
    await town.says(BORIS, command.replace("/staff", f"/staff@{town.world.bot.username}"), GROUP)
    assert not town.sent(GROUP)


async def test_an_edited_command_changes_nothing_once_more(town: Town) -> None:
    message = await town.says(ADMIN, f"/staff add {CHEN}")
    town.world.edit(ADMIN, message.message_id, f"/staff add {STRANGER}")
    await town.settle()
    assert await town.scalar("SELECT count(*) FROM people WHERE role IS NOT NULL") == 1


async def test_markup_in_a_name_is_shown_as_it_is(town: Town) -> None:
    town.world.add_person(Person(STRANGER, "<b>*Eve*</b> & co", language_code="en", started=True))
    await town.says(STRANGER, "/start")
    assert await changes(town, f"add {STRANGER}") == said("staff-added", STRANGER, "").replace(
        f" {STRANGER}", f"<b>*Eve*</b> & co {STRANGER}"
    )
