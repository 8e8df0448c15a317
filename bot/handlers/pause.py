"""/pause and /resume: work stands still, and goes on."""

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.registry import ADMIN_CHANGES, Registry
from bot.speech import message_of, say
from services.flow.messages import Content, Messages, Text
from services.flow.pause import Pause
from storage.switches import Switch


class PauseHandlers:
    """The two commands of the switch."""

    def __init__(self, pause: Pause, messages: Messages) -> None:
        self._pause = pause
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """Commands for admins."""
        registry.command("pause", self.on_pause, ADMIN_CHANGES)
        registry.command("resume", self.on_resume, ADMIN_CHANGES)

    async def on_pause(self, update: Update, context: HubContext) -> None:
        """/pause: asked about before; who did it already is told."""
        place = place_of(message_of(update), context.language)
        if state := await self._pause.ask(context.work, place, asker_of(update)):
            say(self._messages, update, context, Content((Text("pause-already", _facts(state)),)))

    async def on_resume(self, update: Update, context: HubContext) -> None:
        """/resume: at once."""
        state = await self._pause.resume(context.work, asker_of(update))
        text = Text("resumed", _facts(state)) if state else Text("not-paused")
        say(self._messages, update, context, Content((text,)))


def _facts(state: Switch) -> dict[str, object]:
    return {"name": state.by_name, "since": {"moment": state.at.isoformat()}}
