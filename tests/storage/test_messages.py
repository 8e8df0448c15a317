"""The outbox's rows: whose turn it is, what is repeated after a crash, and what is not."""

from datetime import datetime
from functools import partial
from typing import Any

import pytest

from storage import messages, parts, recovering, sent_messages
from storage.records import Message
from tests.storage.files import WatchedDatabase, rows, scalar
from tests.storage.rows import NOON, at, new_message


async def put(database: WatchedDatabase, kind: str = "text", chat_id: int = 1, **more: Any) -> int:
    row = new_message(kind, chat_id, **more)
    number = await database.write(lambda tx: messages.put(tx, row))
    assert number is not None
    return number


async def due(
    database: WatchedDatabase,
    now: datetime = NOON,
    *,
    busy: tuple[int, ...] = (),
    resting: tuple[int, ...] = (),
    most: int = 100,
) -> list[int]:
    found = await database.read(
        lambda tx: messages.due(tx, now, busy_chats=busy, resting_chats=resting, most=most)
    )
    return [message.id for message in found]


async def again(database: WatchedDatabase, number: int, seconds: float, *, doubtful: bool = False) -> None:
    await database.write(
        lambda tx: messages.again(tx, number, due_at=at(seconds), reason="later", by="me", doubtful=doubtful)
    )


async def begin(database: WatchedDatabase, number: int, *, by: str = "me") -> bool:
    return await database.write(lambda tx: messages.begin(tx, number, by=by, at=NOON))


async def end(database: WatchedDatabase, number: int, state: str = "sent", **more: Any) -> None:
    values: dict[str, Any] = {"at": NOON, "by": "me"} | more
    await database.write(lambda tx: messages.end(tx, number, state, **values))


async def end_part(database: WatchedDatabase, message: Message, sent_id: int, *, by: str = "me") -> None:
    ended = {"state": "sent", "sent_id": sent_id, "reason": None, "sent_at": NOON}
    await database.write(lambda tx: parts.end(tx, message, ended, by=by))


async def states(database: WatchedDatabase) -> list[str]:
    return [row[0] for row in await rows(database, "SELECT state FROM messages ORDER BY id")]


async def test_a_message_comes_out_as_it_was_put_in(database: WatchedDatabase) -> None:
    number = await put(database, chat_id=-100, thread_id=5, reply_to=6, content={"texts": ["Привет"]})
    (found,) = await database.read(lambda tx: messages.due(tx, NOON, busy_chats=(), most=1))
    assert found == Message(
        number,
        "text",
        -100,
        5,
        6,
        None,
        None,
        "en",
        {"texts": ["Привет"]},
        "waiting",
        NOON,
        0,
        0,
        None,
        "c",
        NOON,
    )


async def test_a_known_dedup_id_writes_nothing(database: WatchedDatabase) -> None:
    await put(database, dedup_id="job:1:text")
    again = new_message(dedup_id="job:1:text")
    assert await database.write(lambda tx: messages.put(tx, again)) is None
    assert await scalar(database, "SELECT count(*) FROM messages") == 1


async def test_each_chat_sends_one_at_a_time_in_the_order_written(database: WatchedDatabase) -> None:
    first, second = await put(database, chat_id=1), await put(database, chat_id=1)
    other = await put(database, chat_id=2)
    assert await due(database) == [first, other]
    await end(database, first)
    assert await due(database) == [second, other]


async def test_the_answer_to_a_press_goes_before_everything_else_in_its_chat(
    database: WatchedDatabase,
) -> None:
    await put(database, "text", 1)
    answer = await put(database, "answer", 1)
    assert await due(database) == [answer]


async def test_chats_that_are_busy_are_left_alone(database: WatchedDatabase) -> None:
    await put(database, chat_id=1)
    other = await put(database, chat_id=2)
    assert await due(database, busy=(1, 3)) == [other]


async def test_of_chats_that_rest_only_answers_to_presses_are_sent(database: WatchedDatabase) -> None:
    await put(database, chat_id=1)
    other = await put(database, chat_id=2)
    assert await due(database, resting=(1,)) == [other]
    answer = await put(database, "answer", 1)
    assert await due(database, resting=(1, 2)) == [answer]
    assert await due(database, busy=(1,), resting=(2,)) == []


async def test_reactions_come_after_what_else_their_chat_waits_for(database: WatchedDatabase) -> None:
    reactions = [await put(database, "reaction", target=7) for _ in range(2)]
    text = await put(database)
    assert await due(database) == [text]
    await end(database, text)
    assert await due(database) == [reactions[0]]


async def test_a_part_of_a_text_becomes_a_row_of_its_own_and_the_text_keeps_its_place(
    database: WatchedDatabase,
) -> None:
    number = await put(database, content={"texts": [1]}, reply_to=6)
    later = await put(database)
    for part, sent_id in ((0, 501), (1, 502)):
        (message,) = await database.read(lambda tx: messages.due(tx, NOON, busy_chats=(), most=1))
        assert (message.id, parts.part_of(message)) == (number, part)
        await begin(database, number)
        await end_part(database, message, sent_id)
    await begin(database, number)
    await end(database, number, sent_id=503)
    assert await due(database) == [later]
    sent = "SELECT sent_id, reply_to FROM messages WHERE state = 'sent' ORDER BY sent_id"
    assert [tuple(row) for row in await rows(database, sent)] == [(501, 6), (502, None), (503, 6)]


async def test_the_end_of_a_part_is_written_once_and_not_by_another_process(
    database: WatchedDatabase,
) -> None:
    number = await put(database, content={})
    (message,) = await database.read(lambda tx: messages.due(tx, NOON, busy_chats=(), most=1))
    await begin(database, number)
    await end_part(database, message, 501, by="another process")
    assert await states(database) == ["sending"]
    for _ in range(2):  # the answer to the first may have got lost
        await end_part(database, message, 501)
    assert await states(database) == ["waiting", "sent"]


async def test_what_went_out_lately_is_told_with_what_may_be_on_its_way(database: WatchedDatabase) -> None:
    moments = {}
    for chat, state, seconds in (
        (1, "sent", -70),
        (2, "sent", -50),
        (3, "unknown", -30),
        (4, "dropped", -20),
    ):
        moments[chat] = await put(database, chat_id=chat)
        await end(database, moments[chat], state, at=at(seconds))
    reaction = await put(database, "reaction", -5)
    await end(database, reaction, at=at(-10))
    await begin(database, await put(database, chat_id=6))
    await put(database, chat_id=7)
    gone = await database.read(lambda tx: messages.gone_since(tx, at(-60)))
    assert gone == [(2, "text", at(-50)), (3, "text", at(-30)), (-5, "reaction", at(-10)), (6, "text", NOON)]


async def test_no_more_than_asked_for_and_oldest_first(database: WatchedDatabase) -> None:
    numbers = [await put(database, chat_id=chat) for chat in (3, 2, 1)]
    assert await due(database, most=2) == numbers[:2]


async def test_a_message_that_waits_for_another_try_holds_up_the_later_ones_of_its_chat_only(
    database: WatchedDatabase,
) -> None:
    tried, later = await put(database, chat_id=1), await put(database, chat_id=1)
    other = await put(database, chat_id=2)
    await again(database, tried, 10)
    assert await due(database, at(9)) == [other]
    assert await due(database, at(10)) == [tried, other]
    assert await database.read(lambda tx: messages.next_due(tx, NOON)) == at(10)
    await end(database, tried)
    assert await due(database, at(10)) == [later, other]


async def test_a_message_put_off_on_purpose_holds_up_nobody(database: WatchedDatabase) -> None:
    deletion = await put(database, "delete", due=at(3600), target=7)
    text = await put(database)
    assert await due(database) == [text]
    await end(database, text)
    assert await due(database, at(3599)) == []
    assert await due(database, at(3600)) == [deletion]


async def test_an_answer_overtakes_even_what_waits_for_another_try(database: WatchedDatabase) -> None:
    tried = await put(database)
    await again(database, tried, 10)
    answer = await put(database, "answer")
    assert await due(database, at(5)) == [answer]


async def test_sending_begins_once_and_never_for_what_was_taken_back(database: WatchedDatabase) -> None:
    number = await put(database, dedup_id="expire:t")
    assert await begin(database, number)
    assert await begin(database, number)  # its first answer may have got lost
    assert not await begin(database, number, by="another process")
    assert await due(database) == []
    other = await put(database, dedup_id="expire:u")
    await database.write(lambda tx: messages.cancel(tx, "expire:u"))
    assert not await begin(database, other)
    assert await states(database) == ["sending", "dropped"]


async def test_what_is_being_sent_or_was_sent_cannot_be_taken_back(database: WatchedDatabase) -> None:
    sending, sent = await put(database, dedup_id="a"), await put(database, chat_id=2, dedup_id="b")
    await begin(database, sending)
    await end(database, sent, sent_id=9)
    for dedup_id in ("a", "b", "unknown"):
        await database.write(partial(messages.cancel, dedup_id=dedup_id))
    assert await states(database) == ["sending", "sent"]


async def test_the_next_part_is_due_though_the_clock_is_set_back(database: WatchedDatabase) -> None:
    number = await put(database)
    [message] = await database.read(lambda tx: messages.due(tx, NOON, busy_chats=(), most=9))
    await begin(database, number)
    ended = {"state": "sent", "sent_id": 5, "reason": None, "sent_at": at(30)}
    await database.write(lambda tx: parts.end(tx, message, ended, by="me"))
    await put(database)
    assert await due(database, at(10)) == [number]


async def test_after_each_crash_a_text_is_put_back_with_another_doubt(
    database: WatchedDatabase,
) -> None:
    number = await put(database)
    await begin(database, number)
    assert await database.write(lambda tx: recovering.recover(tx, at(1), by="next")) == (1, 0)
    assert await due(database, at(1)) == [number]
    await begin(database, number)
    assert await database.write(lambda tx: recovering.recover(tx, at(2), by="third")) == (1, 0)
    assert await scalar(database, "SELECT doubts FROM messages") == 2, "what the sender ends without a call"


async def test_a_text_in_doubt_before_the_crash_has_two_doubts_after_it(database: WatchedDatabase) -> None:
    number = await put(database)
    await begin(database, number)
    await again(database, number, 0, doubtful=True)
    await begin(database, number)
    assert await database.write(lambda tx: recovering.recover(tx, NOON, by="next")) == (1, 0)
    assert await scalar(database, "SELECT doubts FROM messages") == 2


async def test_after_a_crash_an_answer_to_a_press_is_given_up(database: WatchedDatabase) -> None:
    number = await put(database, "answer")
    await begin(database, number)
    assert await database.write(lambda tx: recovering.recover(tx, NOON, by="next")) == (0, 1)
    assert await states(database) == ["unknown"]


@pytest.mark.parametrize("kind", ["reaction", "edit", "delete"])
async def test_after_a_crash_what_can_be_repeated_is_repeated_however_often(
    database: WatchedDatabase, kind: str
) -> None:
    number = await put(database, kind, target=7)
    for _ in range(3):
        await begin(database, number)
        assert await database.write(lambda tx: recovering.recover(tx, NOON, by="next")) == (1, 0)
    assert await due(database) == [number]
    assert await database.read(messages.doubled) == 0


async def test_after_a_crash_an_answer_to_a_press_is_not_repeated(database: WatchedDatabase) -> None:
    await begin(database, await put(database, "answer"))
    assert await database.write(lambda tx: recovering.recover(tx, NOON, by="next")) == (0, 1)
    assert await states(database) == ["unknown"]


async def test_after_a_crash_what_was_repeated_goes_before_the_later_ones_of_its_chat(
    database: WatchedDatabase,
) -> None:
    first, second = await put(database), await put(database)
    await begin(database, first)
    await database.write(lambda tx: recovering.recover(tx, NOON, by="next"))
    assert await due(database) == [first]
    await end(database, first)
    assert await due(database) == [second]


async def test_texts_sent_twice_are_counted(database: WatchedDatabase) -> None:
    numbers = [await put(database, chat_id=chat) for chat in (1, 2)]
    await again(database, numbers[0], 0, doubtful=True)
    for number in numbers:
        await end(database, number, sent_id=number)
    assert await database.read(messages.doubled) == 1


async def test_the_outcome_keeps_the_chats_number_and_the_reason(database: WatchedDatabase) -> None:
    sent, failed = await put(database), await put(database, chat_id=2)
    await end(database, sent, sent_id=77)
    await end(database, failed, "failed", reason="too long")
    assert await database.read(lambda tx: sent_messages.sent_id(tx, sent)) == ("sent", 77)
    assert await database.read(lambda tx: sent_messages.sent_id(tx, failed)) == ("failed", None)
    assert await database.read(lambda tx: sent_messages.sent_id(tx, 404)) is None
    assert await scalar(database, "SELECT reason FROM messages WHERE id = :id", id=failed) == "too long"
    assert await database.read(messages.counts) == {"failed": 1}


async def test_a_later_edit_does_not_lose_the_number_of_what_was_sent(database: WatchedDatabase) -> None:
    number = await put(database)
    await end(database, number, sent_id=77)
    await end(database, number)
    assert await database.read(lambda tx: sent_messages.sent_id(tx, number)) == ("sent", 77)


async def test_a_message_whose_topic_is_gone_goes_to_the_general_one(database: WatchedDatabase) -> None:
    number = await put(database, thread_id=5)
    await database.write(lambda tx: messages.move_to_general(tx, number))
    assert await rows(database, "SELECT id, thread_id FROM messages") == [(number, None)]


async def test_for_a_chat_that_takes_nothing_all_that_waits_is_dropped(database: WatchedDatabase) -> None:
    sending = await put(database, chat_id=1)
    await begin(database, sending)
    await put(database, chat_id=1)
    await put(database, chat_id=2)
    dropped = await database.write(lambda tx: messages.drop_for_chat(tx, 1, at=NOON, reason="blocked"))
    assert dropped == 1
    assert await states(database) == ["sending", "dropped", "waiting"]


async def test_across_chats_answers_come_first_and_texts_last(database: WatchedDatabase) -> None:
    text = await put(database, "text", 1)
    reaction = await put(database, "reaction", 2)
    answer = await put(database, "answer", 3)
    found = await database.read(lambda tx: messages.due(tx, NOON, busy_chats=(), most=9))
    assert [message.id for message in found] == [answer, reaction, text]


async def test_what_this_process_is_sending_itself_is_not_taken_up(database: WatchedDatabase) -> None:
    await begin(database, await put(database), by="me")
    assert await database.write(lambda tx: recovering.recover(tx, NOON, by="me")) == (0, 0)
    assert await states(database) == ["sending"]


async def test_a_process_that_lost_its_message_to_another_cannot_say_how_it_ended(
    database: WatchedDatabase,
) -> None:
    number = await put(database)
    await begin(database, number, by="me")
    await database.write(lambda tx: recovering.recover(tx, NOON, by="next"))
    await begin(database, number, by="next")
    await end(database, number, "failed", by="me", reason="late")
    await again(database, number, 60)
    assert await states(database) == ["sending"]
    await end(database, number, by="next", sent_id=9)
    assert await database.read(lambda tx: sent_messages.sent_id(tx, number)) == ("sent", 9)


async def test_the_late_news_that_a_text_arrived_spares_its_repeat(database: WatchedDatabase) -> None:
    number = await put(database)
    await begin(database, number, by="me")
    await database.write(lambda tx: recovering.recover(tx, NOON, by="next"))
    await end(database, number, by="me", sent_id=9)
    assert await due(database) == []
    assert await database.read(lambda tx: sent_messages.sent_id(tx, number)) == ("sent", 9)


async def test_what_was_begun_a_moment_ago_may_still_be_on_its_way(database: WatchedDatabase) -> None:
    number = await put(database)
    await begin(database, number, by="another process")
    recover = partial(recovering.recover, now=at(20), by="me")
    assert await database.write(lambda tx: recover(tx, begun_before=at(-1))) == (0, 0)
    assert await database.write(lambda tx: recover(tx, begun_before=at(5))) == (1, 0)
