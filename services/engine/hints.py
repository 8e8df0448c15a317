"""What other processes wrote, passed on to whoever waits for it. Truth is the rows; hints only hurry."""

from collections.abc import Callable

from services.engine.inbox import Inbox
from storage.database import Database

JOBS = "jobs."


class Hints:
    """Hears the database's hints: `jobs.<topic>`, or the name of a table with new rows."""

    def __init__(self, database: Database, inbox: Inbox) -> None:
        self._database = database
        self._inbox = inbox
        self._listeners: dict[str, Callable[[], None]] = {}

    def on(self, table: str, wake: Callable[[], None]) -> None:
        """Call `wake()` when a table has new rows."""
        self._listeners[table] = wake

    async def follow(self) -> None:
        """Listen until cancelled. Raises StorageUnavailable when cut off; then everybody should look."""
        self.hear_everything()  # what was said before we listened
        await self._database.follow_hints(self.hear)

    def hear(self, word: str) -> None:
        """Pass one hint on; a word nobody here knows is one for another version."""
        if word.startswith(JOBS):
            self._inbox.hint(word.removeprefix(JOBS))
        elif wake := self._listeners.get(word):
            wake()

    def hear_everything(self) -> None:
        """As if every hint had come."""
        self._inbox.wake_all()
        for wake in self._listeners.values():
            wake()
