"""Which reactions Telegram permits, and which of the configured ones are used."""

from collections.abc import Sequence
from dataclasses import dataclass

from telegram.constants import ReactionEmoji

VARIATION = "\ufe0f"  # Telegram's own list spells some emoji without it, clients and constants with it
FALLBACKS = ("👍", "👌", "❤", "🔥")  # tried once in a chat that refuses the first choice


def plain(emoji: str) -> str:
    """An emoji in the one spelling we compare."""
    return emoji.replace(VARIATION, "")


# core.telegram.org/bots/api#reactiontypeemoji, by spelling without variation selectors.
PERMITTED: dict[str, str] = {plain(each.value): str(each.value) for each in ReactionEmoji}


@dataclass(frozen=True, slots=True)
class Reactions:
    """The emoji for each purpose, best first; all of them permitted."""

    exists: tuple[str, ...]
    added: tuple[str, ...]

    def wanted(self, purpose: str) -> str:
        """The first choice for "exists" or "added"."""
        return self._choices(purpose)[0]

    def instead_of(self, refused: str, purpose: str) -> str:
        """Another permitted one, for a chat that refused the first."""
        rest = (*self._choices(purpose), *(PERMITTED[each] for each in FALLBACKS))
        return next(each for each in rest if each != refused)

    def _choices(self, purpose: str) -> tuple[str, ...]:
        return self.exists if purpose == "exists" else self.added


def permitted(configured: Sequence[str], default: str) -> tuple[str, ...]:
    """The configured emoji that a bot may use, in order; the default when none is left."""
    usable = tuple(PERMITTED[plain(each)] for each in configured if plain(each) in PERMITTED)
    return usable or (default,)
