"""Texts written by a job of the test, as a feature of the hub would write them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.engine.inbox import Topic
from services.engine.retry import TELEGRAM
from services.engine.work import Work
from services.flow.messages import Content, Text
from services.flow.places import Place
from storage.database import Transaction
from storage.records import Job
from tests.town import Town


@dataclass(frozen=True, slots=True)
class Post:
    """One text for one chat; `answers` is the message it replies to."""

    chat: int
    content: Content
    answers: int | None = None


def line(words: str) -> Content:
    """A text of these words after a bullet."""
    return Content((Text("line-plain", {"title": words}),))


async def post(town: Town, posts: Sequence[Post]) -> None:
    """Have one job write all of them in its transaction; they wait in the outbox when this returns."""
    messages = town.switchboard.hub.messages

    def unit(tx: Transaction, job: Job) -> None:
        for number, one in enumerate(posts):
            place = Place(one.chat, private=one.chat > 0, language="en", message_id=one.answers)
            messages.text(tx, job, place, one.content, name=f"text.{number}")

    await work(town, unit)


async def work(town: Town, unit: Callable[[Transaction, Job], object]) -> None:
    """Have a job of its own topic do this in its transaction."""
    hub = town.switchboard.hub

    async def handle(job: Job, finish: Work) -> None:
        finish.write(lambda tx: unit(tx, job))
        finish.afterwards(hub.messages.wake)

    topic = Topic(f"test.posting.{len(hub.inbox.topics)}", handle, 1, TELEGRAM)
    hub.inbox.register(topic)
    hub.workers.start(topic)
    receipt = await hub.inbox.accept(topic.name, topic.name, None, "{}")
    done = await receipt.wait(10)
    assert done is not None
    assert done.state == "done"
