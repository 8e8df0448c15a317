"""Named places where tests make the process fail."""

from typing import Protocol

NAMES = ("accept", "claim", "handling", "sending", "finish")  # that every hub comes by
OF_DEALS = ("deal added",)  # that hubs with source portals come by


class Failpoints(Protocol):
    """What is told each time the work passes a named place."""

    def hit(self, name: str) -> None:
        """Called at the place; a test's own version may raise or end the process."""
        ...


class NoFailpoints:
    """Nothing fails on purpose."""

    def hit(self, name: str) -> None:
        return None
