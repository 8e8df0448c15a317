"""An outage of everything, and a proposal whose sending nobody can be sure of."""

from tests.e2e.wording import press_buttons, words
from tests.town import BORIS, CHEN, GROUP, UNLISTED, Town, TownClock


async def test_a_lost_answer_of_a_proposal_leaves_both_copies_harmless(town: Town, clock: TownClock) -> None:
    town.world.faults.add("lost_answer", "sendMessage", times=1, chat_id=GROUP)
    await town.sends(BORIS, UNLISTED, GROUP)
    await clock.advance(5)
    await town.settle()
    lost, known = town.sent(GROUP)
    assert press_buttons(known) == press_buttons(lost)
    first = await town.presses(CHEN, lost)
    again = await town.presses(BORIS, lost)  # the hub knows of one copy only and cannot close the other
    assert first is not None
    assert again is not None
    assert (first.text, again.text) == (words("added"), words("added-by", "ru", name="Chen"))
    assert not known.buttons
    assert await town.scalar("SELECT count(*) FROM journal") == 1


async def test_an_outage_of_everything_loses_nothing(town: Town, clock: TownClock) -> None:
    town.world.faults.add("502", seconds=300)
    for who in (BORIS, CHEN):
        for _ in range(3):
            town.world.send_text(who, who, "/version")
    await clock.advance(300)
    await clock.advance(120)
    await town.settle()
    assert (len(town.sent(BORIS)), len(town.sent(CHEN))) == (3, 3)
    assert await town.scalar("SELECT count(*) FROM messages WHERE doubts > 0") == 0
