"""Texts longer than a message: several messages in order and without gaps, whatever fails between."""

from functools import partial

import msgspec
import pytest
from sqlalchemy import Update, func, select, update

from sandbox.telegram.ledger import Call
from services.flow.items import Link
from services.flow.messages import Content, Text
from services.flow.places import Place
from storage.parts import PART
from storage.tables import messages
from tests.e2e.posting import Post, line, post, work
from tests.town import CHEN, Outside, Town, TownClock

LONG = "\n".join(f"row {number} of a long table" for number in range(400))  # about 10,000 characters
HELP = Link("open-set", "https://example.com/help")


def long_content(**more: object) -> Content:
    return Content((Text("line-plain", {"title": LONG}),), **more)  # type: ignore[arg-type]


def lines(town: Town, chat: int) -> list[str]:
    """All lines of the bot's messages in a chat, in order."""
    return [each for message in town.sent(chat) for each in message.text.split("\n")]


def applied(town: Town, chat: int = CHEN) -> list[Call]:
    return [
        call for call in town.world.ledger.of("sendMessage", applied=True) if call.params["chat_id"] == chat
    ]


def have_come(town: Town, count: int) -> bool:
    return len(applied(town)) >= count


EXPECTED = f"• {LONG}".split("\n")


async def test_a_long_text_arrives_as_several_messages_cut_between_lines(town: Town) -> None:
    await post(town, [Post(CHEN, long_content())])
    await town.settle()
    assert len(town.sent(CHEN)) == 3
    assert lines(town, CHEN) == EXPECTED
    assert all(len(message.text) <= 4096 for message in town.sent(CHEN))


async def test_the_first_part_is_the_reply_and_the_last_has_the_buttons(town: Town) -> None:
    asked = await town.says(CHEN, "/version")
    await post(town, [Post(CHEN, long_content(links=(HELP,)), answers=asked.message_id)])
    await town.settle()
    _, *parts = town.sent(CHEN)
    assert [message.reply_to for message in parts] == [asked, None, None]
    assert [bool(message.buttons) for message in parts] == [False, False, True]


async def test_what_is_written_after_a_long_text_comes_after_all_of_it(town: Town) -> None:
    await post(town, [Post(CHEN, long_content()), Post(CHEN, line("afterwards"))])
    await town.settle()
    assert lines(town, CHEN) == [*EXPECTED, "• afterwards"]


async def test_each_message_of_it_is_a_row(town: Town) -> None:
    await post(town, [Post(CHEN, long_content())])
    await town.settle()
    sent = {message.message_id for message in town.sent(CHEN)}
    rows = await town.rows("SELECT sent_id FROM messages WHERE state = 'sent' AND chat_id = :chat", chat=CHEN)
    assert {number for (number,) in rows} == sent


async def test_only_a_lost_part_is_repeated(town: Town, clock: TownClock) -> None:
    await post(town, [Post(CHEN, line("before"))])
    await town.settle()
    town.world.faults.add("lost_answer", "sendMessage", times=1)
    await post(town, [Post(CHEN, long_content())])
    await clock.advance(60)
    first, again, *_ = town.sent(CHEN)[1:]
    assert first.text == again.text
    assert len(applied(town)) == 5
    assert await town.rows("SELECT doubts, count(*) FROM messages WHERE state = 'sent' GROUP BY doubts") == [
        (0, 3),
        (1, 1),
    ]


async def test_a_part_that_nobody_knows_of_does_not_keep_the_others(town: Town, clock: TownClock) -> None:
    town.world.faults.add("lost_answer", "sendMessage", times=2)
    await post(town, [Post(CHEN, long_content(links=(HELP,))), Post(CHEN, line("afterwards"))])
    await clock.advance(120)
    first, again, *others = town.sent(CHEN)
    assert first.text == again.text
    assert "\n".join(each.text for each in (first, *others)).split("\n") == [*EXPECTED, "• afterwards"]
    assert others[1].buttons
    assert await town.rows("SELECT state, count(*) FROM messages GROUP BY state ORDER BY state") == [
        ("sent", 3),
        ("unknown", 1),
    ]
    assert (await town.faults())["telegram.text_unknown"] == 1


async def test_each_part_may_be_repeated(town: Town, clock: TownClock) -> None:
    await post(town, [Post(CHEN, long_content()), Post(CHEN, line("afterwards"))])
    town.world.faults.add("500", "sendMessage", times=1)
    for count in range(4):
        await clock.run_until(partial(have_come, town, count + 1))
        town.world.faults.add("lost_answer", "sendMessage", times=1)
    await clock.advance(60)
    texts = list(dict.fromkeys(message.text for message in town.sent(CHEN)))
    assert "\n".join(texts).split("\n") == [*EXPECTED, "• afterwards"]
    assert await town.scalar("SELECT count(*) FROM messages WHERE state <> 'sent'") == 0


async def test_a_restart_in_the_middle_goes_on_with_the_next_part(outside: Outside, clock: TownClock) -> None:
    async with outside.hub() as town:
        await town.says(CHEN, "/version")
        town.world.faults.add("slow", "sendMessage", times=1, delay=1)
        await post(town, [Post(CHEN, long_content()), Post(CHEN, line("afterwards"))])
        await town.rest()
        town.world.faults.add("429", "sendMessage", times=1, retry_after=60)
        await clock.advance(2)
        assert len(applied(town)) == 2
    async with outside.hub() as town:
        await clock.advance(62)
        assert lines(town, CHEN)[1:] == [*EXPECTED, "• afterwards"]
        assert len(applied(town)) == 5


@pytest.mark.parametrize("out", [0, 1, 2])
async def test_a_part_during_whose_repeat_the_process_ended_does_not_keep_the_others(
    outside: Outside, clock: TownClock, out: int
) -> None:
    async with outside.hub() as town:
        town.world.faults.add("429", "sendMessage", times=1, retry_after=30)
        await post(town, [Post(CHEN, long_content(links=(HELP,))), Post(CHEN, line("afterwards"))])
        await town.rest()
        await town.switchboard.hub.database.write(lambda tx: tx.execute(_ended_in_a_repeat(out)))
    async with outside.hub() as town:
        await clock.advance(60)
        parts = [message.text for message in town.sent(CHEN)]
        assert len(parts) == 3 - out, "the last two of three, or what is left of them, and what came after"
        assert "\n".join(parts) in "\n".join([*EXPECTED, "• afterwards"])
        assert await town.scalar("SELECT count(*) FROM messages WHERE state = 'unknown'") == 1
        assert (await town.faults())["telegram.text_unknown"] == 1
        assert applied(town)[-1].params["text"] == "• afterwards"


def _ended_in_a_repeat(out: int) -> Update:
    """Of the long text so many messages are out; the next was on its way a second time."""
    text = update(messages).where(messages.c.id == select(func.min(messages.c.id)).scalar_subquery())
    content = msgspec.to_builtins(long_content(links=(HELP,))) | {PART: out}
    return text.values(state="sending", sender="another process", doubts=1, content=content)


async def test_an_edit_of_a_long_text_is_cut_and_changes_the_message_with_the_buttons(town: Town) -> None:
    hub, place = town.switchboard.hub, Place(CHEN, private=True, language="en")
    await post(town, [Post(CHEN, long_content(links=(HELP,)))])
    await town.settle()
    row = int(str(await town.scalar("SELECT min(id) FROM messages")))
    kept = [message.text for message in town.sent(CHEN)]
    await work(town, lambda tx, job: hub.messages.edit(tx, job, place, long_content(), row=row))
    await town.settle()
    first, second, last = town.sent(CHEN)
    assert [first.text, second.text] == kept[:2]
    assert last.text.endswith("…")
    assert last.text[:-1] in f"• {LONG}"
    assert 3900 < len(last.text) <= 4096
    assert not last.buttons
