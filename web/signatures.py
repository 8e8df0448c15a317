"""Signed calls of other systems, by Standard Webhooks (github.com/standard-webhooks/standard-webhooks)."""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Annotated

import structlog
from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials
from starlette.exceptions import HTTPException
from starlette.requests import Request

from services.engine.clock import Clock
from web.authentication import API_KEY, BEARER, Check

WINDOW = 300  # seconds that a call's clock may be behind or ahead of ours
PREFIX = "whsec_"
LONGEST_ID = 200  # characters
MOST_IDS = 10_000  # remembered at one time

SIGNATURE = APIKeyHeader(
    name="webhook-signature",
    scheme_name="signature",
    description="Standard Webhooks: HMAC-SHA256 over webhook-id, webhook-timestamp and the body.",
    auto_error=False,
)

log = structlog.get_logger(__name__)

SignedOrKeyed = Callable[..., Awaitable[str | None]]


class SignatureRefused(Exception):
    """The call is not what one of the secrets signed just now; the message says why in one line."""


class Signatures:
    """Verifies calls against secrets; several are for the time of a rotation. Without any none is good."""

    def __init__(self, secrets: Iterable[str], clock: Clock) -> None:
        """A secret is `whsec_` and base64, or text, which may also be meant as base64."""
        self._keys = [key for secret in secrets for key in _keys_of(secret)]
        self._clock = clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> str:
        """The call's webhook-id. Raises SignatureRefused."""
        webhook_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not 0 < len(webhook_id) <= LONGEST_ID:
            raise SignatureRefused("The webhook-id is missing or too long.")
        self._check_time(timestamp)
        if not self._keys:
            raise SignatureRefused("No secret is set here, so no signature is good.")
        signed = f"{webhook_id}.{timestamp}.".encode("latin-1") + body
        if not self._fits(signed, headers.get("webhook-signature", "")):
            raise SignatureRefused(
                "The webhook-signature does not fit: something was changed on the way, or the secret differs."
            )
        return webhook_id

    def _check_time(self, timestamp: str) -> None:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 19):
            raise SignatureRefused("The webhook-timestamp is not a time in seconds.")
        age = self._clock.now().timestamp() - int(timestamp)
        if age > WINDOW:
            raise SignatureRefused("The webhook-timestamp is too old: more than five minutes.")
        if age < -WINDOW:
            raise SignatureRefused("The webhook-timestamp lies more than five minutes ahead.")

    def _fits(self, signed: bytes, header: str) -> bool:
        given = [
            each.removeprefix("v1,").encode("latin-1") for each in header.split(" ") if each[:3] == "v1,"
        ]
        right = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in self._keys]
        # All pairs, whichever fits: the time taken tells nothing.
        return sum(hmac.compare_digest(mine, theirs) for mine in right for theirs in given) > 0


class Repeats:
    """Remembers the ids of signed calls for as long as their signatures are good."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}  # oldest first

    def knows(self, webhook_id: str) -> bool:
        """Whether a call of this id had its effect within the window."""
        return self._until.get(webhook_id, 0.0) > self._clock.monotonic()

    def remember(self, webhook_id: str) -> None:
        """The call had its effect."""
        now = self._clock.monotonic()
        self._until[webhook_id] = now + 2 * WINDOW  # a clock may be ahead by one window, and late by one
        for old, until in list(self._until.items()):
            if until > now and len(self._until) <= MOST_IDS:
                break
            del self._until[old]


def signed_or_keyed(signatures: Signatures, may_call: Check) -> SignedOrKeyed:
    """A dependency that lets pass who has a key for `may_call`, and without a key who signed the call.

    It gives the webhook-id of a signed call, None for one with a key; 401 or 403 else.
    """

    async def check(
        request: Request,
        header: Annotated[str | None, Security(API_KEY)],
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
        signature: Annotated[str | None, Security(SIGNATURE)],
    ) -> str | None:
        if header or bearer:
            await may_call(header, bearer)
            return None
        if signature is None:
            raise _refusal("This address needs a key, or a webhook-signature.")
        try:
            return signatures.verify(request.headers, await request.body())
        except SignatureRefused as error:
            log.warning("webhook.refused", details={"path": request.url.path, "reason": str(error)})
            raise _refusal(str(error)) from error

    return check


def _keys_of(secret: str) -> Iterator[bytes]:
    """Every key that a secret may mean; nothing for an empty one."""
    text = secret.removeprefix(PREFIX)
    if text == secret and text:
        yield text.encode()
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        return
    if decoded:
        yield decoded


def _refusal(reason: str) -> HTTPException:
    return HTTPException(401, reason, {"WWW-Authenticate": 'Bearer realm="switchboard"'})
