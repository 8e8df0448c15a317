"""What the chat page hears about, numbered so that it can go on where it stopped."""

from collections import deque

from sandbox.telegram.bell import Bell
from sandbox.telegram.wire import Json


class Feed:
    """The newest events; `closed` ends every stream."""

    def __init__(self, keep: int = 10000) -> None:
        self._events: deque[tuple[int, Json]] = deque(maxlen=keep)
        self.last = 0
        self.closed = False
        self.bell = Bell()

    def publish(self, event: Json) -> None:
        """Number an event and wake the streams."""
        self.last += 1
        self._events.append((self.last, event))
        self.bell.ring()

    def after(self, number: int) -> list[tuple[int, Json]]:
        """Events newer than that number."""
        if number >= self.last:
            return []
        first = self._events[0][0]
        start = max(number + 1 - first, 0)
        return [self._events[index] for index in range(start, len(self._events))]

    def close(self) -> None:
        """End the streams."""
        self.closed = True
        self.bell.ring()
