"""Proposals: found by token or by the message that shows them, closed once."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy.exc import IntegrityError

from storage import messages, proposals
from storage.database import Transaction
from storage.errors import StorageUnavailable
from tests.storage.files import WatchedDatabase
from tests.storage.rows import NOON, at, new_message, proposal


def show(tx: Transaction, token: str = "t", *, sent_id: int | None = 50, chat_id: int = 1) -> int:
    number = messages.put(tx, new_message(chat_id=chat_id))
    assert number
    if sent_id:
        messages.end(tx, number, "sent", at=NOON, sent_id=sent_id)
    proposals.put(tx, proposal(token, chat_id=chat_id), shown_row=number)
    return number


async def test_a_proposal_is_found_by_its_token_as_it_was_stored(database: WatchedDatabase) -> None:
    number = await database.write(show)
    found = await database.read(lambda tx: proposals.by_token(tx, "t"))
    assert found == proposal("t", shown_row=number)
    assert await database.read(lambda tx: proposals.by_token(tx, "T")) is None


async def test_a_token_tells_which_message_shows_it_once_that_is_sent(database: WatchedDatabase) -> None:
    await database.write(lambda tx: show(tx, "sent"))
    await database.write(lambda tx: show(tx, "unsent", sent_id=None))
    for token, shown in (("sent", 50), ("unsent", None)):
        found, message = await database.read(partial(proposals.with_message, token=token))
        assert found
        assert (found.token, message) == (token, shown)
    assert await database.read(lambda tx: proposals.with_message(tx, "none")) == (None, None)


async def test_a_message_leads_to_its_proposal_in_its_own_chat_only(database: WatchedDatabase) -> None:
    await database.write(lambda tx: show(tx, "here", chat_id=1))
    await database.write(lambda tx: show(tx, "there", chat_id=2))
    for chat_id, token in ((1, "here"), (2, "there")):
        found = await database.read(partial(proposals.by_message, chat_id=chat_id, message_id=50))
        assert [each.token for each in found] == [token]
    assert await database.read(lambda tx: proposals.by_message(tx, 1, 51)) == []


async def test_a_message_may_show_several_and_counts_as_one(database: WatchedDatabase) -> None:
    number = await database.write(show)
    second = replace(proposal("u"), key="Dogs")
    await database.write(lambda tx: proposals.put(tx, second, shown_row=number))
    by_message = await database.read(lambda tx: proposals.by_message(tx, 1, 50))
    by_row = await database.read(lambda tx: proposals.by_row(tx, number))
    assert [each.token for each in by_message] == [each.token for each in by_row] == ["t", "u"]
    assert await database.read(lambda tx: proposals.shown_since(tx, 1, NOON - timedelta(hours=1))) == 1
    await database.write(lambda tx: show(tx, "v", sent_id=51))
    assert await database.read(lambda tx: proposals.shown_since(tx, 1, NOON - timedelta(hours=1))) == 2


async def test_the_first_to_decide_wins(database: WatchedDatabase) -> None:
    await database.write(show)
    for by, won in ((7, True), (8, False)):
        decided = await database.write(
            partial(proposals.decide, token="t", state="added", by=by, name=f"P{by}", at=at(by))
        )
        assert decided == won
    found = await database.read(lambda tx: proposals.by_token(tx, "t"))
    assert found
    assert (found.state, found.decided_by, found.decided_name, found.decided_at) == ("added", 7, "P7", at(7))


async def test_what_a_chat_was_shown_is_counted_by_time_and_by_item(database: WatchedDatabase) -> None:
    await database.write(show)
    hour = timedelta(hours=1)
    assert await database.read(lambda tx: proposals.shown_since(tx, 1, NOON - hour)) == 1
    assert await database.read(lambda tx: proposals.shown_since(tx, 1, NOON)) == 0
    assert await database.read(lambda tx: proposals.shown_since(tx, 2, NOON - hour)) == 0
    for chat_id, key, since, expected in (
        (1, "Cats_by_bot", NOON - hour, True),
        (1, "Dogs", NOON - hour, False),
        (2, "Cats_by_bot", NOON - hour, False),
        (1, "Cats_by_bot", NOON, False),
    ):
        shown = await database.read(
            partial(proposals.shown_for_key, chat_id=chat_id, kind="stickerset", key=key, since=since)
        )
        assert shown == expected


async def test_a_proposal_needs_the_message_that_shows_it(database: WatchedDatabase) -> None:
    with pytest.raises(IntegrityError) as caught:
        await database.write(lambda tx: proposals.put(tx, proposal(), shown_row=404))
    assert not isinstance(caught.value, StorageUnavailable)
