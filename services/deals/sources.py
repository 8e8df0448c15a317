"""The portals that deals come from, and the home portal that they go to."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.bitrix24 import Portal


@dataclass(frozen=True, slots=True)
class Sources:
    """The home portal, and each source portal by its domain in small letters; there is one at least."""

    home: Portal
    portals: Mapping[str, Portal]

    def __getitem__(self, domain: str) -> Portal:
        """A source portal. KeyError for a domain that is none, which the settings may have lost since."""
        return self.portals[domain]
