"""Reactions: only permitted ones are sent, and what a chat takes is learnt once."""

import pytest

from sandbox.telegram.messages import Message
from tests.e2e.wording import head, words
from tests.town import BORIS, CHEN, GROUP, LISTED, UNLISTED, Outside, Town, TownClock

OTHER = "SunCats"


def reactions_tried(town: Town, message: Message | None = None) -> list[str]:
    """The emoji of each call in the group, or for one message of it."""
    calls = [call.params for call in town.world.ledger.of("setMessageReaction")]
    wanted = [each for each in calls if each["chat_id"] == GROUP]
    return [
        each["reaction"][0]["emoji"]
        for each in wanted
        if message is None or each["message_id"] == message.message_id
    ]


def permit(town: Town, *emoji: str) -> None:
    """The group's administrators allow these reactions and no others."""
    town.world.chat(GROUP).available_reactions = list(emoji)


@pytest.mark.parametrize(
    ("configured", "used"),
    [
        (None, "👌"),  # the default begins with ✅, which no bot may use
        ("✅", "👌"),
        ("✅,❌,☑️,🚀", "👌"),
        ("✅,🔥,👍", "🔥"),
        ("❤️", "❤"),  # as keyboards type it, and as Telegram spells it
        ("🤷‍♂️", "🤷‍♂"),
    ],
)
async def test_only_a_permitted_reaction_is_ever_sent(
    outside: Outside, configured: str | None, used: str
) -> None:
    async with outside.hub(REACTION_EXISTS=configured or "") as town:
        await town.lists(LISTED)
        sticker = await town.sends(BORIS, LISTED, GROUP)
        assert town.reaction(sticker) == used
        assert len(reactions_tried(town)) == 1
        assert not town.world.ledger.of("setMessageReaction", applied=False)
        assert await town.faults() == {}


async def test_a_refused_reaction_is_replaced_once_and_the_next_sticker_goes_straight_to_it(
    town: Town,
) -> None:
    await town.lists(LISTED)
    permit(town, "👍", "🔥")
    first = await town.sends(BORIS, LISTED, GROUP)
    assert reactions_tried(town, first) == ["👌", "👍"]
    assert town.reaction(first) == "👍"
    second = await town.sends(CHEN, LISTED, GROUP)
    assert reactions_tried(town, second) == ["👍"]
    assert town.reaction(second) == "👍"
    assert not town.sent(GROUP)
    assert await town.faults() == {}


async def test_what_one_chat_refuses_is_still_tried_in_another(town: Town) -> None:
    await town.lists(LISTED)
    permit(town, "👍")
    await town.sends(BORIS, LISTED, GROUP)
    other = town.world.add_group("Elsewhere", [BORIS])
    sticker = await town.sends(BORIS, LISTED, other.id)
    assert town.reaction(sticker) == "👌"


@pytest.mark.parametrize("allowed", [(), ("🔥", "🎉")])
async def test_where_both_are_refused_nothing_is_said_and_nothing_tried_again(
    town: Town, allowed: tuple[str, ...]
) -> None:
    await town.lists(LISTED)
    permit(town, *allowed)
    first = await town.sends(BORIS, LISTED, GROUP)
    assert reactions_tried(town, first) == ["👌", "👍"]
    for who in (BORIS, CHEN, BORIS):
        await town.sends(who, LISTED, GROUP)
    assert len(reactions_tried(town)) == 2
    assert not town.sent(GROUP)
    assert await town.faults() == {"telegram.reaction_dropped": 1}


async def test_a_chat_that_takes_no_reactions_still_gets_proposals_and_outcomes(town: Town) -> None:
    permit(town)
    await town.sends(CHEN, UNLISTED, GROUP)
    await town.presses(CHEN, town.last(GROUP))
    assert [head(message) for message in town.sent(GROUP)][1:] == [words("added")]
    assert len(reactions_tried(town)) == 2


async def test_after_a_week_a_chat_is_asked_afresh(town: Town, clock: TownClock) -> None:
    await town.lists(LISTED)
    permit(town, "👍")
    await town.sends(BORIS, LISTED, GROUP)
    permit(town, "👌", "👍")
    await clock.leap(8 * 86400)
    sticker = await town.sends(BORIS, LISTED, GROUP)
    assert town.reaction(sticker) == "👌"


async def test_a_chat_that_changed_its_mind_gets_the_other_one(town: Town) -> None:
    await town.lists(LISTED)
    permit(town, "👍")
    await town.sends(BORIS, LISTED, GROUP)
    permit(town, "👌")
    sticker = await town.sends(BORIS, LISTED, GROUP)
    assert reactions_tried(town, sticker) == ["👍", "👌"]
    again = await town.sends(BORIS, LISTED, GROUP)
    assert reactions_tried(town, again) == ["👌"]


async def test_a_message_that_is_full_of_reactions_says_nothing_about_the_chat(town: Town) -> None:
    await town.lists(LISTED)
    world = town.world
    full = world.send_sticker(GROUP, BORIS, world.library.sets[LISTED.lower()].stickers[0])
    world.chat(GROUP).max_reaction_count = 1
    world.react(GROUP, full.message_id, CHEN, ["🔥"])
    await town.settle()
    assert town.reaction(full) is None
    sticker = await town.sends(BORIS, LISTED, GROUP)
    assert town.reaction(sticker) == "👌"
    assert not town.sent(GROUP)
