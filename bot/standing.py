"""How the bot stands in its groups: what the doctor asks, and what the log says at the start."""

from collections.abc import Sequence

from telegram.error import TelegramError

from bot.chat_members import TelegramChatMembers
from bot.client import Client
from services.engine.errors import Unavailable
from services.engine.health import Health, Told
from services.flow.members import ADMINISTERS, BELONGS, ChatMoved
from services.flow.rights import REACTIONS, Rights, lacking
from services.flow.roles import Roles
from storage.records import Chat

SHOWN = 10  # groups in one finding
ASKED = 20  # groups that Telegram is asked about, when it never said what the bot is there

NOBODY = "nobody may decide or use the admins' commands"
NOBODY_HINT = "start the hub and send the bot the /start line of its log, or set ADMIN_IDS or ADMIN_CHAT_ID"
OUTSIDE_HINT = "add the bot to the group of ADMIN_CHAT_ID and make it an administrator there"
POWERLESS_HINT = (
    "make the bot an administrator there: else it cannot tell who is a member, and hears of it late"
)
GROUPS_HINT = (
    "make the bot an administrator there, or switch its privacy mode off in @BotFather and add it again"
)


class Standing:
    """Asks with calls that change nothing."""

    def __init__(self, client: Client, roles: Roles, rights: Rights) -> None:
        self._client = client
        self._members = TelegramChatMembers(client)
        self._roles = roles
        self._rights = rights
        self._bot_id = int(client.token.split(":")[0])

    def register(self, health: Health) -> None:
        """Put the questions on the list."""
        health.register("admins", probe=self.admins)
        health.register("admin chat", probe=self.admin_chat)
        health.register("groups", probe=self.groups)

    async def admins(self) -> Sequence[Told]:
        """Whether there is anybody to decide."""
        number = len(await self._roles.admins())
        if not number and not await self._roles.has_admin():
            return [Told("warning", NOBODY, NOBODY_HINT)]
        return [Told("ok", f"{number}")]

    async def admin_chat(self) -> Sequence[Told]:
        """Whether the bot is told who belongs to ADMIN_CHAT_ID: nothing when there is none."""
        chat = await self._roles.admin_chat()
        if chat is None:
            return []
        try:
            status = await self._status(chat)
        except Unavailable:
            return []  # told by the questions about Telegram itself
        if status in ADMINISTERS:
            return [Told("ok", "the bot is an administrator there")]
        if status in BELONGS:
            return [Told("warning", "the bot is no administrator of ADMIN_CHAT_ID", POWERLESS_HINT)]
        return [Told("failed", "the bot is not in ADMIN_CHAT_ID", OUTSIDE_HINT)]

    async def groups(self) -> Sequence[Told]:
        """Which groups show the bot less than it needs."""
        groups = await self._rights.groups()
        try:
            short = await self._short(groups)
        except (TelegramError, Unavailable):
            return []
        if not short:
            return [Told("ok", f"{len(groups)}")] if groups else []
        more = [f"and {len(short) - SHOWN} more"] if len(short) > SHOWN else []
        return [Told("warning", "; ".join([*short[:SHOWN], *more]), GROUPS_HINT)]

    async def _short(self, groups: Sequence[Chat]) -> list[str]:
        reads_all = (await self._client.get_me()).can_read_all_group_messages or False
        asked = [each.chat_id for each in groups if each.bot_status is None][:ASKED]
        known = {chat_id: await self._status(chat_id) for chat_id in asked}
        return [
            _line(each, lacks)
            for each in groups
            if (lacks := lacking(each.bot_status or known.get(each.chat_id), reads_all=reads_all))
        ]

    async def _status(self, chat_id: int) -> str:
        try:
            return await self._members.status(chat_id, self._bot_id)
        except ChatMoved as moved:
            return await self._members.status(moved.chat_id, self._bot_id)


def _line(group: Chat, lacks: frozenset[str]) -> str:
    missing = "no reactions" if lacks == {REACTIONS} else "no stickers and no reactions"
    return f"{group.title}: {missing}"
