"""Buttons below notices: what a command shows, or does, without typing it."""

from collections.abc import Awaitable, Callable, Mapping

from telegram import Update

from bot.context import HubContext, asker_of
from bot.registry import ADMIN_CHANGES, ADMIN_READS, Registry, pressed_at, token_of
from bot.speech import answer_press
from services.engine.work import Work
from services.flow.messages import Answer, Content, Messages
from services.flow.places import Asker, Place

Showing = Callable[[], Awaitable[Content]]
Running = Callable[[Work, Place, Asker], None]


class ShortcutHandlers:
    """`show:<name>` answers as that command does, `run:<name>` begins what that command begins."""

    def __init__(self, messages: Messages, shown: Mapping[str, Showing], run: Mapping[str, Running]) -> None:
        self._messages = messages
        self._shown = shown
        self._run = run

    def register(self, registry: Registry) -> None:
        """Two sorts of buttons, for admins."""
        registry.press("show", self.on_show, ADMIN_READS, carries="|".join(self._shown))
        registry.press("run", self.on_run, ADMIN_CHANGES, carries="|".join(self._run))

    async def on_show(self, update: Update, context: HubContext) -> None:
        """The answer stands below the message with the button."""
        content = await self._shown[token_of(context)]()
        answer_press(self._messages, update, context, None, content)

    async def on_run(self, update: Update, context: HubContext) -> None:
        """How it goes is told in reply to the message with the button."""
        press_id, place = pressed_at(update, context)
        job = context.work.job
        context.work.write(lambda tx: self._messages.answer(tx, job, place, Answer(press_id)))
        self._run[token_of(context)](context.work, place, asker_of(update))
