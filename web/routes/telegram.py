"""Telegram's webhook: stored before it is answered, and answered with nothing."""

import hmac
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.engine.errors import FaultRecorder, Refused
from web.problems import problem

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name (core.telegram.org/bots/api#setwebhook)


class UpdateIntake(Protocol):
    """Takes raw updates into the inbox; the bot implements it."""

    async def accept(self, raw: bytes) -> object:
        """Store once; durable when this returns. Raises Refused, StorageUnavailable."""
        ...


class TelegramWebhook:
    """The route `POST /telegram/webhook`."""

    def __init__(self, intake: UpdateIntake, secret: str | None, faults: FaultRecorder) -> None:
        """With no secret the hub polls, and the route does not exist."""
        self._intake = intake
        self._secret = secret.encode() if secret else None
        self._faults = faults

    def route(self) -> Route:
        """A plain route: Telegram sends a lot, and nothing of it needs describing."""
        return Route("/telegram/webhook", self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        """200 with an empty body once the update is stored: a body could be taken for a method call."""
        if self._secret is None:
            return problem(404, "Updates are polled here.")
        given = request.headers.get(SECRET_HEADER, "").encode()
        if not hmac.compare_digest(given, self._secret):
            await self._faults.record("telegram.webhook_secret", "wrong or missing secret")
            return problem(401, "The secret token is wrong.")
        try:
            await self._intake.accept(await request.body())
        except Refused as error:
            await self._faults.record("telegram.malformed_update", str(error))
            return problem(400, "This is not an update.")
        return Response(status_code=200)
