"""Making Telegram's acquaintance: getMe and the way updates come, tried until it works."""

import structlog
from telegram.error import InvalidToken, TelegramError

from bot.application import HubApplication
from bot.outcomes import Again, of_error
from bot.updates import ALLOWED
from services.engine.clock import Clock
from services.engine.errors import FaultRecorder

log = structlog.get_logger(__name__)

AGAIN_AFTER = (0.5, 1.0, 2.0, 5.0, 15.0)  # seconds between tries, growing


class Connection:
    """Connects the application. The hub is ready without it: intake is open and the sender waits."""

    def __init__(
        self,
        application: HubApplication,
        *,
        webhook_url: str | None,
        webhook_secret: str | None,
        clock: Clock,
        faults: FaultRecorder,
    ) -> None:
        """`webhook_url` None means that updates are polled."""
        self._application = application
        self._webhook_url = webhook_url
        self._webhook_secret = webhook_secret
        self._clock = clock
        self._faults = faults
        self._problem: str | None = "not connected yet"

    async def check(self) -> str | None:
        """For the health list: what is wrong, or None."""
        return self._problem

    async def establish(self) -> None:
        """Return once getMe answered and the mode is set, however long that takes."""
        failures = 0
        while True:
            try:
                await self._application.initialize()
                await self._set_mode()
            except TelegramError as error:
                failures += 1
                await self._failed(error, AGAIN_AFTER[min(failures, len(AGAIN_AFTER)) - 1])
            else:
                self._problem = None
                log.info("telegram.connected", details={"bot": self._application.bot.username})
                return

    async def _failed(self, error: TelegramError, wait: float) -> None:
        outcome = of_error(error)
        if isinstance(outcome, Again) and outcome.after is not None:
            wait = outcome.after
        rejected = isinstance(error, InvalidToken)
        self._problem = "the token or TELEGRAM_API_URL is wrong" if rejected else error.message
        log.warning(
            "telegram.not_connected", details={"again_in": wait, "reason": self._problem}, exc_info=error
        )
        await self._faults.record(f"telegram.connecting.{type(error).__name__}", str(error))
        await self._clock.sleep(wait)

    async def _set_mode(self) -> None:
        bot = self._application.bot
        info = await bot.get_webhook_info()
        if self._webhook_url is None:
            if info.url:
                await bot.delete_webhook(drop_pending_updates=False)
            return
        # The secret cannot be read back, so it is set each time; with nothing changed Telegram does nothing.
        await bot.set_webhook(
            self._webhook_url, secret_token=self._webhook_secret, allowed_updates=list(ALLOWED)
        )
