"""What everybody may ask about and ask to add; admins add at once, others ask."""

from collections.abc import Awaitable, Callable
from functools import partial

from sandbox.telegram.messages import Message
from services.gallery.item import STICKER_SET
from tests.e2e.council import button
from tests.e2e.matrix.actors import ASKER, COUNCIL, OWNER, Spot
from tests.e2e.matrix.stage import Stage
from tests.e2e.matrix.traces import Traces
from tests.e2e.matrix.trial import Prepare, Ready, Trial

LINK = "https://t.me/addstickers/"
Ask = Callable[[Stage], Awaitable[Message]]  # gives the card in the admins' group


async def proposed(stage: Stage, spot: Spot) -> tuple[str, Message]:
    """A set that is proposed there: its name, and the message with the button."""
    name = await room_for(stage, spot)
    stage.sends(Spot(OWNER, spot.kind) if not spot.is_private else spot, name)
    await stage.rest()
    return name, stage.last(spot)


async def room_for(stage: Stage, spot: Spot) -> str:
    """A new set, for which there is room."""
    await stage.make_room(spot)
    return stage.new_set()


async def asked(stage: Stage) -> Message:
    """A card in the admins' group about what somebody asked for elsewhere."""
    home = Spot(ASKER, "private")
    _, proposal = await proposed(stage, home)
    stage.presses(home, proposal, button(proposal, "add"))
    await stage.rest()
    return stage.town.last(COUNCIL)


async def undecided(stage: Stage, kind: str = STICKER_SET, ask: Ask = asked) -> str:
    """What waits for a decision, as the buttons of its card name it: asked for unless something waits still.

    Its card among the admins, and where it was shown since, is among the stage's.
    """
    query = "SELECT token FROM approvals WHERE state = 'pending' AND kind = :kind"
    for (token,) in await stage.town.rows(query, kind=kind):
        if (str(token), COUNCIL) in stage.cards:
            return str(token)
    card = await ask(stage)
    token = button(card, "yes").split(":")[-1]
    stage.cards[token, COUNCIL] = card
    return token


async def carded(stage: Stage, spot: Spot, kind: str = STICKER_SET, ask: Ask = asked) -> tuple[str, Message]:
    """A card there: what it is about, and the message. Who may not decide leaves it to the next."""
    token = await undecided(stage, kind, ask)
    return token, await shown_there(stage, spot, token)


async def shown_there(stage: Stage, spot: Spot, token: str) -> Message:
    """The card of what waits, there: sent by its button in /pending if that chat has none."""
    known = token, spot.chat_id
    if known not in stage.cards:
        shown = await stage.surface(spot)
        who = spot if spot.is_private else Spot(OWNER, spot.kind)
        async with stage.lifted(who):
            stage.presses(who, shown, f"v1:card:{token}")
            await stage.rest()
        stage.cards[known] = stage.last(spot)
    return stage.cards[known]


def _offers(name: str, chat_id: int, traces: Traces) -> bool:
    return traces.has("proposals", chat_id=chat_id, key=name) and traces.shows("proposal", chat_id)


def _takes(name: str, spot: Spot, traces: Traces) -> bool:
    """Added by an admin, asked for by anybody else."""
    if spot.actor.role == "admin":
        listed = traces.has("sticker_sets", name=name, added_by=spot.actor.user_id)
        return listed and traces.journaled("add", spot.actor.user_id)
    pending = traces.has("approvals", key=name, state="pending", asker=spot.actor.user_id)
    return pending and "sticker_sets" not in traces.new and traces.shows("approval-add", COUNCIL)


async def _sticker(stage: Stage, spot: Spot) -> Ready:
    name = await room_for(stage, spot)
    return Ready(lambda: stage.sends(spot, name), partial(_offers, name, spot.chat_id))


def _asking(words: str) -> Prepare:
    async def prepare(stage: Stage, spot: Spot) -> Ready:
        name = await room_for(stage, spot)
        said = words.format(name=name, link=f"{LINK}{name}", bot=stage.world.bot.username)
        return Ready(lambda: stage.says(spot, said), partial(_offers, name, spot.chat_id))

    return prepare


async def _look(stage: Stage, spot: Spot) -> Ready:
    """A link was seen that nobody asked the bot about."""
    name = await room_for(stage, spot)
    there = spot if spot.is_private else Spot(OWNER, spot.kind)
    seen = stage.says(there, f"look: {LINK}{name}")
    return Ready(lambda: stage.reacts(spot, seen, "👀"), partial(_offers, name, spot.chat_id))


async def _press_add(stage: Stage, spot: Spot) -> Ready:
    name, proposal = await proposed(stage, spot)
    data = button(proposal, "add")
    return Ready(lambda: stage.presses(spot, proposal, data), partial(_takes, name, spot))


async def _thumb(stage: Stage, spot: Spot) -> Ready:
    name, proposal = await proposed(stage, spot)
    return Ready(lambda: stage.reacts(spot, proposal, "👍"), partial(_takes, name, spot))


TRIALS = (
    Trial("message", "sticker", _sticker),
    Trial("message", "text", _asking("@{bot} {link}")),
    Trial("command", "check", _asking("/check {name}")),
    Trial("reaction", "👀", _look),
    Trial("press", "add", _press_add, changes=True),
    Trial("reaction", "👍", _thumb, case="on a proposal", changes=True),
)
