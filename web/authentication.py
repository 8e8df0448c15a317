"""Keys: who may call the closed routes, and how a route says which right it needs."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

_CHALLENGE = 'Bearer realm="switchboard"'  # RFC 6750; X-API-Key has no registered scheme to name

API_KEY = APIKeyHeader(name="X-API-Key", scheme_name="key", auto_error=False)
BEARER = HTTPBearer(scheme_name="bearer", auto_error=False)

Check = Callable[..., Awaitable[None]]


class Scope(StrEnum):
    """What a key is good for."""

    ADMIN = "admin"
    READ = "read"
    WEBHOOK = "webhook"

    def covers(self, needed: "Scope") -> bool:
        """Whether a key of this scope opens a route that needs `needed`."""
        return self in {needed, Scope.ADMIN}


class Keys:
    """The known keys. With none of them every closed route stays closed."""

    def __init__(self, keys: Iterable[tuple[str, Scope]]) -> None:
        self._known = [(_digest(key), scope) for key, scope in keys if key]

    def scope_of(self, presented: str) -> Scope | None:
        """The scope of a key, None for an unknown one; takes the same time whichever key it is."""
        digest, found = _digest(presented), None
        for known, scope in self._known:
            if hmac.compare_digest(digest, known):
                found = scope
        return found


def requires(needed: Scope, keys: Keys) -> Check:
    """A dependency that lets a request pass only with a key for `needed`; 401 or 403 else."""

    async def check(
        header: Annotated[str | None, Security(API_KEY)],
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    ) -> None:
        presented = header or (bearer.credentials if bearer else None)
        if not presented:
            raise _refusal(401, "This address needs a key: X-API-Key, or Authorization: Bearer.")
        scope = keys.scope_of(presented)
        if scope is None:
            raise _refusal(401, "This key is not known.", "invalid_token")
        if not scope.covers(needed):
            raise _refusal(403, f"This key lacks the scope {needed}.", "insufficient_scope")

    return check


def _digest(key: str) -> bytes:
    # Of one length for all keys, so that not even their lengths show in the time a comparison takes.
    return hashlib.sha256(key.encode()).digest()


def _refusal(status: int, detail: str, reason: str | None = None) -> HTTPException:
    challenge = f'{_CHALLENGE}, error="{reason}"' if reason else _CHALLENGE
    return HTTPException(status, detail, {"WWW-Authenticate": challenge})
