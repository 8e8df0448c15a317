"""/audit: why a thing is as it is."""

from telegram import Update

from bot.context import HubContext
from bot.paging import turn
from bot.registry import ADMIN_READS, Registry, pressed_at, token_of
from bot.speech import say
from services.engine.errors import StaleButton
from services.flow.audit import Audit, subject_told
from services.flow.messages import Content, Messages, Text
from storage.database import Database

WORDS, WORD = 8, 200  # of what is asked about, and characters of each


class AuditHandlers:
    """Tells stories, a page at a time."""

    def __init__(self, audit: Audit, messages: Messages, database: Database) -> None:
        self._audit = audit
        self._messages = messages
        self._database = database

    def register(self, registry: Registry) -> None:
        """A command for admins, and the buttons that turn pages."""
        registry.command("audit", self.on_audit, ADMIN_READS)
        registry.press("audit", self.on_page, ADMIN_READS, carries=r"\d{1,9}")

    async def on_audit(self, update: Update, context: HubContext) -> None:
        """/audit ITEM, or /audit for the last that happened."""
        words = [word[:WORD] for word in (context.args or [])[:WORDS]]
        if not words:
            content = await self._audit.latest()
        elif subject := await self._audit.subject(words):
            content = await self._audit.story(subject)
        else:
            content = Content((Text("audit-usage"),))
        say(self._messages, update, context, content)

    async def on_page(self, update: Update, context: HubContext) -> None:
        """The button carries how many entries come before its page; whose story it is, the message knows."""
        _, place = pressed_at(update, context)
        shown = await self._database.read(lambda tx: self._messages.first_shown(tx, place))
        subject = subject_told(shown)
        if subject is None:
            raise StaleButton("no story", user_text="error-stale-audit")
        turn(self._messages, update, context, await self._audit.story(subject, int(token_of(context))))
