"""What admins decide: cards by buttons and reactions, and why not."""

from functools import partial

from sandbox.telegram.messages import Message
from tests.e2e.matrix.actors import OWNER, Spot
from tests.e2e.matrix.stage import Stage
from tests.e2e.matrix.traces import Traces
from tests.e2e.matrix.trial import Prepare, Ready, Trial
from tests.e2e.matrix.trials.proposing import asked, carded, undecided
from tests.e2e.matrix.trials.reading import saying, turning

OUTCOMES = {"approve": "approved", "reject": "rejected"}
REASON = "Too small a set"


def _decides(action: str, token: str, spot: Spot, traces: Traces) -> bool:
    decided = traces.has("approvals", token=token, state=OUTCOMES[action])
    listed = traces.has("sticker_sets") == (action == "approve")
    return decided and listed and traces.journaled(action, spot.actor.user_id)


async def _press(name: str, action: str, stage: Stage, spot: Spot) -> Ready:
    token, card = await carded(stage, spot)
    return Ready(
        lambda: stage.presses(spot, card, f"v1:{name}:{token}"), partial(_decides, action, token, spot)
    )


async def _react(emoji: str, action: str, stage: Stage, spot: Spot) -> Ready:
    token, card = await carded(stage, spot)
    return Ready(lambda: stage.reacts(spot, card, emoji), partial(_decides, action, token, spot))


async def _explain(stage: Stage, spot: Spot) -> Ready:
    """It was rejected there without a word, and the bot asks why."""
    token, question = await _unexplained(stage, spot)

    def effect(traces: Traces) -> bool:
        known = traces.has("approvals", token=token, reason=REASON)
        return known and traces.journaled("explain", spot.actor.user_id)

    return Ready(lambda: stage.says(spot, REASON, reply_to=question), effect)


async def _unexplained(stage: Stage, spot: Spot) -> tuple[str, Message]:
    for (token,) in await stage.town.rows(
        "SELECT token FROM approvals WHERE state = 'rejected' AND reason IS NULL"
    ):
        if known := stage.questions.get((str(token), spot.chat_id)):
            return str(token), known
    token, card = await carded(stage, spot)
    who = spot if spot.is_private else Spot(OWNER, spot.kind)
    async with stage.lifted(who):
        stage.presses(who, card, f"v1:no:{token}")
        await stage.rest()
    question = stage.questions[token, spot.chat_id] = stage.last(spot)
    return token, question


async def _pending(then: Prepare, stage: Stage, spot: Spot) -> Ready:
    """Something waits for a decision."""
    if not await stage.town.scalar("SELECT count(*) FROM approvals WHERE state = 'pending'"):
        await asked(stage)
    return await then(stage, spot)


async def _show_card(stage: Stage, spot: Spot) -> Ready:
    token = await undecided(stage)
    listed = await stage.surface(spot, "/pending")

    def effect(traces: Traces) -> bool:
        shown = traces.has("approval_cards", token=token, chat_id=spot.chat_id)
        return shown and traces.shows("approval-add", spot.chat_id)

    return Ready(lambda: stage.presses(spot, listed, f"v1:card:{token}"), effect)


DECIDES = partial(Trial, needs="admin", changes=True, by_service=True)
TRIALS = (
    Trial("command", "pending", partial(_pending, saying("/pending", "pending-found")), needs="admin"),
    Trial(
        "press",
        "pending",
        partial(_pending, turning("/pending", "pending:1", "pending-found")),
        needs="admin",
    ),
    Trial("press", "card", _show_card, needs="admin"),
    DECIDES("press", "yes", partial(_press, "yes", "approve")),
    DECIDES("press", "no", partial(_press, "no", "reject")),
    DECIDES("reaction", "👍", partial(_react, "👍", "approve"), case="on a card"),
    DECIDES("reaction", "👎", partial(_react, "👎", "reject"), case="on a card"),
    DECIDES("message", "reason", _explain, answer="unrecognised"),
)
