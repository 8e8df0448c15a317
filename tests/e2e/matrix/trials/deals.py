"""Deals of a partner's portal: what staff look up, and what admins have done about them."""

from functools import partial

from services.deals.model import DEAL
from tests.e2e.matrix.actors import OWNER, Spot
from tests.e2e.matrix.stage import Stage
from tests.e2e.matrix.traces import Traces
from tests.e2e.matrix.trial import Ready, Trial
from tests.e2e.matrix.trials.operating import asks, lacking_fields
from tests.e2e.matrix.trials.reading import saying


def new_deal(stage: Stage) -> int:
    """A deal of the partner's that has no twin."""
    return stage.partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID="C1:NEW")


async def _deal(stage: Stage, spot: Spot) -> Ready:
    await stage.make_room(spot)
    key = f"{stage.partner.domain}/{new_deal(stage)}"

    def effect(traces: Traces) -> bool:
        row = traces.has("proposals", chat_id=spot.chat_id, kind=DEAL, key=key)
        return row and traces.shows("proposal-new-deal", spot.chat_id)

    return Ready(lambda: stage.says(spot, f"/deal {key}"), effect)


async def _preview(stage: Stage, spot: Spot) -> Ready:
    """Below a deal that an admin asked for there."""
    known = stage.previewed.get(spot.chat_id)
    if known is None:
        await stage.make_room(spot)
        who = spot if spot.is_private else Spot(OWNER, spot.kind)
        async with stage.lifted(who):
            known = await stage.asks(who, f"/deal {stage.partner.domain}/{new_deal(stage)}")
        stage.previewed[spot.chat_id] = known
    return Ready(
        lambda: stage.presses(spot, known, "v1:preview"),
        lambda traces: traces.shows("preview-head", spot.chat_id),
    )


async def _fields(stage: Stage, spot: Spot) -> Ready:
    """The home portal lacks fields that the built-in mapping names."""
    data = await lacking_fields(stage)
    shown = await stage.surface(spot)
    question = asks("fields", "fields-question", spot)
    return Ready(lambda: stage.presses(spot, shown, data), question)


LOOKS_UP = partial(Trial, needs="staff")
DOES = partial(Trial, needs="admin", changes=True)
TRIALS = (
    LOOKS_UP("command", "deal", _deal, by_service=True),
    LOOKS_UP("press", "preview", _preview),
    DOES("command", "resync", saying("/resync deals", "resync-begun")),
    DOES("command", "reload", saying("/reload", "mapping-same")),
    DOES("press", "fields", _fields),
)
