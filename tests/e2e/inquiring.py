"""Inquiries of a kind that only tests have: a hub asks, and what it was answered."""

from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

from services.engine.work import Work
from services.flow.inquiries import Answered, Ask, Choice
from services.flow.messages import Text
from storage.records import Job
from tests.e2e.operating import steps
from tests.e2e.wording import press_buttons
from tests.town import Town

KIND = "funnel"
CHOICES = (
    Choice("C1:WON", "Sales: Won"),
    Choice("C2:WON", "Repairs: Done"),
    Choice("", text=Text("cancelled")),
)
_numbers = count(800_000)


def taking(town: Town, *, most_open: int = 10) -> list[Answered]:
    """Let the hub know the kind; what is answered from then on."""
    answers: list[Answered] = []
    hub = town.switchboard.hub
    hub.inquiries.register(KIND, lambda tx, work, given: answers.append(given), most_open=most_open)
    return answers


def ask(key: str = "k", **more: Any) -> Ask:
    """A question about a stage; its first text names the key."""
    return replace(Ask(KIND, key, (Text("fact-stage", {"value": f"[{key}]"}),), CHOICES), **more)


async def asks(town: Town, *asked: Ask) -> None:
    """Ask one after another, and let everything come to rest."""
    for each in asked:
        await put(town, each)
        await steps(town, 1)  # so that each is older than the next


async def put(town: Town, asked: Ask) -> None:
    """Ask, in a job of its own."""
    hub = town.switchboard.hub
    audience = await hub.inquiries.audience()
    work = _work(town)
    await hub.database.write(partial(hub.inquiries.ask, work=work, ask=asked, audience=audience))
    hub.messages.wake()


async def settles(town: Town, key: str) -> None:
    """Nobody needs to answer any more."""
    hub, work = town.switchboard.hub, _work(town)
    await hub.database.write(lambda tx: hub.inquiries.settle(tx, work, KIND, key))
    hub.messages.wake()
    await town.settle()


async def states(town: Town) -> dict[object, object]:
    """How all inquiries stand, by their keys."""
    return dict(await town.rows("SELECT key, state FROM inquiries ORDER BY key"))  # type: ignore[arg-type]


def pick(message: Any, index: int) -> str:
    """What the button of that choice carries."""
    return next(each for each in press_buttons(message) if each.endswith(f":{index}") and ":pick:" in each)


def _work(town: Town) -> Work:
    number = next(_numbers)
    return Work(Job(number, "deals", "k", "{}", 1, 0, "p.1", None, town.clock.now(), f"c{number}"))
