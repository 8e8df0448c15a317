"""python-telegram-bot's Application, fed from the inbox."""

from typing import Any

import msgspec
import structlog
from telegram import Update
from telegram.error import TelegramError
from telegram.ext import Application, ApplicationBuilder, ContextTypes

from bot.client import Client
from bot.context import Handling, HubContext, handling
from bot.updates import ALLOWED, Peek, peek
from services.engine.errors import FaultRecorder, Refused
from services.engine.work import Work
from services.flow.messages import Content, Messages, Text
from services.flow.people import People
from services.flow.places import Place
from storage.records import Job

log = structlog.get_logger(__name__)

Store = dict[Any, Any]
HubApplication = Application[Client, HubContext, Store, Store, Store, None]


def build_application(client: Client) -> HubApplication:
    """The application with no updater and no job queue: the inbox feeds it. Nothing is connected yet."""
    contexts = ContextTypes(context=HubContext)
    return ApplicationBuilder().bot(client).context_types(contexts).updater(None).job_queue(None).build()


class UpdateJobs:
    """The handler of the topic `telegram`: one stored update through the application."""

    def __init__(
        self, application: HubApplication, messages: Messages, faults: FaultRecorder, people: People
    ) -> None:
        self._application = application
        self._messages = messages
        self._faults = faults
        self._people = people

    async def handle(self, job: Job, work: Work) -> None:
        """Work one update. Raises what a handler raised, unless a person was told about it."""
        raw = job.payload.encode()
        seen = peek(raw)
        if seen.kind not in ALLOWED:
            await self._faults.record("telegram.unknown_update", seen.kind)
            return
        update = self._parsed(raw, seen)
        hand = Handling(work)
        token = handling.set(hand)
        try:
            await self._application.process_update(update)
        finally:
            handling.reset(token)
        if hand.failure:
            raise hand.failure

    async def last_word(self, job: Job, work: Work, error: Exception) -> None:
        """Tell a person in private that their message could not be answered."""
        seen = peek(job.payload.encode())
        if seen.chat_id > 0:
            language = await self._people.language(seen.chat_id, seen.language)
            place = Place(seen.chat_id, private=True, language=language)
            content = Content((Text("error-internal"),))
            work.write(lambda tx: self._messages.text(tx, job, place, content, name="last-word"))

    def _parsed(self, raw: bytes, seen: Peek) -> Update:
        try:
            update = Update.de_json(msgspec.json.decode(raw), self._application.bot)
        except (TelegramError, TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            raise Refused(f"malformed update: {error}") from error
        nowhere = update.effective_chat is None and update.callback_query is None
        if nowhere or seen.chat_id == 0:  # all that we ask for names a chat, or a person who pressed
            raise Refused("malformed update: it names no chat")
        return update
