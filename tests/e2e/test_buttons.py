"""A thousand made-up tokens, and a press that meets the end of its proposal."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.telegram.messages import Message
from sandbox.telegram.queries import CallbackAnswer
from tests.e2e.wording import press_buttons, words
from tests.town import ADMIN, CHEN, GROUP, UNLISTED, Outside, Town, TownClock

ADDED = "SELECT name, added_by FROM sticker_sets"


async def presses_all(town: Town, message: Message, tokens: list[str]) -> None:
    """Forged presses in one go; each must be refused."""
    place = message.chat.id, message.message_id, ADMIN
    queries = [town.world.press_forged(*place, f"v1:add:{token}") for token in tokens]
    await town.settle()
    assert all(is_refusal(town.world.queries.answer_of(query)) for query in queries)


def is_refusal(answer: CallbackAnswer | None) -> bool:
    return answer is not None and (answer.text, answer.show_alert) == (words("error-stale-button"), True)


async def test_any_token_within_64_bytes_is_refused_and_breaks_nothing(town: Town) -> None:
    await town.sends(ADMIN, UNLISTED)
    proposal = town.last(ADMIN)
    texts = st.text(st.characters(codec="utf-8"), max_size=57)
    tokens = texts.filter(lambda token: len(token.encode()) <= 64 - len("v1:add:"))
    drawn: list[str] = []

    @settings(max_examples=1000, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(tokens)
    def draw(token: str) -> None:
        drawn.append(token)

    draw()
    assert len(drawn) >= 1000
    for start in range(0, len(drawn), 100):
        await presses_all(town, proposal, drawn[start : start + 100])
    assert await town.rows(ADDED) == []
    assert len(town.sent(ADMIN)) == 1
    assert await town.faults() == {}


async def test_a_press_that_comes_while_the_proposal_is_being_deleted_is_refused(
    outside: Outside, clock: TownClock
) -> None:
    async with outside.hub() as town:
        await town.sends(CHEN, UNLISTED, GROUP)
        proposal = town.last(GROUP)
    await clock.leap(86400 - 100)
    query = outside.world.press(GROUP, proposal.message_id, CHEN, press_buttons(proposal)[0])
    await clock.leap(101)
    async with outside.hub() as town:
        await town.settle()
        assert is_refusal(town.world.queries.answer_of(query))
        assert await town.rows(ADDED) == []
        assert not town.sent(GROUP)
