"""/failed and /retry: what was given up, what helps, and having it worked anew."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.numbers import looks_like_number, typed_number
from bot.paging import turn
from bot.registry import ADMIN_CHANGES, ADMIN_READS, Registry, pressed_at, token_of
from bot.speech import message_of, say
from services.engine.clock import Clock
from services.engine.errors import StaleButton
from services.flow.excerpts import Excerpt
from services.flow.items import Action
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.paging import turns
from services.flow.payloads import Masked
from services.flow.remedies import Remedies
from services.flow.replay import Replay
from storage.replaying import DeadGroup, DeadJob, chooses

GROUPS = 4  # on a page
REASON = 160  # characters of one
WORD = 40  # characters of what somebody typed, when it is repeated
WHOLE_REASON, KEY = 400, 120  # characters of one job's
NUMBER = r"\d{1,18}"
TOPIC = re.compile(r"[a-z][a-z._]*")  # what the name of one looks like


@dataclass(frozen=True, slots=True)
class Showing:
    """What may be shown of a job: of texts that machines wrote, of its payload, and what helps."""

    excerpt: Excerpt
    masked: Masked
    remedies: Remedies


class ReplayHandlers:
    """Shows the dead jobs and hands the wish to replay them on."""

    def __init__(self, replay: Replay, messages: Messages, clock: Clock, showing: Showing) -> None:
        self._replay = replay
        self._messages = messages
        self._clock = clock
        self._showing = showing
        self._excerpt = showing.excerpt

    def register(self, registry: Registry) -> None:
        """Commands and buttons for admins."""
        registry.command("failed", self.on_failed, ADMIN_READS)
        registry.command("retry", self.on_retry, ADMIN_CHANGES)
        registry.press("dead", self.on_page, ADMIN_READS, carries=r"\d{1,6}")
        registry.press("retry", self.on_press, ADMIN_CHANGES, carries=NUMBER)
        registry.press("dead-job", self.on_job, ADMIN_READS, carries=NUMBER)
        registry.press("retry-one", self.on_one, ADMIN_CHANGES, carries=NUMBER)

    async def on_failed(self, update: Update, context: HubContext) -> None:
        """/failed: by topic and reason, the newest first; /failed ID: one job."""
        words = [word[:WORD] for word in context.args or []]
        content = await self._asked_for(words[0]) if words else await self.newest()
        say(self._messages, update, context, content)

    async def on_page(self, update: Update, context: HubContext) -> None:
        """Another page was asked for: the message turns to it."""
        turn(self._messages, update, context, await self.page(int(token_of(context))))

    async def on_retry(self, update: Update, context: HubContext) -> None:
        """/retry ID, /retry all, /retry [all] TOPIC [TEXT]: the text is part of a key or a reason."""
        place, asker = place_of(message_of(update), context.language), asker_of(update)
        ask = partial(self._replay.ask, context.work, place, asker)
        match context.args or []:
            case ["all"]:
                asked, refusal = await ask(), Text("failed-none")
            case [number] if looks_like_number(number):
                job_id = typed_number(number)
                asked = await ask(job_id=job_id) if job_id else 0
                refusal = await self._not_dead(job_id, number[:WORD])
            case ["all", topic] | [topic] if TOPIC.fullmatch(topic):
                asked, refusal = await ask(topic=topic), Text("retry-none-of", {"topic": topic[:WORD]})
            case ["all", topic, *parts] | [topic, *parts] if TOPIC.fullmatch(topic) and chooses(
                "".join(parts)
            ):
                part = " ".join(parts)
                asked = await ask(topic=topic, part=part)
                refusal = Text("retry-none-with", {"topic": topic[:WORD], "part": self._excerpt(part, WORD)})
            case _:
                asked, refusal = 0, Text("retry-usage")
        if not asked:
            say(self._messages, update, context, Content((refusal,)))

    async def on_press(self, update: Update, context: HubContext) -> None:
        """A group's button carries the number of its newest job."""
        dead = await self._pressed(context)
        await self._ask(update, context, topic=dead.topic, reason=dead.reason)

    async def on_one(self, update: Update, context: HubContext) -> None:
        """The button below one job."""
        dead = await self._pressed(context)
        await self._ask(update, context, job_id=dead.id)

    async def on_job(self, update: Update, context: HubContext) -> None:
        """One job of a group was asked for: the message turns to it."""
        dead = await self._pressed(context)
        turn(self._messages, update, context, await self._detail(dead))

    async def _pressed(self, context: HubContext) -> DeadJob:
        """The job whose number a button carries. Raises StaleButton."""
        dead = await self._replay.dead(int(token_of(context)))
        if dead is None:
            raise StaleButton("not dead any more", user_text="error-stale-failed")
        return dead

    async def _ask(self, update: Update, context: HubContext, **chosen: Any) -> None:
        press_id, place = pressed_at(update, context)
        job = context.work.job
        await self._replay.ask(context.work, place, asker_of(update), **chosen)
        context.work.write(lambda tx: self._messages.answer(tx, job, place, Answer(press_id)))

    async def newest(self) -> Content:
        """The first page."""
        return await self.page(1)

    async def page(self, number: int) -> Content:
        """What was given up, a page of it."""
        number = max(number, 1)
        found, total = await self._replay.groups(most=GROUPS, after=(number - 1) * GROUPS)
        if not total:
            return Content((Text("failed-none"),))
        last = -(-total // GROUPS)
        if number > last:  # there are fewer by now
            return await self.page(last)
        texts = [Text("failed-title")]
        if last > 1:
            texts.append(Text("page", {"page": number, "pages": last}))
        buttons: list[Action] = []
        for index, (group, jobs) in enumerate(found, 1):
            buttons += [_retry_button(group, index), _job_button(group, index)]
            texts += self._group(group, jobs, index)
        return Content(tuple(texts), actions=(*buttons, *turns("dead", number, last)))

    async def _not_dead(self, job_id: int | None, number: str) -> Text:
        state = await self._replay.state(job_id) if job_id else None
        if state is None:
            return Text("retry-no-such", {"number": number})
        return Text("retry-not-dead", {"number": number, "state": {"text": f"job-{state.state}"}})

    async def _asked_for(self, word: str) -> Content:
        job_id = typed_number(word)
        dead = await self._replay.dead(job_id) if job_id else None
        if dead:
            return await self._detail(dead)
        return Content((await self._not_dead(job_id, self._excerpt(word, WORD)),))

    async def _detail(self, dead: DeadJob) -> Content:
        """One job: what it is about, what it failed of, what it was told, and what helps."""
        remedy = self._showing.remedies.against(dead.reason)
        facts = {
            "number": dead.id,
            "topic": dead.topic,
            "key": self._excerpt(self._showing.remedies.named(dead.topic, dead.key), KEY),
            "accepted": {"moment": dead.accepted_at.isoformat()},
            "first": {"moment": (dead.first_failed_at or dead.accepted_at).isoformat()},
            "last": {"moment": (dead.finished_at or dead.accepted_at).isoformat()},
            "count": dead.attempts,
            "why": {"text": f"why-{remedy}"},
            "reason": self._excerpt(dead.reason, WHOLE_REASON) or "–",
        }
        payload = self._showing.masked(await self._replay.payload(dead.id))
        texts = (
            Text("failed-detail", facts),
            Text("failed-payload", {"payload": payload}),
            Text(f"helps-{remedy}"),
        )
        again = Action("button-retry-one", f"retry-one:{dead.id}", "admin", {"number": dead.id})
        return Content(texts, actions=(again, Action("button-failed-back", "dead:1", "admin")))

    def _group(self, group: DeadGroup, jobs: list[DeadJob], index: int) -> list[Text]:
        head = {
            "index": index,
            "topic": group.topic,
            "count": group.count,
            "why": {"text": f"why-{self._showing.remedies.against(group.reason)}"},
            "reason": self._excerpt(group.reason, REASON),
        }
        lines = [_line(job, self._clock.now()) for job in jobs]
        return [Text("failed-group", head), *lines]


def _line(job: DeadJob, now: datetime) -> Text:
    age = int((now - (job.finished_at or job.accepted_at)).total_seconds())
    return Text("failed-job", {"number": job.id, "age": {"seconds": age}, "attempts": job.attempts})


def _retry_button(group: DeadGroup, index: int) -> Action:
    params = {"index": index, "number": group.count}
    return Action("button-retry", f"retry:{group.newest}", "admin", params)


def _job_button(group: DeadGroup, index: int) -> Action:
    params = {"index": index, "number": group.newest}
    return Action("button-failed-job", f"dead-job:{group.newest}", "admin", params, beside=True)
