"""Who may tell of deals: which domains, and what their events prove themselves with."""

import hashlib
import hmac

from pydantic import SecretStr

from services.bitrix24.events import PortalEvent
from settings import Bitrix24

PATH = "/webhook/deal"  # where portals tell of deals
OTHER = "other"  # stands for every domain that nobody configured


class DomainNotAllowed(Exception):
    """No portal may have this domain."""


class DomainNotConfigured(Exception):
    """No deals of this domain are taken here."""


class TokenRefused(Exception):
    """Nothing that came with the event proves that the portal sent it."""


class Gate:
    """Knows the portals' tokens. Without any source portal no domain is configured, not even the home's."""

    def __init__(self, settings: Bitrix24) -> None:
        self._settings = settings
        self.home = settings.home
        self._tokens = {
            domain: (_digest(source.application_token), _digest(source.robot_token))
            for domain, source in settings.sources.items()
        }
        if self._tokens:
            self._tokens[self.home] = (_digest(settings.application_token), None)

    def label(self, domain: str) -> str:
        """A domain for the metrics, whose labels come from a closed list."""
        return domain if domain in self._tokens else OTHER

    def is_source(self, domain: str) -> bool:
        """Whether deals come from there."""
        return domain in self._settings.sources

    def admit(self, domain: str) -> None:
        """Let a domain pass, in small letters. Raises DomainNotAllowed before DomainNotConfigured."""
        if not self._settings.allows(domain):
            raise DomainNotAllowed(domain)
        if domain not in self._tokens:
            raise DomainNotConfigured(domain)

    def admit_source(self, domain: str) -> None:
        """The same for a source portal; the home portal is none."""
        self.admit(domain)
        if not self.is_source(domain):
            raise DomainNotConfigured(domain)

    def prove(self, event: PortalEvent, robot_token: str) -> None:
        """Compare what came with what is known, both in constant time. Raises TokenRefused.

        `event` is of a domain that was admitted; `robot_token` came in the query.
        """
        application, robot = self._tokens[event.domain]
        fits = (_is(event.token, application), _is(robot_token, robot))
        if not any(fits):
            raise TokenRefused


def _digest(token: SecretStr) -> bytes | None:
    return hashlib.sha256(token.get_secret_value().encode()).digest() if token else None


def _is(given: str, known: bytes | None) -> bool:
    """Without a known token nothing fits. All digests have one length, so not even that shows."""
    digest = hashlib.sha256(given.encode(errors="surrogatepass")).digest()
    return hmac.compare_digest(digest, known or bytes(len(digest))) and known is not None
