"""/staff: who has a role here; /staff add and remove, by reply, by a forwarded message, or by id."""

import re

from telegram import Message, MessageOriginHiddenUser, MessageOriginUser, Update, User

from bot.context import HubContext, asker_of, place_of
from bot.menus import Menus
from bot.registry import ADMIN_LISTS, Registry
from bot.speech import message_of, say
from services.flow.messages import Content, Messages, Text
from services.flow.places import Asker
from services.flow.staff import Staff

_ID = re.compile(r"[1-9][0-9]{0,15}")
BITS = 52  # of an id of Telegram's (core.telegram.org/bots/api#user)
# Telegram's own accounts: channels' posts, hidden administrators, channels that write.
NOT_PEOPLE = frozenset({777000, 1087968824, 136817688})


class StaffHandlers:
    """Finds out who is meant; the staff's room does the rest."""

    def __init__(self, staff: Staff, menus: Menus, messages: Messages) -> None:
        self._staff = staff
        self._menus = menus
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """For admins."""
        registry.command("staff", self.on_staff, ADMIN_LISTS)

    async def on_staff(self, update: Update, context: HubContext) -> None:
        """/staff, /staff add …, /staff remove …."""
        message, args = message_of(update), context.args or []
        if not args:
            return say(self._messages, update, context, await self._staff.shown())
        verb = args[0].lower()
        whom = _whom(message, args[1:], context.bot.id) if verb in {"add", "remove"} else Text("staff-usage")
        if isinstance(whom, Text):
            return say(self._messages, update, context, Content((whom,)))
        change = self._staff.add if verb == "add" else self._staff.remove
        await change(whom, asker_of(update), place_of(message, context.language), context.work)
        return self._menus.renew(context.work, whom.user_id or 0)


def _whom(message: Message, rest: list[str], bot_id: int) -> Asker | Text:
    """Who is meant, or why that is nobody. Of an id nothing more is known: the name is empty."""
    if rest:
        return _by_id(rest[0], bot_id) if len(rest) == 1 else Text("staff-usage")
    replied = message.reply_to_message
    if replied is None or replied.forum_topic_created:  # in a topic every message answers its first one
        return Text("staff-usage")
    if isinstance(replied.forward_origin, MessageOriginHiddenUser):
        return Text("staff-hidden")
    user = _user_of(replied)
    if user is None or user.is_bot:
        return Text("staff-no-person")
    return Asker(user.id, user.full_name)


def _user_of(message: Message) -> User | None:
    """Who wrote it first; nobody when it was a group or a channel."""
    if message.forward_origin:
        origin = message.forward_origin
        return origin.sender_user if isinstance(origin, MessageOriginUser) else None
    return None if message.sender_chat else message.from_user


def _by_id(text: str, bot_id: int) -> Asker | Text:
    if not _ID.fullmatch(text) or int(text) >= 2**BITS:
        return Text("staff-not-an-id")
    if int(text) in NOT_PEOPLE or int(text) == bot_id:
        return Text("staff-no-person")
    return Asker(int(text), "")
