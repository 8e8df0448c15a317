"""Who is what in a chat: the bot itself, the people of ADMIN_CHAT_ID; and groups that get a new number."""

from telegram import ChatMemberUpdated, Update
from telegram.constants import ChatMemberStatus
from telegram.ext import ChatMemberHandler, filters

from bot.chat_members import status_of
from bot.context import HubContext, is_private
from bot.menus import Menus
from bot.registry import Registry
from bot.speech import message_of
from services.flow.members import BELONGS, Members
from services.flow.people import People
from services.flow.places import Place
from services.flow.rights import GROUPS, Rights
from services.flow.roles import Roles

OUT = {ChatMemberStatus.LEFT, ChatMemberStatus.BANNED}  # BANNED is "kicked": also a person's block


class MembershipHandlers:
    """Keeps where messages can go, what the bot may there, and who belongs to the admins."""

    def __init__(self, people: People, members: Members, roles: Roles, rights: Rights, menus: Menus) -> None:
        self._people = people
        self._members = members
        self._roles = roles
        self._rights = rights
        self._menus = menus

    def register(self, registry: Registry) -> None:
        """my_chat_member, chat_member and the two service messages of a migration."""
        registry.member("bot", ChatMemberHandler.MY_CHAT_MEMBER, self.on_membership)
        registry.member("person", ChatMemberHandler.CHAT_MEMBER, self.on_member)
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
        if chat.type in GROUPS and status_of(change.new_chat_member) in BELONGS:
            place = Place(chat.id, is_private(chat), context.language)
            reads_all = context.bot.can_read_all_group_messages
            await self._rights.look(context.work, place, status, reads_all=reads_all)

    async def on_member(self, update: Update, context: HubContext) -> None:
        """Somebody came, went or got another standing: of interest only where it gives a role."""
        change = update.chat_member
        if change is None or change.new_chat_member.user.is_bot:
            return
        if await self._roles.is_admin_chat(change.chat.id):
            self._note(change, context)

    async def on_migration(self, update: Update, context: HubContext) -> None:
        """Told twice, in the old chat and in the new one; moving twice is moving once."""
        message = message_of(update)
        old = message.migrate_from_chat_id or message.chat.id
        new = message.migrate_to_chat_id or message.chat.id
        context.work.write(lambda tx: self._people.move(tx, old, new))

    def _note(self, change: ChatMemberUpdated, context: HubContext) -> None:
        user, status = change.new_chat_member.user, status_of(change.new_chat_member)
        chat_id, at, says = change.chat.id, change.date, user.language_code
        context.work.write(lambda tx: self._people.meet(tx, user.id, user.full_name, user.username, says))
        context.work.write(lambda tx: self._members.told(tx, chat_id, user.id, status, at))
        self._menus.renew(context.work, user.id)
