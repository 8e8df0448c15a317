"""Chats that change under the bot: hidden administrators, migrations, blocks, kicks, deleted messages."""

import pytest

from sandbox.telegram.messages import Message
from services.version import VERSION
from tests.e2e.council import OFFICE, council
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, UNLISTED, Outside, Town, TownClock

FLOOD = 30  # seconds that a 429 of these tests asks for


def sticker_from(town: Town, who: int, chat: int, name: str = UNLISTED) -> Message:
    """A sticker that the hub has not heard of yet."""
    return town.world.send_sticker(chat, who, town.world.library.sets[name.lower()].stickers[0])


async def chat_row(town: Town, chat: int) -> tuple[object, ...]:
    """(active, bot_status, moved_to) of a chat."""
    [row] = await town.rows("SELECT active, bot_status, moved_to FROM chats WHERE chat_id = :chat", chat=chat)
    return row


async def states(town: Town, chat: int) -> list[str]:
    """What became of each message to a chat."""
    found = await town.rows("SELECT state FROM messages WHERE chat_id = :chat ORDER BY id", chat=chat)
    return [str(state) for (state,) in found]


async def test_a_hidden_administrators_sticker_works_like_any_other(town: Town) -> None:
    await town.lists(LISTED)
    listed = await town.sends(ADMIN, LISTED, GROUP, anonymous=True)
    assert town.reaction(listed) == "👌"
    unlisted = await town.sends(ADMIN, UNLISTED, GROUP, anonymous=True)
    [proposal] = town.sent(GROUP)
    assert (head(proposal), proposal.reply_to) == (words("proposal"), unlisted)


@pytest.mark.parametrize("command", ["/stats", "/errors", "/stats@switchboard_demo_bot"])
async def test_a_hidden_administrator_gets_no_figures_but_a_hint(town: Town, command: str) -> None:
    await town.says(ADMIN, command, GROUP, anonymous=True)
    assert [message.text for message in town.sent(GROUP)] == [words("error-anonymous")]
    assert not town.sent(ADMIN)


async def test_a_hidden_administrators_press_names_the_person(town: Town) -> None:
    await town.sends(ADMIN, UNLISTED, GROUP, anonymous=True)
    await town.presses(ADMIN, town.last(GROUP))  # Telegram tells who pressed, hidden or not
    assert await town.rows("SELECT added_by FROM sticker_sets") == [(ADMIN,)]
    assert await town.rows("SELECT actor FROM journal") == [(f"user:{ADMIN}",)]


async def test_a_hidden_administrators_thumb_adds_nothing(town: Town) -> None:
    await town.sends(CHEN, UNLISTED, GROUP)
    await town.reacts(ADMIN, town.last(GROUP), "👍", anonymous=True)
    assert await town.scalar("SELECT count(*) FROM sticker_sets") == 0
    assert len(town.sent(GROUP)) == 1


async def test_a_group_that_became_a_supergroup_goes_on_under_its_new_number(town: Town) -> None:
    old = town.world.add_group("Small Fans", [ADMIN, CHEN], chat_type="group")
    await town.sends(CHEN, UNLISTED, old.id)
    assert head(town.last(old.id)) == words("proposal")
    new = town.world.migrate(old.id)
    await town.settle()
    assert await chat_row(town, old.id) == (0, None, new.id)
    assert (await chat_row(town, new.id))[0] == 1
    await town.says(CHEN, "/version", new.id)
    assert len(town.sent(new.id)) == 1
    assert await town.faults() == {}


async def test_a_text_refused_because_the_group_moved_arrives_in_the_new_chat_once(town: Town) -> None:
    world = town.world
    old = world.add_group("Small Fans", [ADMIN, CHEN], chat_type="group")
    new = world.add_group("Small Fans", [ADMIN, CHEN])
    sticker_from(town, CHEN, old.id)
    old.migrated_to = new.id  # the service messages have not come yet
    await town.settle()
    assert not town.sent(old.id)
    [proposal] = town.sent(new.id)
    assert head(proposal) == words("proposal")
    assert [call.applied for call in world.ledger.of("sendMessage")] == [False, True]
    answer = await town.presses(CHEN, proposal)
    assert answer is not None
    assert answer.text == words("added")
    assert head(town.last(new.id)) == words("added")
    assert not world.ledger.of("setMessageReaction")  # its message stayed behind
    assert await town.faults() == {}


async def test_all_that_waits_for_a_moved_group_arrives_in_the_new_chat_in_order(
    town: Town, clock: TownClock
) -> None:
    world = town.world
    old = world.add_group("Small Fans", [ADMIN, CHEN], chat_type="group")
    world.faults.add("429", "sendMessage", times=1, retry_after=FLOOD)
    sticker_from(town, CHEN, old.id)
    world.send_text(old.id, CHEN, "/version")
    await town.rest()
    new = world.migrate(old.id)
    await clock.advance(FLOOD + 1)
    assert not town.sent(old.id)
    told = [words("proposal"), words("version", version=VERSION)]
    assert [head(message) for message in town.sent(new.id)] == told


async def test_who_blocked_the_bot_gets_nothing_until_they_let_it_in_again(
    town: Town, clock: TownClock
) -> None:
    world = town.world
    world.faults.add("429", "sendMessage", times=1, retry_after=FLOOD)
    sticker_from(town, BORIS, BORIS)
    world.send_text(BORIS, BORIS, "/version")
    await town.rest()
    world.person(BORIS).blocked = True  # Telegram's word of it comes later, or never
    await clock.advance(FLOOD + 1)
    refused = [call for call in world.ledger.of("sendMessage") if call.status == 403]
    assert len(refused) == 1
    assert await states(town, BORIS) == ["dropped", "dropped"]
    assert (await chat_row(town, BORIS))[0] == 0
    world.unblock(BORIS)
    await town.settle()
    assert await chat_row(town, BORIS) == (1, "member", None)
    await town.says(BORIS, "/version")
    assert len(town.sent(BORIS)) == 1
    assert "telegram.text_failed" not in await town.faults()


async def test_a_block_that_telegram_tells_of_closes_the_chat(town: Town) -> None:
    await town.says(BORIS, "/version")
    town.world.block(BORIS)
    await town.settle()
    assert await chat_row(town, BORIS) == (0, "kicked", None)
    assert await town.faults() == {}


async def test_out_of_a_group_the_bot_sends_nothing_and_back_in_it_answers(
    town: Town, clock: TownClock
) -> None:
    world = town.world
    world.faults.add("429", "sendMessage", times=1, retry_after=FLOOD)
    sticker_from(town, CHEN, GROUP)
    await town.rest()
    world.kick_bot(GROUP)
    await town.rest()
    assert await chat_row(town, GROUP) == (0, "kicked", None)
    await clock.advance(FLOOD + 60)
    assert not town.sent(GROUP)
    assert set(await states(town, GROUP)) == {"dropped"}
    assert len(world.ledger.of("sendMessage")) <= 2
    world.add_bot(GROUP)
    world.promote_bot(GROUP)
    await town.settle()
    assert await chat_row(town, GROUP) == (1, "administrator", None)
    before = [message.text for message in town.sent(GROUP)]
    assert before == [words("rights-stickers")]  # as it came back it was no administrator yet
    await town.says(CHEN, "/version", GROUP)
    assert len(town.sent(GROUP)) == 2


async def test_a_deleted_sticker_still_gets_its_proposal_and_outcome_without_a_reply(town: Town) -> None:
    sticker = sticker_from(town, CHEN, CHEN)
    town.world.delete(CHEN, sticker.message_id)
    await town.settle()
    [proposal] = town.sent(CHEN)
    assert proposal.reply_to is None
    await town.presses(CHEN, proposal)
    assert head(town.last(CHEN)) == words("added")
    assert town.last(CHEN).reply_to is None
    [reaction] = town.world.ledger.of("setMessageReaction")
    assert not reaction.applied
    assert await town.faults() == {}  # nothing that anybody could mend


async def test_a_deleted_listed_sticker_in_a_group_is_no_fault(town: Town) -> None:
    await town.lists(LISTED)
    sticker = sticker_from(town, CHEN, GROUP, LISTED)
    town.world.delete(GROUP, sticker.message_id)
    await town.settle()
    assert not town.sent(GROUP)
    assert await town.faults() == {}
    again = await town.sends(CHEN, LISTED, GROUP)
    assert town.reaction(again) == "👌"  # and taken for no refusal of the chat


async def test_a_deleted_proposal_can_still_be_accepted_from_an_old_screen(town: Town) -> None:
    await town.sends(CHEN, UNLISTED, GROUP)
    proposal = town.last(GROUP)
    press = town.world.press_forged(GROUP, proposal.message_id, CHEN, press_buttons(proposal)[0])
    town.world.delete(GROUP, proposal.message_id)
    await town.settle()
    answer = town.world.queries.answer_of(press)
    assert answer is not None
    assert answer.text == words("added")
    assert await town.scalar("SELECT count(*) FROM sticker_sets") == 1
    assert await town.faults() == {}


async def test_where_admins_work_a_command_that_fails_is_answered(outside: Outside) -> None:
    async with council(outside) as town:
        await town.says(ADMIN, "/remove Nothing_by_bot", OFFICE)
        assert town.last(OFFICE).text == words("error-not-listed")
        town.world.faults.add("500", "getStickerSet", seconds=60)
        await town.says(BORIS, f"/check {UNLISTED}", OFFICE)
        assert town.last(OFFICE).text == words("error-gallery-unavailable", "ru")


async def test_where_admins_work_a_refusal_and_what_is_no_command_stay_unanswered(outside: Outside) -> None:
    async with council(outside) as town:
        town.world.join(OFFICE, CHEN)
        town.world.faults.add("500", "getStickerSet", seconds=60)
        before = len(town.sent(OFFICE))
        await town.says(CHEN, f"/remove {LISTED}", OFFICE)
        await town.sends(CHEN, UNLISTED, OFFICE)
        assert len(town.sent(OFFICE)) == before


async def test_in_other_groups_a_command_that_fails_stays_unanswered(outside: Outside) -> None:
    async with council(outside) as town:
        await town.says(ADMIN, f"/remove@{town.world.bot.username} Nothing_by_bot", GROUP)
        assert town.sent(GROUP) == []


@pytest.mark.parametrize("automatic", [True, False])
async def test_a_channels_post_in_its_group_is_no_hidden_administrator(town: Town, automatic: bool) -> None:
    post = {
        "message_id": 900,
        "date": int(town.clock.now().timestamp()),
        "chat": {"id": GROUP, "type": "supergroup", "title": "Sticker Fans"},
        "from": {"id": 777000, "is_bot": False, "first_name": "Telegram"},
        "sender_chat": {"id": -1001234567890, "type": "channel", "title": "News"},
        "text": "/stats of the week",
        "entities": [{"type": "bot_command", "offset": 0, "length": 6}],
    }
    await town.gets({"message": post | ({"is_automatic_forward": True} if automatic else {})})
    assert town.sent(GROUP) == []
