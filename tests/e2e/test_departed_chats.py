"""A chat that the bot had to leave gets nothing more."""

from tests.town import BORIS, Town


async def test_what_waits_for_a_chat_is_dropped_when_the_bot_is_shut_out(town: Town) -> None:
    town.world.faults.add("429", "sendMessage", retry_after=3600, chat_id=BORIS)
    await town.sends(BORIS, "MoonDogs")
    assert await town.rows("SELECT state FROM messages WHERE kind = 'text'") == [("waiting",)]
    town.world.block(BORIS)
    await town.settle()
    assert await town.rows("SELECT state FROM messages WHERE kind = 'text'") == [("dropped",)]
    assert not town.sent(BORIS)
