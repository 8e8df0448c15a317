"""Approvals: one of an item waits at a time, decided once; cards lead to them in their own chat only."""

import asyncio
from datetime import timedelta
from functools import partial

from storage import approvals, chats, messages, retention
from storage.database import Transaction
from storage.records import Approval
from tests.storage.files import WatchedDatabase, scalar
from tests.storage.rows import NOON, approval, approval_card, approval_request, at, new_message

DAY = timedelta(days=1)


def decide(tx: Transaction, token: str = "t", state: str = "approved", by: str = "user:1") -> bool:
    return approvals.decide(tx, token, state, by=by, name="Alice", at=at(60))


def pending(tx: Transaction, key: str = "Cats_by_bot") -> Approval | None:
    return approvals.pending_for(tx, "add", "stickerset", key)


def shown(tx: Transaction, *, chat_id: int = 1, sent_id: int | None = 50, purpose: str = "card") -> int:
    """A card in a chat."""
    row = messages.put(tx, new_message(chat_id=chat_id))
    assert row
    if sent_id:
        messages.end(tx, row, "sent", at=NOON, sent_id=sent_id)
    approvals.add_card(tx, approval_card(row, chat_id=chat_id, purpose=purpose))
    return row


async def test_an_approval_is_found_by_its_token_as_it_was_stored(database: WatchedDatabase) -> None:
    assert await database.write(lambda tx: approvals.put(tx, approval()))
    assert await database.read(lambda tx: approvals.by_token(tx, "t")) == approval()
    assert await database.read(lambda tx: approvals.by_token(tx, "T")) is None


async def test_of_one_item_only_one_waits_and_of_others_their_own(database: WatchedDatabase) -> None:
    stored = await asyncio.gather(
        *(
            database.write(partial(approvals.put, approval=each))
            for each in (approval("a"), approval("b"), approval("c", key="Dogs"))
        )
    )
    assert sorted(stored) == [False, True, True]
    assert await database.write(lambda tx: decide(tx, "a") or decide(tx, "b"))
    assert await database.write(lambda tx: approvals.put(tx, approval("d")))
    found = await database.read(pending)
    assert found
    assert found.token == "d"


async def test_the_first_decision_stands(database: WatchedDatabase) -> None:
    await database.write(lambda tx: approvals.put(tx, approval()))
    verdicts = [("approved", "user:1"), ("rejected", "user:2"), ("expired", "approvals")] * 3
    won = await asyncio.gather(
        *(database.write(partial(decide, state=state, by=by)) for state, by in verdicts)
    )
    assert sum(won) == 1
    found = await database.read(lambda tx: approvals.by_token(tx, "t"))
    assert found
    assert (found.state, found.decided_by) == verdicts[won.index(True)]
    assert found.decided_at == at(60)


async def test_a_reason_is_given_once_and_only_for_a_no(database: WatchedDatabase) -> None:
    await database.write(lambda tx: approvals.put(tx, approval()))
    assert not await database.write(lambda tx: approvals.give_reason(tx, "t", "too early"))
    await database.write(lambda tx: decide(tx, state="rejected"))
    assert await database.write(lambda tx: approvals.give_reason(tx, "t", "enough\0"))
    assert not await database.write(lambda tx: approvals.give_reason(tx, "t", "again"))
    found = await database.read(lambda tx: approvals.by_token(tx, "t"))
    assert found
    assert found.reason == "enough\N{REPLACEMENT CHARACTER}"


async def test_the_newest_decision_about_an_item_counts(database: WatchedDatabase) -> None:
    for token, state in (("a", "rejected"), ("b", "approved"), ("c", "expired")):
        await database.write(partial(approvals.put, approval=approval(token)))
        moment = at({"a": 1, "b": 2, "c": 3}[token])
        await database.write(
            partial(approvals.decide, token=token, state=state, by="user:1", name="Alice", at=moment)
        )
    newest = await database.read(
        lambda tx: approvals.newest_decision(tx, "stickerset", "Cats_by_bot", NOON - DAY)
    )
    assert newest
    assert newest.token == "b"  # that nobody decided is no decision
    assert not await database.read(
        lambda tx: approvals.newest_decision(tx, "stickerset", "Cats_by_bot", at(2.5))
    )


async def test_overdue_ones_come_oldest_first_and_pending_ones_by_page(database: WatchedDatabase) -> None:
    for number in range(3):
        row = approval(f"t{number}", key=f"Set{number}", now=at(number))
        await database.write(partial(approvals.put, approval=row))
    late = await database.read(lambda tx: approvals.overdue(tx, at(1) + 7 * DAY, most=5))
    assert [each.token for each in late] == ["t0", "t1"]
    page, total = await database.read(lambda tx: approvals.pending(tx, limit=2, offset=2))
    assert ([each.token for each in page], total) == (["t2"], 3)


async def test_a_message_leads_to_its_card_in_its_own_chat_only(database: WatchedDatabase) -> None:
    await database.write(lambda tx: approvals.put(tx, approval()))
    row = await database.write(shown)
    card = approval_card(row)
    assert await database.read(lambda tx: approvals.by_message(tx, 1, 50)) == card
    assert await database.read(lambda tx: approvals.by_message(tx, 2, 50)) is None
    assert await database.read(lambda tx: approvals.by_message(tx, 1, 51)) is None
    assert await database.read(lambda tx: approvals.shown_at(tx, "t", 1, 50)) == approval()
    for chat_id, message_id in ((1, 51), (2, 50), (1, None)):
        there = partial(approvals.shown_at, token="t", chat_id=chat_id, message_id=message_id)
        assert await database.read(there) is None


async def test_a_card_that_is_not_known_to_be_sent_may_be_any_message_of_its_chat(
    database: WatchedDatabase,
) -> None:
    await database.write(lambda tx: approvals.put(tx, approval()))
    await database.write(lambda tx: shown(tx, sent_id=None))
    assert await database.read(lambda tx: approvals.shown_at(tx, "t", 1, 50)) == approval()
    assert await database.read(lambda tx: approvals.shown_at(tx, "t", 2, 50)) is None


async def test_a_question_why_is_no_card(database: WatchedDatabase) -> None:
    await database.write(lambda tx: approvals.put(tx, approval()))
    row = await database.write(lambda tx: shown(tx, purpose="reason"))
    assert await database.read(lambda tx: approvals.by_message(tx, 1, 50)) is None
    found = await database.read(lambda tx: approvals.by_message(tx, 1, 50, ("card", "reason")))
    assert found == approval_card(row, purpose="reason")
    assert await database.read(lambda tx: approvals.cards(tx, "t")) == []


async def test_who_asked_in_a_group_that_moved_is_told_in_the_new_one(database: WatchedDatabase) -> None:
    def unit(tx: Transaction) -> None:
        approvals.put(tx, approval(chat_id=-1))
        approvals.add_request(tx, approval_request(chat_id=-1))
        approvals.add_request(tx, approval_request(chat_id=7))
        chats.move(tx, -1, -100)

    await database.write(unit)
    moved, kept = await database.read(lambda tx: approvals.requests(tx, "t"))
    assert (moved.chat_id, moved.thread_id, moved.source_message) == (-100, None, None)
    assert (kept.chat_id, kept.thread_id, kept.source_message) == (7, 3, 10)
    found = await database.read(lambda tx: approvals.by_token(tx, "t"))
    assert found
    assert found.chat_id == -100


async def test_what_was_decided_goes_with_all_that_hangs_on_it_and_what_waits_stays(
    database: WatchedDatabase,
) -> None:
    def unit(tx: Transaction) -> None:
        approvals.put(tx, approval("old"))
        decide(tx, "old")
        approvals.put(tx, approval())
        for token in ("old", "t"):
            approvals.add_request(tx, approval_request(token))
            row = messages.put(tx, new_message())
            assert row
            messages.end(tx, row, "sent", at=NOON, sent_id=row)
            approvals.add_card(tx, approval_card(row, token))

    await database.write(unit)
    for _ in range(2):  # messages go once no card points at them
        for old in (*retention.decided_approvals(NOON + DAY), *retention.ended_messages(NOON + DAY)):
            keys = await database.read(partial(old.find, most=10))
            await database.write(partial(old.drop, keys=keys))
    for table, left in (("approvals", 1), ("approval_requests", 1), ("approval_cards", 1), ("messages", 1)):
        assert await scalar(database, f"SELECT count(*) FROM {table}") == left
    assert await database.read(pending)


async def test_cards_that_wait_to_be_sent_move_with_the_chat_and_sent_ones_stay(
    database: WatchedDatabase,
) -> None:
    def unit(tx: Transaction) -> list[int]:
        waiting, sent = [messages.put(tx, new_message(chat_id=-5)) for _ in range(2)]
        assert waiting
        assert sent
        messages.end(tx, sent, "sent", at=NOON, sent_id=7)
        approvals.put(tx, approval("t"))
        for row in (waiting, sent):
            approvals.add_card(tx, approval_card(row, chat_id=-5))
        chats.move(tx, -5, -6, at=NOON)
        return [card.chat_id for card in approvals.cards(tx, "t")]

    assert await database.write(unit) == [-6, -5]
