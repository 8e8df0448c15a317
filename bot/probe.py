"""The doctor's questions to Telegram."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from telegram import WebhookInfo
from telegram.error import InvalidToken, TelegramError

from bot.client import Client
from services.engine.clock import Clock
from services.engine.health import Health, Told
from services.engine.storage_probe import clock_told
from settings import Telegram

MANY = 100  # updates waiting at Telegram, more than arrive between two polls of a hub that keeps up
LATELY = timedelta(hours=1)
CALL_TIME = 5.0  # seconds for the question that shows Telegram's clock

WRONG_HINT = "take the token from @BotFather and put it into TELEGRAM_BOT_TOKEN"
AWAY_HINT = "look at TELEGRAM_API_URL and at this machine's way to the network"


class TelegramProbe:
    """Asks with calls that change nothing."""

    def __init__(
        self,
        client: Client,
        settings: Telegram,
        clock: Clock,
        connect: Callable[[], httpx.AsyncClient] = lambda: httpx.AsyncClient(timeout=CALL_TIME),
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._connect = connect

    def register(self, health: Health) -> None:
        """Put the questions on the list."""
        health.register("telegram", probe=self.identity)
        health.register("updates", probe=self.updates)
        health.register("clock", probe=self.time)

    async def identity(self) -> Sequence[Told]:
        """Whose token it is."""
        try:
            me = await self._client.get_me()
        except InvalidToken:
            return [Told("failed", "Telegram refuses the token", WRONG_HINT)]
        except TelegramError as error:
            return [Told("failed", f"no good answer: {error.message}", AWAY_HINT)]
        if not me.can_read_all_group_messages:
            what = f"@{me.username}; in groups it sees stickers only where it is an administrator"
            return [Told("ok", what)]
        return [Told("ok", f"@{me.username}")]

    async def updates(self) -> Sequence[Told]:
        """How updates come here, and whether they do."""
        try:
            info = await self._client.get_webhook_info()
        except TelegramError:
            return []  # told by `identity`
        wrong = self._other_way(info) or self._failing(info)
        if wrong:
            return [wrong]
        waiting = f"{info.pending_update_count} wait at Telegram"
        if info.pending_update_count > MANY:
            return [Told("warning", waiting, "does a hub run with this token, and does it keep up?")]
        return [Told("ok", f"by {self._settings.mode}, {waiting}")]

    async def time(self) -> Sequence[Told]:
        """What Telegram's clock says; its answers carry a date, whatever else they say."""
        before = self._clock.now()
        try:
            async with self._connect() as outside:
                answer = await outside.get(self._settings.api_url)
        except httpx.HTTPError:
            return []  # told by `identity`
        theirs = _date_of(answer)
        ours = before + (self._clock.now() - before) / 2
        if theirs is None:
            return []
        return clock_told("Telegram", theirs, ours) or [Told("ok", "as Telegram's")]

    def _other_way(self, info: WebhookInfo) -> Told | None:
        if self._settings.mode == "polling" and info.url:
            what = "a webhook is set, so polling gets nothing"
            return Told(
                "failed", what, "start the hub, which removes it; is another program using this token?"
            )
        if self._settings.mode == "webhook" and info.url != self._settings.webhook_url:
            what = "Telegram calls another address" if info.url else "Telegram calls nobody"
            return Told("failed", what, "start the hub, which tells Telegram TELEGRAM_WEBHOOK_URL")
        return None

    def _failing(self, info: WebhookInfo) -> Told | None:
        at = info.last_error_date
        if not info.url or at is None or self._clock.now() - at > LATELY:
            return None
        what = (
            f"Telegram's last call failed: {info.last_error_message}; {info.pending_update_count} wait there"
        )
        return Told(
            "warning", what, "can the internet reach TELEGRAM_WEBHOOK_URL, and is its certificate good?"
        )


def _date_of(answer: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
