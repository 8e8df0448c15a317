"""What jobs fail of, in people's words, and what helps: each part of the hub tells of its own errors.

A stored reason begins with the name of the error that was raised (services/engine/workers.py); what ends a
job without one is told by words of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from services.engine.errors import (
    HubError,
    NoSuchItem,
    NotAllowed,
    NotRecognised,
    Refused,
    StaleButton,
    Unavailable,
)


@dataclass(frozen=True, slots=True)
class Remedy:
    """What helps against an error and those that descend from it; None: against a reason of no error.

    With `said` only where the reason holds these words. Its texts are `why-<name>`, a few words, and
    `helps-<name>`, a sentence.
    """

    name: str
    error: type[HubError] | None
    said: str = ""


UNFORESEEN = "unforeseen"

GENERAL = (
    Remedy("lapsed", None, "its worker died"),
    Remedy("restored", None, "may have been done since"),
    Remedy("busy", None, "somebody else is at it"),
    Remedy("gallery", Unavailable, "gallery:"),
    Remedy("away", Unavailable),
    Remedy("gone", NoSuchItem),
    Remedy("refused", Refused),
    Remedy("input", NotRecognised),
    Remedy("not-allowed", NotAllowed),
    Remedy("stale", StaleButton),
)

Naming = Callable[[str], str | None]
"""A job's key → what it is about, as people write that; None for a key of another shape."""


class Remedies:
    """Knows what to say about a reason, and what a job's key is called."""

    def __init__(self, namings: Mapping[str, Naming], *more: Iterable[Remedy]) -> None:
        """`namings` by topic; `more` are those of features, asked before the general ones."""
        self._namings = namings
        self._by_error: dict[str, list[Remedy]] = defaultdict(list)
        for remedy in [each for some in (*more, GENERAL) for each in some]:
            self._by_error[remedy.error.__name__ if remedy.error else ""].append(remedy)

    def against(self, reason: str) -> str:
        """The name of the remedy: of the reason's error, else of the next one that it descends from."""
        of = {error.__name__: error for error in _descendants(HubError)}.get(reason.partition(":")[0])
        line = [error.__name__ for error in of.__mro__] if of else [""]
        fitting = (each for name in line for each in self._by_error.get(name, ()) if each.said in reason)
        return next((each.name for each in fitting), UNFORESEEN)

    def named(self, topic: str, key: str) -> str:
        """What a job is about."""
        naming = self._namings.get(topic)
        return (naming(key) if naming else None) or key


def _descendants(error: type[HubError]) -> Iterator[type[HubError]]:
    yield error
    for each in error.__subclasses__():
        yield from _descendants(each)
