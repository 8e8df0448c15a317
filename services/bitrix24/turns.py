"""Who is next: what a person waits for goes first, and the rest still gets its share."""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

SHARE = 4  # while both wait, every fourth turn is a background one's


class Turns(Generic[T]):
    """Two queues, each first in, first out."""

    def __init__(self) -> None:
        self._urgent: deque[T] = deque()
        self._background: deque[T] = deque()
        self._overtaken = 0  # turns of urgent ones since a background one that waits had the last

    def __len__(self) -> int:
        return len(self._urgent) + len(self._background)

    def join(self, one: T, *, urgent: bool) -> None:
        """Stand at the end."""
        (self._urgent if urgent else self._background).append(one)

    def leave(self, one: T) -> None:
        """Wait no longer; one that does not wait is fine."""
        for queue in (self._urgent, self._background):
            if one in queue:
                queue.remove(one)
                return

    def next(self) -> T:
        """Take who is next. Raises IndexError when nobody waits."""
        if self._background and (not self._urgent or self._overtaken >= SHARE - 1):
            self._overtaken = 0
            return self._background.popleft()
        first = self._urgent.popleft()
        self._overtaken = self._overtaken + 1 if self._background else 0
        return first
