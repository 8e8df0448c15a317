"""Inquiries: one of a key waits at a time, closed once; cards lead to them in their own chat only."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from storage import chats, inquiries, messages, retention
from storage.database import Transaction
from storage.inquiries import _waiting
from storage.records import Inquiry
from tests.storage.files import WatchedDatabase, scalar
from tests.storage.rows import NOON, at, inquiry, inquiry_card, new_message

DAY = timedelta(days=1)
WEEK = 7 * DAY


def given(*rows: Inquiry, opened: Sequence[str] = ()) -> Callable[[Transaction], None]:
    """Store these, and open those."""

    def unit(tx: Transaction) -> None:
        for row in rows:
            assert inquiries.put(tx, row)
        for token in opened:
            assert inquiries.open_queued(tx, token, until=NOON + WEEK)

    return unit


def answer(tx: Transaction, token: str = "t", version: int = 1, chosen: int = 0, by: str = "user:1") -> bool:
    given = version, chosen
    return inquiries.close(tx, token, "answered", at=at(60), by=by, name="Alice", answer=given)


def waiting(tx: Transaction, key: str = "a|STAGE_ID|NEW") -> Inquiry | None:
    return inquiries.waiting_for(tx, "mapping", key)


def shown(tx: Transaction, *, chat_id: int = 1, sent_id: int | None = 50) -> int:
    """A card in a chat."""
    row = messages.put(tx, new_message(chat_id=chat_id))
    assert row
    if sent_id:
        messages.end(tx, row, "sent", at=NOON, sent_id=sent_id)
    inquiries.add_card(tx, inquiry_card(row, chat_id=chat_id))
    return row


async def test_an_inquiry_is_found_by_its_token_as_it_was_stored(database: WatchedDatabase) -> None:
    stored = inquiry(link={"label": "button-open", "url": "https://a.example/1"}, details={"ü": [1, None]})
    await database.write(given(stored))
    assert await database.read(lambda tx: inquiries.by_token(tx, "t")) == stored
    assert await database.read(lambda tx: inquiries.by_token(tx, "T")) is None


async def test_of_one_key_only_one_waits_and_of_other_keys_and_kinds_their_own(
    database: WatchedDatabase,
) -> None:
    asked = (inquiry("a"), inquiry("b"), inquiry("c", key="other"), inquiry("d", kind="conflict"))
    stored = await asyncio.gather(*(database.write(partial(inquiries.put, inquiry=each)) for each in asked))
    assert sorted(stored[:2]) == [False, True]
    assert stored[2:] == [True, True]


async def test_one_that_is_open_still_waits_and_one_that_ended_does_not(database: WatchedDatabase) -> None:
    for token, state in (("a", "answered"), ("b", "expired"), ("c", "settled")):
        await database.write(given(inquiry(token), opened=[token]))
        assert not await database.write(lambda tx: inquiries.put(tx, inquiry("x")))
        assert await database.write(
            partial(inquiries.close, token=token, state=state, at=NOON + WEEK, by="inquiries")
        )
        assert await database.read(waiting) is None


async def test_the_first_end_stands(database: WatchedDatabase) -> None:
    await database.write(given(inquiry(), opened=["t"]))
    answers = [partial(answer, by=f"user:{number}") for number in range(5)]
    ends = [partial(inquiries.close, token="t", state="settled", at=at(60), by="inquiries")] * 3
    won = await asyncio.gather(*map(database.write, [*answers, *ends]))
    assert sum(won) == 1
    found = await database.read(lambda tx: inquiries.by_token(tx, "t"))
    assert found
    expected = [("answered", f"user:{n}", 0) for n in range(5)] + [("settled", "inquiries", None)] * 3
    assert (found.state, found.decided_by, found.chosen) == expected[won.index(True)]
    assert found.decided_at == at(60)


async def test_only_an_open_one_is_answered_and_only_as_it_is_now(database: WatchedDatabase) -> None:
    await database.write(given(inquiry()))
    assert not await database.write(answer)
    await database.write(given(opened=["t"]))
    choices = [{"value": "LOST", "label": "Lost", "text": None}]
    changed: dict[str, Any] = {"texts": [], "choices": choices, "details": {}, "link": None}
    await database.write(lambda tx: inquiries.change(tx, "t", until=NOON + WEEK, **changed))
    assert not await database.write(answer)
    found = await database.read(waiting)
    assert found
    assert (found.version, found.choices, found.state) == (2, choices, "open")
    assert await database.write(lambda tx: answer(tx, version=2))


async def test_what_has_ended_changes_no_more(database: WatchedDatabase) -> None:
    await database.write(given(inquiry(), opened=["t"]))
    await database.write(answer)
    await database.write(lambda tx: inquiries.change(tx, "t", until=None, texts=[]))
    found = await database.read(lambda tx: inquiries.by_token(tx, "t"))
    assert found
    assert (found.version, found.texts) == (1, inquiry().texts)
    assert not await database.write(lambda tx: inquiries.open_queued(tx, "t", until=NOON))


async def test_those_queued_and_those_open_come_oldest_first_each_among_its_own(
    database: WatchedDatabase,
) -> None:
    rows = [inquiry(f"t{n}", key=f"k{n}", now=at(9 - n)) for n in range(5)]
    await database.write(given(*rows, inquiry("x", kind="conflict"), opened=["t4", "t1"]))
    queued = await database.read(lambda tx: inquiries.queued(tx, "mapping", most=2))
    assert [each.token for each in queued] == ["t3", "t2"]
    opened = await database.read(lambda tx: inquiries.opened(tx, limit=5, offset=0))
    assert [each.token for each in opened] == ["t4", "t1"]
    assert [each.token for each in await database.read(lambda tx: inquiries.opened(tx, limit=5, offset=1))]
    counted = {("mapping", "open"): 2, ("mapping", "queued"): 3, ("conflict", "queued"): 1}
    assert await database.read(inquiries.counts) == counted


async def test_one_is_overdue_once_its_time_as_an_open_one_is_over(database: WatchedDatabase) -> None:
    await database.write(given(inquiry("a", key="a"), inquiry("b", key="b"), opened=["a"]))
    for moment, tokens in ((NOON + WEEK - DAY, []), (NOON + WEEK, ["a"]), (NOON + 9 * WEEK, ["a"])):
        late = await database.read(partial(inquiries.overdue, now=moment, most=5))
        assert [each.token for each in late] == tokens


async def test_one_that_was_put_anew_meanwhile_does_not_expire(database: WatchedDatabase) -> None:
    await database.write(given(inquiry(), opened=["t"]))
    [late] = await database.read(partial(inquiries.overdue, now=NOON + WEEK, most=5))
    expire = partial(inquiries.close, token=late.token, state="expired", by="inquiries")
    await database.write(lambda tx: inquiries.change(tx, "t", until=NOON + 2 * WEEK, texts=[]))
    assert not await database.write(lambda tx: expire(tx, at=NOON + WEEK))
    assert await database.write(lambda tx: expire(tx, at=NOON + 2 * WEEK))


async def test_a_message_shows_its_inquiry_in_its_own_chat_only(database: WatchedDatabase) -> None:
    await database.write(given(inquiry()))
    await database.write(shown)
    assert await database.read(lambda tx: inquiries.is_shown_at(tx, "t", 1, 50))
    for token, chat_id, message_id in (("t", 1, 51), ("t", 2, 50), ("u", 1, 50)):
        there = partial(inquiries.is_shown_at, token=token, chat_id=chat_id, message_id=message_id)
        assert not await database.read(there)


async def test_a_chat_without_a_card_is_found_until_one_is_under_way(database: WatchedDatabase) -> None:
    def unit(tx: Transaction) -> None:
        given(inquiry(), inquiry("q", key="queued"), opened=["t"])(tx)
        for chat_id in (1, 2):
            chats.note(tx, chat_id, type_="private", title="", at=NOON)
        shown(tx, chat_id=1, sent_id=None)

    await database.write(unit)
    for chat_id, tokens in ((1, []), (2, ["t"]), (3, [])):  # nobody ever saw the third
        lacking = await database.read(partial(inquiries.without_card, chat_id=chat_id, most=5))
        assert [each.token for each in lacking] == tokens


async def test_what_ended_goes_with_its_cards_and_what_waits_stays(database: WatchedDatabase) -> None:
    def unit(tx: Transaction) -> None:
        for token in ("old", "t"):
            given(inquiry(token, key=token), opened=[token])(tx)
            row = messages.put(tx, new_message())
            assert row
            messages.end(tx, row, "sent", at=NOON, sent_id=row)
            inquiries.add_card(tx, inquiry_card(row, token))
        answer(tx, "old")

    await database.write(unit)
    for _ in range(2):  # messages go once no card points at them
        for old in (*retention.closed_inquiries(NOON + DAY), *retention.ended_messages(NOON + DAY)):
            keys = await database.read(partial(old.find, most=10))
            await database.write(partial(old.drop, keys=keys))
    for table in ("inquiries", "inquiry_cards", "messages"):
        assert await scalar(database, f"SELECT count(*) FROM {table}") == 1
    assert await database.read(lambda tx: waiting(tx, "t"))


async def test_cards_that_wait_to_be_sent_move_with_the_chat_and_sent_ones_stay(
    database: WatchedDatabase,
) -> None:
    def unit(tx: Transaction) -> list[int]:
        given(inquiry())(tx)
        for sent_id in (None, 7):
            shown(tx, chat_id=-5, sent_id=sent_id)
        chats.move(tx, -5, -6, at=NOON)
        return [card.chat_id for card in inquiries.cards(tx, "t")]

    assert await database.write(unit) == [-6, -5]


async def test_whether_somebody_is_asked_is_one_look_at_the_index(database: WatchedDatabase) -> None:
    def plan(tx: Transaction) -> str:
        literal = {"literal_binds": True}
        query = str(_waiting("mapping", "k").compile(tx.engine, compile_kwargs=literal))
        if tx.dialect.name == "postgresql":  # of a table that is nearly empty it would read all
            tx.exec_driver_sql("SET LOCAL enable_seqscan = off")
            return str(tx.exec_driver_sql(f"EXPLAIN {query}").all())
        return str(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all())

    assert "ix_inquiries_waiting" in await database.read(plan)
