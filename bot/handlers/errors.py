"""/errors: what went wrong that no person waited for, by kind, and one kind in detail."""

from telegram import Update

from bot.context import HubContext
from bot.numbers import typed_number
from bot.registry import ADMIN_READS, Registry
from bot.speech import say
from services.flow.excerpts import Excerpt
from services.flow.faults import Faults
from services.flow.messages import Content, Messages, Text
from storage.records import Fault

SHOWN = 10  # kinds in one answer
KIND = 80  # characters of a kind: all of it, but for secrets
SAMPLE, WHOLE_SAMPLE = 120, 400  # characters of a sample, in the list and by itself

# What a text that helps is about, by how a kind begins; the first that fits.
HELP = (
    ("job.backup.", "backup"),
    ("backup.", "backup"),
    ("job.", "job"),
    ("inbox.buried", "job"),
    ("telegram.connecting.", "telegram"),
    ("telegram.polling.", "telegram"),
    ("telegram.text_repeated", "repeated"),
    ("telegram.malformed_update", "update"),
    ("telegram.unknown_update", "update"),
    ("telegram.", "sending"),
    ("heartbeat.", "heartbeat"),
    ("gallery.", "gallery"),
    ("task.", "task"),
)


class ErrorsHandlers:
    """Shows the counted faults, never more of one than a line without secrets."""

    def __init__(self, faults: Faults, messages: Messages, excerpt: Excerpt) -> None:
        self._faults = faults
        self._messages = messages
        self._excerpt = excerpt

    def register(self, registry: Registry) -> None:
        """A command for admins."""
        registry.command("errors", self.on_errors, ADMIN_READS)

    async def on_errors(self, update: Update, context: HubContext) -> None:
        """/errors, or /errors ID for one kind."""
        words = context.args or []
        content = await self._detail(words[0]) if words else await self.newest()
        say(self._messages, update, context, content)

    async def newest(self) -> Content:
        """What went wrong lately, by kind."""
        found = await self._faults.newest(SHOWN)
        if not found:
            return Content((Text("errors-none"),))
        lines = [Text("errors-line", self._facts(fault, SAMPLE)) for fault in found]
        return Content((Text("errors-title"), *lines, Text("errors-more", {"number": found[0].id})))

    async def _detail(self, word: str) -> Content:
        number = typed_number(word)
        fault = await self._faults.by_id(number) if number else None
        if fault is None:
            return Content((Text("errors-no-such", {"number": self._excerpt(word, SAMPLE)}),))
        texts = [Text("errors-detail", self._facts(fault, WHOLE_SAMPLE))]
        if subject := _help(fault.kind):
            texts.append(Text(f"errors-help-{subject}"))
        return Content(tuple(texts))

    def _facts(self, fault: Fault, most: int) -> dict[str, object]:
        return {
            "number": fault.id,
            "count": fault.count,
            "kind": self._excerpt(fault.kind, KIND),
            "first": {"moment": fault.first_at.isoformat()},
            "last": {"moment": fault.last_at.isoformat()},
            "sample": self._excerpt(fault.sample, most) or "–",
            "correlation_id": fault.correlation_id or "–",
        }


def _help(kind: str) -> str | None:
    return next((subject for beginning, subject in HELP if kind.startswith(beginning)), None)
