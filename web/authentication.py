"""Keys: who may call the closed routes, and how a route says which right it needs."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from services.flow.keys import Scope
from storage.records import Key

__all__ = ["Check", "Keyring", "Principal", "Scope", "StoredKeys", "requires"]

_CHALLENGE = 'Bearer realm="switchboard"'  # RFC 6750; X-API-Key has no registered scheme to name

_ABOUT = "A key made by `run.py keys create`, with a scope that the address takes, or one of API_KEYS."

API_KEY = APIKeyHeader(name="X-API-Key", scheme_name="key", description=_ABOUT, auto_error=False)
BEARER = HTTPBearer(scheme_name="bearer", description=_ABOUT, auto_error=False)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, as the journal names it: `key:<id>`, or `settings` for any key of API_KEYS."""

    name: str
    scope: Scope


Check = Callable[..., Awaitable[Principal]]


class StoredKeys(Protocol):
    """The keys of the database."""

    async def find(self, presented: str) -> Key | None:
        """The good key of this text, or None. Raises Unavailable when nobody can tell."""
        ...


class Keyring:
    """All keys that open something: those of the settings, and the stored ones."""

    def __init__(self, of_settings: Iterable[str], stored: StoredKeys) -> None:
        """Each key of the settings has the scope admin; with none and nothing stored all stays closed."""
        self._of_settings = [_digest(key) for key in of_settings if key]
        self._stored = stored

    async def holder_of(self, presented: str) -> Principal | None:
        """Whose key this is, None for an unknown one. Raises Unavailable when nobody can tell.

        All keys of the settings are compared, each in constant time. A stored one is looked up by its
        digest: how long that takes tells about digests only, and nobody can make a key for a digest.
        """
        digest = _digest(presented)
        if sum(hmac.compare_digest(digest, known) for known in self._of_settings):
            return Principal("settings", Scope.ADMIN)
        key = await self._stored.find(presented)
        return Principal(f"key:{key.id}", Scope.stored(key.scope)) if key else None


def requires(needed: Scope, keyring: Keyring) -> Check:
    """A dependency that lets a request pass only with a key for `needed`: whose it is, else 401 or 403."""

    async def check(
        header: Annotated[str | None, Security(API_KEY)],
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    ) -> Principal:
        presented = header or (bearer.credentials if bearer else None)
        if not presented:
            raise _refusal(401, "This address needs a key: X-API-Key, or Authorization: Bearer.")
        principal = await keyring.holder_of(presented)
        if principal is None:
            raise _refusal(401, "This key is not known.", "invalid_token")
        if not principal.scope.covers(needed):
            raise _refusal(403, f"This key lacks the scope {needed}.", "insufficient_scope")
        return principal

    return check


def _digest(key: str) -> bytes:
    # Of one length for all keys, so that not even their lengths show in the time a comparison takes.
    return hashlib.sha256(key.encode()).digest()


def _refusal(status: int, detail: str, reason: str | None = None) -> HTTPException:
    challenge = f'{_CHALLENGE}, error="{reason}"' if reason else _CHALLENGE
    return HTTPException(status, detail, {"WWW-Authenticate": challenge})
