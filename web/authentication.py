"""Keys: who may ask what. Compared in constant time, against every key there is."""

import hashlib
import hmac
from collections.abc import Callable, Coroutine, Sequence
from enum import StrEnum
from typing import Any

from fastapi import HTTPException, Request


class Scope(StrEnum):
    """What a key may do; an admin key may do all of it."""

    ADMIN = "admin"
    READ = "read"
    WEBHOOK = "webhook"


class Keys:
    """The known keys. Those of API_KEYS have the scope admin."""

    def __init__(self, admin_keys: Sequence[str]) -> None:
        # Digests have one length, so that comparing tells nothing about a key's.
        self._known = [(_digest(key), frozenset(Scope)) for key in admin_keys]

    def scopes_of(self, given: str) -> frozenset[Scope] | None:
        """The scopes of a key; None for an unknown one. Takes as long for either."""
        digest, found = _digest(given), None
        for known, scopes in self._known:
            if hmac.compare_digest(known, digest):
                found = scopes
        return found


def needs(scope: Scope) -> Callable[[Request], Coroutine[Any, Any, None]]:
    """A dependency that lets a request pass whose key has the scope: else 401 or 403."""

    async def check(request: Request) -> None:
        keys: Keys = request.app.state.keys
        scopes = keys.scopes_of(given) if (given := key_of(request)) else None
        if scopes is None:
            raise HTTPException(401, "A known API key is needed.", {"WWW-Authenticate": "Bearer"})
        if scope not in scopes:
            raise HTTPException(403, f"This key lacks the scope {scope}.")

    check.scope = scope  # type: ignore[attr-defined]  # so that a test can list which routes are closed
    return check


def key_of(request: Request) -> str | None:
    """The key a request brings: X-API-Key, or Authorization: Bearer."""
    if given := request.headers.get("x-api-key"):
        return given
    method, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if method.lower() == "bearer" else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
