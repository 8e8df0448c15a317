"""/notices: what this chat is told by itself, and its quiet hours."""

from collections.abc import Callable

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.registry import ADMIN_CHANGES, ADMIN_LISTS, Registry, pressed_at, token_of
from bot.speech import message_of
from services.engine.errors import StaleButton
from services.flow.chat_notices import ChatNotices
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.places import Asker, Place
from services.flow.quiet_hours import QuietHours
from storage.database import Transaction
from storage.records import Job

Change = Callable[[Transaction, Job, Place, Asker], None]


class NoticeHandlers:
    """Shows the switches, and turns them."""

    def __init__(self, chat_notices: ChatNotices, messages: Messages) -> None:
        self._chat_notices = chat_notices
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """A command and its buttons, in every chat, for admins."""
        registry.command("notices", self.on_notices, ADMIN_LISTS)
        names = "|".join(self._chat_notices.names)
        registry.press("notices", self.on_switch, ADMIN_CHANGES, carries=rf"(?:on|off)-(?:{names})")
        registry.press("quiet", self.on_quiet, ADMIN_CHANGES, carries=r"off|\d{1,4}-\d{1,4}")

    async def on_notices(self, update: Update, context: HubContext) -> None:
        """/notices, /notices quiet 22:00-08:00, /notices quiet off."""
        place, job = place_of(message_of(update), context.language), context.work.job
        change = self._asked(context.args or [])
        home, asker = await self._chat_notices.is_home(place), asker_of(update)

        def unit(tx: Transaction) -> None:
            content = Content((Text("notices-usage"),))
            if change:
                change(tx, job, place, asker)
                content = self._chat_notices.shown(tx, place, home=home)
            self._messages.text(tx, job, place, content)

        context.work.write(unit)

    async def on_switch(self, update: Update, context: HubContext) -> None:
        """A kind's button."""
        state, _, name = token_of(context).partition("-")

        def change(tx: Transaction, job: Job, place: Place, by: Asker) -> None:
            self._chat_notices.switch(tx, job, place, by, name, wanted=state == "on")

        await self._change(update, context, change)

    async def on_quiet(self, update: Update, context: HubContext) -> None:
        """A button with quiet hours, or without any."""
        begin, _, end = token_of(context).partition("-")
        hours = QuietHours.of(int(begin), int(end)) if end else None
        if end and hours is None:
            raise StaleButton("no hours of a day")
        await self._change(update, context, self._quiet(hours))

    async def _change(self, update: Update, context: HubContext, change: Change) -> None:
        press_id, place = pressed_at(update, context)
        job, home, asker = context.work.job, await self._chat_notices.is_home(place), asker_of(update)

        def unit(tx: Transaction) -> None:
            change(tx, job, place, asker)
            self._messages.answer(tx, job, place, Answer(press_id))
            self._messages.edit_shown(tx, job, place, self._chat_notices.shown(tx, place, home=home))

        context.work.write(unit)

    def _asked(self, words: list[str]) -> Change | None:
        """What the words after the command mean; None when they mean nothing."""
        if not words:
            return lambda tx, job, place, by: None
        hours = QuietHours.parse(" ".join(words[1:]))
        if words[0].lower() != "quiet" or (hours is None and words[1:] != ["off"]):
            return None
        return self._quiet(hours)

    def _quiet(self, hours: QuietHours | None) -> Change:
        return lambda tx, job, place, by: self._chat_notices.keep_quiet(tx, job, place, by, hours)
