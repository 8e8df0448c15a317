"""Telegram's word about who is what in a chat; implements services/flow/members.ChatMembers."""

from telegram import Bot, ChatMember, ChatMemberRestricted
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.outcomes import unavailable
from services.engine.errors import Unavailable
from services.flow.members import ChatMoved

GONE = "left"  # also for a chat the bot is no longer in: nobody has rights by it


class TelegramChatMembers:
    """Asks the Bot API."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def status(self, chat_id: int, user_id: int) -> str:
        """getChatMember (core.telegram.org/bots/api#getchatmember). Raises Unavailable, ChatMoved.

        A bot that is no administrator may be refused the answer: then the list of administrators tells.
        """
        try:
            return status_of(await self._bot.get_chat_member(chat_id, user_id))
        except Forbidden:
            return GONE
        except BadRequest:
            return (await self.administrators(chat_id)).get(user_id, GONE)
        except TelegramError as error:
            raise _raised(error) from error

    async def administrators(self, chat_id: int) -> dict[int, str]:
        """getChatAdministrators (core.telegram.org/bots/api#getchatadministrators).

        Raises Unavailable, ChatMoved.
        """
        try:
            found = await self._bot.get_chat_administrators(chat_id)
        except (Forbidden, BadRequest):
            return {}
        except TelegramError as error:
            raise _raised(error) from error
        return {each.user.id: status_of(each) for each in found if not each.user.is_bot}


def status_of(member: ChatMember) -> str:
    """A member's status; who is restricted may also be out."""
    if isinstance(member, ChatMemberRestricted) and not member.is_member:
        return GONE
    return str(member.status)


def _raised(error: TelegramError) -> ChatMoved | Unavailable:
    return ChatMoved(error.new_chat_id) if isinstance(error, ChatMigrated) else unavailable(error)
