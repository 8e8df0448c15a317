"""Callback queries: pressed, then answered once the bot gets to it."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.telegram.wire import Json

# The press itself stays valid longer on the server than its update waits in the queue (150 s).
_VALID_SECONDS = 15 * 60.0


@dataclass(slots=True)
class CallbackAnswer:
    """What answerCallbackQuery said."""

    callback_query_id: str
    chat_id: int
    user_id: int
    text: str | None
    show_alert: bool
    url: str | None = None

    def event(self) -> Json:
        """The page's event."""
        event: Json = {
            "type": "callback_answer",
            "callback_query_id": self.callback_query_id,
            "chat_id": self.chat_id,
            "user_id": self.user_id,
            "show_alert": self.show_alert,
        }
        if self.text:
            event["text"] = self.text
        return event


@dataclass(slots=True)
class _Press:
    chat_id: int
    user_id: int
    at: float


class Queries:
    """Presses waiting for an answer, and the answers."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._next = 2147483647000000001
        self._presses: dict[str, _Press] = {}
        self.answers: list[CallbackAnswer] = []

    def press(self, chat_id: int, user_id: int) -> str:
        """Begin a query; answers its id."""
        query_id, self._next = str(self._next), self._next + 1
        self._presses[query_id] = _Press(chat_id, user_id, self._now())
        return query_id

    def answer(
        self, query_id: str, text: str | None, show_alert: bool, url: str | None
    ) -> CallbackAnswer | None:
        """Keep the answer; None when the query is unknown or too old."""
        press = self._presses.get(query_id)
        if press is None or self._now() - press.at > _VALID_SECONDS:
            return None
        answer = CallbackAnswer(query_id, press.chat_id, press.user_id, text, show_alert, url)
        self.answers.append(answer)
        return answer

    def answer_of(self, query_id: str) -> CallbackAnswer | None:
        """The latest answer to that query."""
        return next((a for a in reversed(self.answers) if a.callback_query_id == query_id), None)

    def clear(self) -> None:
        """Forget presses and answers; ids go on."""
        self._presses.clear()
        self.answers.clear()
