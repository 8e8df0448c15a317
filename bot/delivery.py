"""One message of the outbox as one Bot API call."""

from dataclasses import replace

import msgspec
import structlog
from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReactionTypeEmoji,
    ReplyParameters,
)
from telegram.constants import ParseMode
from telegram.error import TelegramError

from bot.outcomes import Doubtful, Failed, Outcome, PartSent, Pointless, Sent, of_error
from bot.rendering import Renderer
from bot.splitting import shortened, split
from services.flow.messages import Answer, Content
from storage.parts import part_of
from storage.records import Message

log = structlog.get_logger(__name__)

ANSWER_LENGTH = 200  # characters of answerCallbackQuery.text


class Delivery:
    """Knows how each kind of message is sent; raises nothing, answers with an Outcome."""

    def __init__(self, bot: Bot, renderer: Renderer) -> None:
        self._bot = bot
        self._renderer = renderer

    async def deliver(self, message: Message, *, target: int | None, emoji: str | None = None) -> Outcome:
        """Make the call. `target` is the chat's message an edit, delete or reaction is for."""
        try:
            match message.kind:
                case "text":
                    return await self._text(message)
                case "answer":
                    return await self._answer(message)
                case _ if target is None:
                    return Pointless("the message it is for was never sent")
                case "edit":
                    return await self._edit(message, target)
                case "delete":
                    await self._bot.delete_message(message.chat_id, target)
                case "reaction":
                    await self._react(message, target, emoji)
            return Sent()
        except TelegramError as error:
            return of_error(error)
        except Exception as error:  # the outbox's edge: a broken message must not stop the others
            log.error("delivery.broken", details={"message": message.id}, exc_info=error)
            return Failed(f"{type(error).__name__}: {error}")

    async def probe(self) -> Outcome:
        """Whether Telegram answers at all: a call that changes nothing."""
        try:
            await self._bot.get_me()
        except TelegramError as error:
            return of_error(error)
        return Sent()

    async def _text(self, message: Message) -> Outcome:
        """The part of it whose turn it is: the first answers a message, the last has the buttons."""
        content = msgspec.convert(message.content, Content)
        parts = split(self._renderer.html(message.language, content))
        part = min(part_of(message), len(parts) - 1)
        is_last = part == len(parts) - 1
        if message.doubts > 1:  # the process ended during the one repeat
            return Doubtful("the process ended while sending", more=not is_last)
        reply = message.reply_to if part == 0 else None
        try:
            sent = await self._bot.send_message(
                message.chat_id,
                parts[part],
                message_thread_id=message.thread_id,
                parse_mode=ParseMode.HTML,
                reply_markup=self._markup(message.language, content) if is_last else None,
                reply_parameters=ReplyParameters(reply, allow_sending_without_reply=True) if reply else None,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        except TelegramError as error:
            outcome = of_error(error)
            return replace(outcome, more=not is_last) if isinstance(outcome, Doubtful) else outcome
        return Sent(sent.message_id) if is_last else PartSent(sent.message_id)

    def _markup(self, language: str, content: Content) -> InlineKeyboardMarkup | ForceReply | None:
        # Only who is named in the text is prompted; with buttons there is no room for a prompt.
        keyboard = self._renderer.keyboard(language, content)
        return ForceReply(selective=True) if content.asks_reply and not keyboard else keyboard

    async def _edit(self, message: Message, target: int) -> Outcome:
        content = msgspec.convert(message.content, Content)
        await self._bot.edit_message_text(
            shortened(self._renderer.html(message.language, content)),
            chat_id=message.chat_id,
            message_id=target,
            parse_mode=ParseMode.HTML,
            reply_markup=self._renderer.keyboard(message.language, content),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        return Sent()

    async def _answer(self, message: Message) -> Outcome:
        answer = msgspec.convert(message.content, Answer)
        text = self._renderer.plain(message.language, answer.text)[:ANSWER_LENGTH] if answer.text else None
        await self._bot.answer_callback_query(answer.press_id, text=text, show_alert=answer.alert)
        return Sent()

    async def _react(self, message: Message, target: int, emoji: str | None) -> None:
        reaction = [ReactionTypeEmoji(emoji)] if emoji else []
        await self._bot.set_message_reaction(message.chat_id, target, reaction=reaction)
