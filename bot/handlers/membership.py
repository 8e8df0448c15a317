"""The bot's own standing in chats, and groups that get a new number."""

from telegram import Update
from telegram.constants import ChatMemberStatus
from telegram.ext import ChatMemberHandler, filters

from bot.context import HubContext
from bot.registry import Registry
from bot.speech import message_of
from services.flow.people import People

OUT = {ChatMemberStatus.LEFT, ChatMemberStatus.BANNED}  # BANNED is "kicked": also a person's block


class MembershipHandlers:
    """Keeps where messages can go."""

    def __init__(self, people: People) -> None:
        self._people = people

    def register(self, registry: Registry) -> None:
        """my_chat_member and the two service messages of a migration."""
        registry.member("bot", ChatMemberHandler.MY_CHAT_MEMBER, self.on_membership)
        registry.message("migration", filters.StatusUpdate.MIGRATE, self.on_migration)

    async def on_membership(self, update: Update, context: HubContext) -> None:
        """The bot was added, promoted, removed, blocked or let in again."""
        change = update.my_chat_member
        if change is None:
            return
        chat, status = change.chat, change.new_chat_member.status
        title = chat.effective_name or str(chat.id)
        context.work.write(
            lambda tx: self._people.membership(
                tx, chat.id, chat.type, title, status=status, active=status not in OUT
            )
        )

    async def on_migration(self, update: Update, context: HubContext) -> None:
        """Told twice, in the old chat and in the new one; moving twice is moving once."""
        message = message_of(update)
        old = message.migrate_from_chat_id or message.chat.id
        new = message.migrate_to_chat_id or message.chat.id
        context.work.write(lambda tx: self._people.move(tx, old, new))
