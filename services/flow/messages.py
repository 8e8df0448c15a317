"""Everything the hub says: rows of the outbox, written in the transaction of what they tell about.

Texts are named by key with parameters; the door that delivers them chooses words and dress.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.engine.clock import Clock
from services.flow.items import Action, Card, Link
from services.flow.places import Place
from storage import messages, sent_messages
from storage.database import Transaction
from storage.messages import NewMessage
from storage.records import Job


class Text(msgspec.Struct, frozen=True):
    """A text by its key in services/texts; `params` are put in by name and escaped by the door."""

    key: str
    params: dict[str, Any] = {}


class Content(msgspec.Struct, frozen=True):
    """What a text or edit shows, in this order; links and actions become buttons.

    `asks_reply` prompts whoever is named in a text without buttons to reply to it.
    """

    texts: tuple[Text, ...] = ()
    card: Card | None = None
    links: tuple[Link, ...] = ()
    actions: tuple[Action, ...] = ()
    asks_reply: bool = False


class Reaction(msgspec.Struct, frozen=True):
    """The reaction for a purpose: "exists" or "added" (which emoji, the settings and the chat say)."""

    purpose: str


class Answer(msgspec.Struct, frozen=True):
    """The answer to a pressed button; `alert` makes the person close it."""

    press_id: str
    text: Text | None = None
    alert: bool = False


class Messages:
    """Writes messages, and tells the sender that there are some."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._written = asyncio.Event()

    def wake(self) -> None:
        """Hint that messages may wait; truth is the rows."""
        self._written.set()

    async def until_woken(self, seconds: float) -> None:
        """Wait for a hint, or for the time."""
        try:
            async with self._clock.timeout(seconds):
                await self._written.wait()
        except TimeoutError:
            pass
        self._written.clear()

    def text(
        self, tx: Transaction, job: Job, place: Place, content: Content, *, name: str = "text"
    ) -> int | None:
        """Say something, as a reply to the place's message; the row's id. `name` is unique within the job."""
        return self._put(tx, job, "text", place, content, name=name, reply_to=place.message_id)

    def edit(self, tx: Transaction, job: Job, place: Place, content: Content, *, row: int) -> None:
        """Replace what an earlier row shows, buttons included."""
        self._put(tx, job, "edit", place, content, name=f"edit.{row}", target_row=row)

    def edit_shown(self, tx: Transaction, job: Job, place: Place, content: Content) -> None:
        """Replace what the place's own message shows, as after a press on it."""
        self._put(tx, job, "edit", place, content, name="edit.shown", target=place.message_id)

    def first_shown(self, tx: Transaction, place: Place) -> Content | None:
        """What the place's own message was sent to show, before any edit; None when it is not known."""
        shown = sent_messages.content_sent(tx, place.chat_id, place.message_id or 0)
        return msgspec.convert(shown, Content) if shown else None

    def react(self, tx: Transaction, job: Job, place: Place, purpose: str, *, message_id: int) -> None:
        """Put the reaction for a purpose on a message of the place's chat."""
        name = f"reaction.{place.chat_id}.{message_id}"
        self._put(tx, job, "reaction", place, Reaction(purpose), name=name, target=message_id)

    def answer(self, tx: Transaction, job: Job, place: Place, answer: Answer) -> None:
        """Answer a pressed button. Tried once, before anything else in its chat."""
        self._put(tx, job, "answer", place, answer, name="answer")

    def delete_later(
        self, tx: Transaction, job: Job, place: Place, *, row: int, after: timedelta, dedup_id: str
    ) -> None:
        """Delete what an earlier row shows, unless `cancel` is told its dedup id before."""
        due = self._clock.now() + after
        self._put(tx, job, "delete", place, None, target_row=row, dedup_id=dedup_id, due=due)

    def cancel(self, tx: Transaction, dedup_id: str) -> None:
        """Take back a message that has not gone out yet."""
        messages.cancel(tx, dedup_id)

    def _put(
        self,
        tx: Transaction,
        job: Job,
        kind: str,
        place: Place,
        content: msgspec.Struct | None,
        *,
        name: str = "",
        dedup_id: str | None = None,
        due: datetime | None = None,
        **where: int | None,
    ) -> int | None:
        now = self._clock.now()
        row = NewMessage(
            kind=kind,
            chat_id=place.chat_id,
            thread_id=place.thread_id,
            content=msgspec.to_builtins(content),
            language=place.language,
            correlation_id=job.correlation_id,
            created_at=now,
            due_at=due or now,
            dedup_id=dedup_id or f"job:{life_of(job)}:{name}",
            job_id=job.id,
            **where,
        )
        row_id = messages.put(tx, row)
        if row_id is not None and kind == "edit":  # what nobody has seen yet nobody needs to
            messages.drop_older_edits(tx, row_id, row)
        return row_id


def life_of(job: Job) -> str:
    """Names a job from its beginning to its end; one that is worked anew has another life."""
    return f"{job.id}.{job.replays}" if job.replays else str(job.id)
