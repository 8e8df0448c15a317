"""What staff ask the portal about: poll forms, and programmes, of which admins may add more."""

from functools import partial

from sandbox.bitrix24.seed import PROGRAMMES
from sandbox.telegram.messages import Message
from services.programmes.model import PROGRAMME, key_of
from tests.e2e.council import button
from tests.e2e.matrix.actors import ASKER, COUNCIL, OWNER, Spot
from tests.e2e.matrix.stage import COURSE, Stage
from tests.e2e.matrix.traces import Traces
from tests.e2e.matrix.trial import Prepare, Ready, Trial
from tests.e2e.matrix.trials.proposing import carded
from tests.e2e.matrix.trials.reading import saying


async def room_for(stage: Stage, spot: Spot) -> str:
    """The title of a programme that the portal lacks, for which there is room."""
    await stage.make_room(spot)
    return f"Course {stage.number()}"


async def offered(stage: Stage, spot: Spot) -> tuple[str, Message]:
    """A programme that is proposed there: its title, and the message with the button."""
    title = await room_for(stage, spot)
    who = spot if spot.is_private else Spot(OWNER, spot.kind)
    async with stage.lifted(who):
        return title, await stage.asks(who, f"/programme {title}")


async def wished(stage: Stage) -> Message:
    """A card in the admins' group about a programme that somebody asked for elsewhere."""
    there = Spot(ASKER, "group")
    _, proposal = await offered(stage, there)
    stage.presses(there, proposal, button(proposal, "add"))
    await stage.rest()
    return stage.town.last(COUNCIL)


def is_there(stage: Stage, title: str) -> bool:
    """Whether the portal has such a programme."""
    rows = stage.town.portal.items[PROGRAMMES].values()
    return key_of(title) in {key_of(str(row["TITLE"])) for row in rows}


async def _missing(stage: Stage, spot: Spot) -> Ready:
    title = await room_for(stage, spot)

    def effect(traces: Traces) -> bool:
        row = traces.has("proposals", chat_id=spot.chat_id, kind=PROGRAMME, key=key_of(title))
        return row and traces.shows("proposal-new-programme", spot.chat_id)

    return Ready(lambda: stage.says(spot, f"/programme {title}"), effect)


def _form(words: str) -> Prepare:
    """In private it is shown, in a group a reaction says that there is such a form."""

    async def prepare(stage: Stage, spot: Spot) -> Ready:
        said = words.format(bot=stage.world.bot.username)

        def effect(traces: Traces) -> bool:
            if spot.is_private:
                return traces.shows("listed-poll_form", spot.chat_id)
            return ("reaction", spot.chat_id, "sent") in {
                (each.kind, each.chat_id, each.state) for each in traces.said
            }

        return Ready(lambda: stage.says(spot, said), effect)

    return prepare


async def _press_add(stage: Stage, spot: Spot) -> Ready:
    """Added by an admin, asked for by anybody else."""
    title, proposal = await offered(stage, spot)
    who = spot.actor.user_id

    def effect(traces: Traces) -> bool:
        if spot.actor.role == "admin":
            return is_there(stage, title) and traces.journaled("add", who)
        pending = traces.has("approvals", kind=PROGRAMME, key=key_of(title), state="pending", asker=who)
        return pending and not is_there(stage, title) and traces.shows("approval-add-programme", COUNCIL)

    return Ready(lambda: stage.presses(spot, proposal, button(proposal, "add")), effect)


async def _approve(stage: Stage, spot: Spot) -> Ready:
    token, card = await carded(stage, spot, PROGRAMME, wished)
    title = await stage.town.scalar("SELECT key FROM approvals WHERE token = :token", token=token)

    def effect(traces: Traces) -> bool:
        decided = traces.has("approvals", token=token, state="approved")
        return decided and is_there(stage, str(title)) and traces.journaled("approve", spot.actor.user_id)

    return Ready(lambda: stage.presses(spot, card, f"v1:yes:{token}"), effect)


# Behind the gate the checks hold to the rule once more: what is asked about tells who may.
LOOKS_UP = partial(Trial, needs="staff", by_service=True)
TRIALS = (
    LOOKS_UP("command", "programme", saying(f"/programme {COURSE}", "listed-programme")),
    LOOKS_UP("command", "programme", _missing, case="not there"),
    LOOKS_UP("command", "check", _form("/check form 1"), case="a poll form"),
    LOOKS_UP("message", "text", _form("@{bot} form 1"), case="a poll form"),
    Trial("press", "add", _press_add, case="a programme", changes=True),
    Trial("press", "yes", _approve, "on a programme", needs="admin", changes=True, by_service=True),
)
