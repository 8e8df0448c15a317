"""Chats: whether they take messages, what they passed over, how they move, which reactions they take."""

from datetime import timedelta
from functools import partial

from storage import chats, members, messages, proposals
from storage.database import Transaction
from storage.records import Chat, Member
from tests.storage.files import WatchedDatabase, rows
from tests.storage.rows import NOON, new_message, proposal

OLD, NEW = -100, -1000000000100


def note(tx: Transaction, chat_id: int = OLD, title: str = "Fans") -> None:
    chats.note(tx, chat_id, type_="group", title=title, at=NOON)


async def chat(database: WatchedDatabase, chat_id: int = OLD) -> Chat | None:
    return await database.read(lambda tx: chats.by_id(tx, chat_id))


async def test_a_chat_is_kept_with_its_newest_title(database: WatchedDatabase) -> None:
    assert await chat(database) is None
    await database.write(lambda tx: note(tx, title="Fans"))
    await database.write(lambda tx: note(tx, title="Friends"))
    assert await chat(database) == Chat(OLD, "group", "Friends", True, None, 0, None)


async def test_a_chat_that_takes_nothing_is_heard_from_and_takes_messages_again(
    database: WatchedDatabase,
) -> None:
    await database.write(note)
    await database.write(lambda tx: chats.deactivate(tx, OLD))
    found = await chat(database)
    assert found
    assert not found.active
    await database.write(note)
    found = await chat(database)
    assert found
    assert found.active


async def test_the_bots_standing_is_kept_beside_the_title(database: WatchedDatabase) -> None:
    await database.write(
        lambda tx: chats.membership(
            tx, OLD, type_="group", title="Fans", status="kicked", active=False, at=NOON
        )
    )
    assert await chat(database) == Chat(OLD, "group", "Fans", False, "kicked", 0, None)


async def test_messages_passed_over_are_counted_until_told(database: WatchedDatabase) -> None:
    await database.write(note)
    for _ in range(3):
        await database.write(lambda tx: chats.skip(tx, OLD))
    assert await database.write(lambda tx: chats.take_skipped(tx, OLD)) == 3
    assert await database.write(lambda tx: chats.take_skipped(tx, OLD)) == 0
    assert await database.write(lambda tx: chats.take_skipped(tx, 404)) == 0


async def test_a_group_that_moves_takes_along_what_still_matters(database: WatchedDatabase) -> None:
    kinds = ("text", "edit", "reaction", "answer")

    def unit(tx: Transaction) -> None:
        note(tx)
        for kind in kinds:
            messages.put(tx, new_message(kind, OLD, reply_to=5, thread_id=6))
        sent = messages.put(tx, new_message("text", OLD))
        assert sent
        messages.end(tx, sent, "sent", at=NOON, sent_id=9)
        proposals.put(tx, proposal("open", chat_id=OLD, source_message=5, thread_id=6), shown_row=sent)
        proposals.put(tx, proposal("closed", chat_id=OLD, source_message=5, state="added"), shown_row=sent)

    await database.write(unit)
    for _ in range(2):  # told in the old chat and in the new one
        await database.write(lambda tx: chats.move(tx, OLD, NEW))
    found = await rows(database, "SELECT kind, chat_id, state, reply_to, thread_id FROM messages ORDER BY id")
    assert found == [
        ("text", NEW, "waiting", None, None),
        ("edit", OLD, "dropped", 5, 6),
        ("reaction", OLD, "dropped", 5, 6),
        ("answer", OLD, "waiting", 5, 6),
        ("text", OLD, "sent", None, None),
    ]
    assert await rows(
        database, "SELECT token, chat_id, source_message FROM proposals ORDER BY token DESC"
    ) == [
        ("open", NEW, None),
        ("closed", OLD, 5),
    ]
    moved = await chat(database)
    assert moved
    assert (moved.active, moved.moved_to) == (False, NEW)


async def test_what_a_chat_takes_instead_is_remembered_for_a_while(database: WatchedDatabase) -> None:
    since = NOON - timedelta(days=7)

    async def known() -> tuple[bool, str | None]:
        return await database.read(lambda tx: chats.reaction(tx, OLD, "👌", since))

    assert await known() == (False, None)
    await database.write(lambda tx: chats.remember_reaction(tx, OLD, "👌", "👍", at=since))
    assert await known() == (False, None)  # learnt too long ago
    await database.write(lambda tx: chats.remember_reaction(tx, OLD, "👌", "❤", at=NOON))
    assert await known() == (True, "❤")
    await database.write(lambda tx: chats.remember_reaction(tx, OLD, "👌", None, at=NOON))
    assert await known() == (True, None)


async def test_what_was_chosen_for_a_group_and_who_is_in_it_move_along_once(
    database: WatchedDatabase,
) -> None:
    await database.write(note)
    await database.write(lambda tx: chats.choose(tx, OLD, proposals=False, language="ru"))
    await database.write(lambda tx: chats.note_lacks(tx, OLD, "reactions"))
    for user_id, seconds in ((501, 0), (502, 0)):
        member = Member(OLD, user_id, "administrator", NOON + timedelta(seconds=seconds))
        await database.write(partial(members.note, member=member))
    await database.write(lambda tx: members.note(tx, Member(NEW, 502, "left", NOON)))

    await database.write(lambda tx: chats.move(tx, OLD, NEW))

    found = await chat(database, NEW)
    assert found
    assert (found.proposals, found.language, found.lacks, found.active) == (False, "ru", "reactions", True)
    there = {each: await database.read(partial(members.of, chat_id=NEW, user_id=each)) for each in (501, 502)}
    assert {each: member and member.status for each, member in there.items()} == {
        501: "administrator",
        502: "left",
    }
    assert await database.read(lambda tx: members.of(tx, OLD, 501)) is None

    await database.write(lambda tx: chats.choose(tx, NEW, proposals=True))
    await database.write(lambda tx: chats.move(tx, OLD, NEW))  # told by the other chat, too
    found = await chat(database, NEW)
    assert found
    assert found.proposals


async def test_a_group_never_seen_before_is_remembered_as_moved_when_told_with_a_date(
    database: WatchedDatabase,
) -> None:
    await database.write(lambda tx: chats.move(tx, OLD, NEW, at=NOON))
    found = await chat(database)
    assert found
    assert (found.moved_to, found.active) == (NEW, False)


async def test_the_groups_the_bot_is_in_are_listed_by_title(database: WatchedDatabase) -> None:
    await database.write(lambda tx: note(tx, -1, "Zebra"))
    await database.write(lambda tx: note(tx, -2, "Ant"))
    await database.write(lambda tx: note(tx, -3, "Gone"))
    await database.write(lambda tx: chats.deactivate(tx, -3))
    await database.write(lambda tx: chats.note(tx, 5, type_="private", title="Ann", at=NOON))
    assert [each.title for each in await database.read(chats.groups)] == ["Ant", "Zebra"]
