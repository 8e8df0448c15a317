"""Chats without anybody that Telegram would tell of."""


class Nobody:
    """Implements services/flow/roles.ChatMembers."""

    async def status(self, chat_id: int, user_id: int) -> str:
        return "left"

    async def administrators(self, chat_id: int) -> dict[int, str]:
        return {}
