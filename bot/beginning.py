"""What a process does once Telegram has answered it: who decides here, and what the menus show."""

import structlog

from bot.client import Client
from bot.menus import Menus
from bot.standing import Standing
from services.engine.clock import Clock
from services.engine.errors import Unavailable
from services.flow.claims import LIFE, Claims
from services.flow.roles import Roles

log = structlog.get_logger(__name__)

AGAIN = 30.0  # seconds until Telegram is asked again that named no wait


class Beginning:
    """Runs to its end once."""

    def __init__(
        self, client: Client, clock: Clock, roles: Roles, claims: Claims, standing: Standing, menus: Menus
    ) -> None:
        self._client = client
        self._clock = clock
        self._roles = roles
        self._claims = claims
        self._standing = standing
        self._menus = menus

    async def run(self) -> None:
        """Learn who administers ADMIN_CHAT_ID, offer a code when nobody is an admin, have the menus set.

        To be called once the client is connected. Raises StorageUnavailable.
        """
        await self._learn()
        if code := await self._claims.offer():
            link = f"https://t.me/{self._client.username}?start={code}"
            hours = LIFE.total_seconds() // 3600
            details = {"say": f"/start {code}", "link": link, "hours": int(hours)}
            log.warning("admin.none_yet", details=details)
        await self._menus.offer()

    async def _learn(self) -> None:
        while True:
            try:
                await self._roles.refresh()
                for told in await self._standing.admin_chat():
                    if told.level != "ok":
                        log.warning("admin_chat.rights", details={"what": told.what, "hint": told.hint})
            except Unavailable as error:
                log.warning("admin_chat.not_known", details={"reason": str(error)})
                await self._clock.sleep(error.retry_after or AGAIN)
            else:
                return
