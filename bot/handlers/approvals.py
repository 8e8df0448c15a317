"""The buttons of cards, the reason after a no, and /pending."""

from telegram import Update
from telegram.ext import ApplicationHandlerStop, filters

from bot.context import HubContext, asker_of, is_ours, place_of
from bot.registry import ADMIN_CHANGES, ADMIN_READS, ROW, Registry, pressed_at, token_of
from bot.speech import message_of, say
from services.flow.messages import Messages
from services.flow.pending import Pending
from services.flow.places import Press
from services.flow.verdicts import Verdicts

BEFORE_COMMANDS = -1  # a reply that gives a reason asks about nothing


class ApprovalHandlers:
    """Hands an admin's word to the verdicts, which know who may."""

    def __init__(self, verdicts: Verdicts, pending: Pending, messages: Messages) -> None:
        self._verdicts = verdicts
        self._pending = pending
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """Buttons of cards and of the list, /pending, and replies that may give a reason."""
        registry.press("yes", self.on_approve, ADMIN_CHANGES, carries=ROW, asks=True)
        registry.press("no", self.on_reject, ADMIN_CHANGES, carries=ROW, asks=True)
        registry.message("reason", filters.REPLY & filters.TEXT, self.on_reply, group=BEFORE_COMMANDS)
        registry.command("pending", self.on_pending, ADMIN_READS)
        registry.press("pending", self.on_page, ADMIN_READS, carries=r"\d{1,6}")
        registry.press("card", self.on_card, ADMIN_READS, carries=ROW)

    async def on_approve(self, update: Update, context: HubContext) -> None:
        """✅."""
        await self._decide(update, context, approve=True)

    async def on_reject(self, update: Update, context: HubContext) -> None:
        """❌."""
        await self._decide(update, context, approve=False)

    async def on_reply(self, update: Update, context: HubContext) -> None:
        """A reply to a rejected card, or to the question why."""
        message = message_of(update)
        replied, text = message.reply_to_message, message.text or ""
        if replied is None or not is_ours(replied.from_user, context.bot) or text.startswith("/"):
            return
        place = place_of(message, context.language)
        asker, number = asker_of(update), replied.message_id
        if await self._verdicts.explain(text, asker, place, number, context.work):
            raise ApplicationHandlerStop

    async def on_pending(self, update: Update, context: HubContext) -> None:
        """/pending: what waits for a decision."""
        say(self._messages, update, context, await self._pending.page(1))

    async def on_page(self, update: Update, context: HubContext) -> None:
        """Another page of it."""
        press_id, place = pressed_at(update, context)
        await self._pending.turn(int(token_of(context)), place, press_id, context.work)

    async def on_card(self, update: Update, context: HubContext) -> None:
        """One of them: its card once more, here."""
        press_id, place = pressed_at(update, context)
        await self._pending.show(token_of(context), place, press_id, context.work)

    async def _decide(self, update: Update, context: HubContext, *, approve: bool) -> None:
        press_id, place = pressed_at(update, context)
        press = Press(asker_of(update), place, press_id)
        await self._verdicts.press(token_of(context), approve, press, context.work)
