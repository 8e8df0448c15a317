"""What admins choose among several answers."""

from functools import partial

from sandbox.telegram.messages import Message
from services.flow.inquiries import Choice
from tests.e2e.council import button
from tests.e2e.inquiring import ask, put, taking
from tests.e2e.matrix.actors import COUNCIL, Spot
from tests.e2e.matrix.stage import Stage
from tests.e2e.matrix.traces import Traces
from tests.e2e.matrix.trial import Ready, Trial
from tests.e2e.matrix.trials.proposing import shown_there

CHOICES = tuple(Choice(f"C{number}", f"Stage {number}") for number in range(9))


async def _unanswered(stage: Stage) -> str:
    """What waits for an answer, as the buttons of its card name it: asked unless something waits still."""
    for (token,) in await stage.town.rows("SELECT token FROM inquiries WHERE state = 'open'"):
        if (str(token), COUNCIL) in stage.cards:
            return str(token)
    taking(stage.town)
    await put(stage.town, ask(f"k{stage.number()}", choices=CHOICES))
    await stage.rest()
    card = stage.town.last(COUNCIL)
    token = button(card, "pick").split(":")[2]
    stage.cards[token, COUNCIL] = card
    return token


async def _carded(stage: Stage, spot: Spot) -> tuple[str, Message]:
    token = await _unanswered(stage)
    return token, await shown_there(stage, spot, token)


async def _pick(stage: Stage, spot: Spot) -> Ready:
    token, card = await _carded(stage, spot)

    def effect(traces: Traces) -> bool:
        answered = traces.has("inquiries", token=token, state="answered", chosen=0)
        return answered and traces.journaled("answer", spot.actor.user_id)

    return Ready(lambda: stage.presses(spot, card, f"v1:pick:{token}:1:0"), effect)


async def _turn(stage: Stage, spot: Spot) -> Ready:
    token, card = await _carded(stage, spot)
    return Ready(
        lambda: stage.presses(spot, card, f"v1:turn:{token}:2"),
        lambda traces: traces.shows("page", spot.chat_id),
    )


CHOOSES = partial(Trial, "press", needs="admin")
TRIALS = (
    CHOOSES("turn", _turn),
    CHOOSES("pick", _pick, changes=True, by_service=True),
)
