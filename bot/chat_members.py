"""Telegram's word about who is what in a chat; implements services/flow/roles.ChatMembers."""

from telegram import Bot, ChatMember, ChatMemberRestricted
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.outcomes import Again, of_error
from services.engine.errors import Unavailable

GONE = "left"  # also for a chat the bot is no longer in: nobody has rights by it


class TelegramChatMembers:
    """Asks the Bot API."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def status(self, chat_id: int, user_id: int) -> str:
        """getChatMember (core.telegram.org/bots/api#getchatmember). Raises Unavailable.

        A bot that is no administrator may be refused the answer: then the list of administrators tells.
        """
        try:
            return _status(await self._bot.get_chat_member(chat_id, user_id))
        except Forbidden:
            return GONE
        except BadRequest:
            return (await self.administrators(chat_id)).get(user_id, GONE)
        except TelegramError as error:
            raise _unavailable(error) from error

    async def administrators(self, chat_id: int) -> dict[int, str]:
        """getChatAdministrators (core.telegram.org/bots/api#getchatadministrators). Raises Unavailable."""
        try:
            found = await self._bot.get_chat_administrators(chat_id)
        except (Forbidden, BadRequest):
            return {}
        except TelegramError as error:
            raise _unavailable(error) from error
        return {each.user.id: _status(each) for each in found if not each.user.is_bot}


def _status(member: ChatMember) -> str:
    if isinstance(member, ChatMemberRestricted) and not member.is_member:
        return GONE
    return str(member.status)


def _unavailable(error: TelegramError) -> Unavailable:
    outcome = of_error(error)
    after = outcome.after if isinstance(outcome, Again) else None
    return Unavailable("telegram", error.message, retry_after=after)
