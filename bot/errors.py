"""The bot's one converter of errors: words for a person who waits, a count for the operator."""

import structlog
from telegram import Message, MessageEntity, Update

from bot.context import HubContext, handling, is_private, place_of, place_of_reaction
from bot.speech import place_of_press
from services.engine.errors import Anonymous, FaultRecorder, HubError, NotAllowed, Unavailable
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.places import Place
from services.flow.roles import Roles
from storage.errors import StorageUnavailable

log = structlog.get_logger(__name__)


class ErrorAnswers:
    """Answers errors the hub raises on purpose; any other fails the job, which is then tried again."""

    def __init__(self, messages: Messages, faults: FaultRecorder, roles: Roles) -> None:
        self._messages = messages
        self._faults = faults
        self._roles = roles

    async def on_error(self, update: object, context: HubContext) -> None:
        """For Application.add_error_handler."""
        error = context.error
        if not isinstance(error, HubError) or not isinstance(update, Update):
            handling.get().failure = error
            return
        log.info("bot.refused", details={"error": type(error).__name__, "reason": str(error)})
        if isinstance(error, Unavailable):
            await self._faults.record(f"{error.system}.unavailable", str(error))
        try:
            loud = await self._is_loud(update.message, error) if update.message else False
        except StorageUnavailable as outage:
            handling.get().failure = outage
            return
        self._tell(update, context, Text(error.user_text), loud=loud)

    async def _is_loud(self, message: Message, error: HubError) -> bool:
        """Whether a group reads it too: hidden administrators do, and where admins work, who may ask."""
        if isinstance(error, Anonymous):
            return message.sender_chat == message.chat  # a channel has nobody who could show themselves
        command = MessageEntity.BOT_COMMAND in {each.type for each in message.entities if each.offset == 0}
        owed = command and not isinstance(error, NotAllowed)
        return owed and await self._roles.is_admin_chat(message.chat.id)

    def _tell(self, update: Update, context: HubContext, text: Text, *, loud: bool) -> None:
        query, message, job = update.callback_query, update.message, context.work.job
        reaction = update.message_reaction
        if query and query.message:
            place = place_of_press(query, context.language)
            answer = Answer(query.id, text, alert=True)
            context.work.write(lambda tx: self._messages.answer(tx, job, place, answer))
        elif message and (loud or is_private(message.chat)):
            there = place_of(message, context.language)
            self._say(context, there, text)
        elif reaction and is_private(reaction.chat):
            self._say(context, place_of_reaction(reaction, context.language), text)

    def _say(self, context: HubContext, there: Place, text: Text) -> None:
        content, job = Content((text,)), context.work.job
        context.work.write(lambda tx: self._messages.text(tx, job, there, content, name="error"))
