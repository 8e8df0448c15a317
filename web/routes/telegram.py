"""Telegram's webhook (core.telegram.org/bots/api#setwebhook)."""

import hmac
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.engine.errors import FaultRecorder, Refused

PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name


class UpdateIntake(Protocol):
    """Stores updates."""

    async def accept(self, raw: bytes) -> object:
        """Store one update, once; durable when this returns. Raises Refused, StorageUnavailable."""
        ...


class TelegramWebhook:
    """Takes updates from Telegram: stored first, answered second."""

    def __init__(self, intake: UpdateIntake, faults: FaultRecorder, secret: str) -> None:
        self._intake = intake
        self._faults = faults
        self._secret = secret.encode()

    async def receive(self, request: Request) -> Response:
        """Store the update and answer 200. Telegram sends again after any other answer."""
        await self._check_secret(request)
        raw = await request.body()
        try:
            await self._intake.accept(raw)
        except Refused as error:
            await self._faults.record("telegram.malformed_update", str(error))
            raise HTTPException(400, "The body is not an update.") from error
        return Response()  # with nothing in it: Telegram takes a JSON body for a method to call

    async def _check_secret(self, request: Request) -> None:
        given = request.headers.get(SECRET_HEADER, "").encode("latin-1")
        if hmac.compare_digest(given, self._secret):
            return
        caller = request.client.host if request.client else "an unknown address"
        await self._faults.record(
            "telegram.webhook_secret", f"{'a wrong' if given else 'no'} secret from {caller}"
        )
        raise HTTPException(
            401, "The secret of the webhook is missing or wrong.", {"WWW-Authenticate": SECRET_HEADER}
        )
