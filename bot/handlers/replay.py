"""/failed and /retry: what was given up, and having it worked anew."""

from datetime import datetime

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
from services.flow.replay import Replay
from storage.replaying import DeadGroup, DeadJob

GROUPS = 4  # on a page
REASON = 160  # characters of one
WORD = 40  # characters of what somebody typed, when it is repeated
NUMBER = r"\d{1,18}"


class ReplayHandlers:
    """Shows the dead jobs and hands the wish to replay them on."""

    def __init__(self, replay: Replay, messages: Messages, clock: Clock, excerpt: Excerpt) -> None:
        self._replay = replay
        self._messages = messages
        self._clock = clock
        self._excerpt = excerpt

    def register(self, registry: Registry) -> None:
        """Commands and buttons for admins."""
        registry.command("failed", self.on_failed, ADMIN_READS)
        registry.command("retry", self.on_retry, ADMIN_CHANGES)
        registry.press("dead", self.on_page, ADMIN_READS, carries=r"\d{1,6}")
        registry.press("retry", self.on_press, ADMIN_CHANGES, carries=NUMBER)

    async def on_failed(self, update: Update, context: HubContext) -> None:
        """/failed: by topic and reason, the newest first."""
        say(self._messages, update, context, await self.newest())

    async def on_page(self, update: Update, context: HubContext) -> None:
        """Another page was asked for: the message turns to it."""
        turn(self._messages, update, context, await self.page(int(token_of(context))))

    async def on_retry(self, update: Update, context: HubContext) -> None:
        """/retry ID, /retry all, /retry all TOPIC."""
        place, asker = place_of(message_of(update), context.language), asker_of(update)
        match [word[:WORD] for word in context.args or []]:
            case ["all"]:
                asked = await self._replay.ask(context.work, place, asker)
                refusal = Text("failed-none")
            case ["all", topic]:
                asked = await self._replay.ask(context.work, place, asker, topic=topic)
                refusal = Text("retry-none-of", {"topic": topic})
            case [number] if looks_like_number(number):
                job_id = typed_number(number)
                asked = await self._replay.ask(context.work, place, asker, job_id=job_id) if job_id else 0
                refusal = await self._not_dead(job_id, number)
            case _:
                asked, refusal = 0, Text("retry-usage")
        if not asked:
            say(self._messages, update, context, Content((refusal,)))

    async def on_press(self, update: Update, context: HubContext) -> None:
        """A group's button carries the number of its newest job."""
        press_id, place = pressed_at(update, context)
        dead, job = await self._replay.dead(int(token_of(context))), context.work.job
        if dead is None:
            raise StaleButton("not dead any more", user_text="error-stale-failed")
        await self._replay.ask(context.work, place, asker_of(update), topic=dead.topic, reason=dead.reason)
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
        buttons = [_retry_button(group, index) for index, (group, _) in enumerate(found, 1)]
        for index, (group, jobs) in enumerate(found, 1):
            texts += self._group(group, jobs, index)
        return Content(tuple(texts), actions=(*buttons, *turns("dead", number, last)))

    async def _not_dead(self, job_id: int | None, number: str) -> Text:
        state = await self._replay.state(job_id) if job_id else None
        if state is None:
            return Text("retry-no-such", {"number": number})
        return Text("retry-not-dead", {"number": number, "state": {"text": f"job-{state.state}"}})

    def _group(self, group: DeadGroup, jobs: list[DeadJob], index: int) -> list[Text]:
        head = {
            "index": index,
            "topic": group.topic,
            "count": group.count,
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
