"""Telegram's word about people in chats: the newest counts, in whatever order it is written."""

import asyncio
from datetime import timedelta

from storage import members
from storage.records import Member
from tests.storage.files import WatchedDatabase
from tests.storage.rows import NOON

CHAT, ANN, BORIS = -100, 501, 502
SECOND = timedelta(seconds=1)
ADMINS = frozenset({"creator", "administrator"})


async def note(database: WatchedDatabase, status: str, seconds: int = 0, user_id: int = ANN) -> None:
    member = Member(CHAT, user_id, status, NOON + seconds * SECOND)
    await database.write(lambda tx: members.note(tx, member))


async def status(database: WatchedDatabase, user_id: int = ANN) -> str | None:
    found = await database.read(lambda tx: members.of(tx, CHAT, user_id))
    return found.status if found else None


async def test_a_later_word_replaces_an_earlier_one_and_not_the_other_way_round(
    database: WatchedDatabase,
) -> None:
    await note(database, "member", 1)
    await note(database, "administrator", 2)
    await note(database, "left", 0)
    assert await status(database) == "administrator"
    await note(database, "kicked", 2)  # of the same moment the one that is written last
    assert await status(database) == "kicked"


async def test_words_written_at_once_leave_the_newest(database: WatchedDatabase) -> None:
    said = [("member", 3), ("administrator", 9), ("left", 1), ("member", 5), ("left", 7)]
    await asyncio.gather(*(note(database, word, at) for word, at in said))
    assert await status(database) == "administrator"


async def test_who_is_no_longer_among_them_is_forgotten_unless_told_since(database: WatchedDatabase) -> None:
    await note(database, "administrator", 0, ANN)
    await note(database, "administrator", 5, BORIS)
    await note(database, "member", 0, 503)
    await note(database, "creator", 0, 504)
    until = NOON + 3 * SECOND
    await database.write(lambda tx: members.forget(tx, CHAT, ADMINS, but=[504], until=until))
    assert [await status(database, who) for who in (ANN, BORIS, 503, 504)] == [
        None,
        "administrator",
        "member",
        "creator",
    ]
    assert await database.read(lambda tx: members.with_status(tx, CHAT, ADMINS)) == [BORIS, 504]
