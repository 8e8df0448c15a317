"""Roles: who may look up, and who may change how the hub runs.

admin: named by ADMIN_IDS, claimed by /start CODE, or an administrator of ADMIN_CHAT_ID. staff: named by
STAFF_IDS or /staff add, or a member of ADMIN_CHAT_ID. Administrators of other groups have no say here.
"""

from dataclasses import dataclass
from typing import Literal

from services.engine.errors import Anonymous, NotAllowed, Unavailable
from services.engine.work import Work
from services.flow.members import ADMINISTERS, BELONGS, ChatMembers, Members
from services.flow.places import Asker, Place
from storage import chats, people
from storage.database import Database, Transaction
from storage.records import Job

__all__ = ["RANK", "ChatMembers", "Holder", "Named", "Role", "Roles", "Source"]

Role = Literal["everyone", "staff", "admin"]
Source = Literal["settings", "given", "chat"]
RANK: dict[Role, int] = {"everyone": 0, "staff": 1, "admin": 2}


class NotStaff(NotAllowed):
    """Only staff may look this up."""

    user_text = "error-not-staff"


@dataclass(frozen=True, slots=True)
class Named:
    """Who the settings name."""

    admins: frozenset[int] = frozenset()
    staff: frozenset[int] = frozenset()
    admin_chat: int | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who is known to have a role, and by what."""

    user_id: int
    role: Role
    source: Source


class Roles:
    """Answers who may do what."""

    def __init__(self, database: Database, members: Members, named: Named) -> None:
        self._database = database
        self._members = members
        self._named = named

    async def of(self, user_id: int | None, *, afresh: bool = False, enough: Role = "admin") -> Role:
        """A person's role; Telegram is not asked for more than is `enough`.

        `afresh` asks it now, for decisions. Raises Unavailable when it does not answer and, without
        `afresh`, has not said anything before.
        """
        if user_id is None:
            return "everyone"
        sure, chat = await self._database.read(lambda tx: (self.given(tx, user_id), self._admin_chat(tx)))
        if chat is None or RANK[sure] >= RANK[enough]:
            return sure
        status = await self._members.status(chat, user_id, afresh=afresh)
        if status in ADMINISTERS:
            return "admin"
        return "staff" if status in BELONGS else sure

    async def shown(self, user_id: int | None) -> Role:
        """A person's role as far as it can be told now: for what is shown, never for what is allowed."""
        try:
            return await self.of(user_id)
        except Unavailable:
            return await self._database.read(lambda tx: self.given(tx, user_id or 0))

    def given(self, tx: Transaction, user_id: int) -> Role:
        """The role by the settings and by what was given in the chat; Telegram may know of a higher one."""
        person = people.by_id(tx, user_id)
        given = person.role if person else None
        if user_id in self._named.admins or given == "admin":
            return "admin"
        return "staff" if user_id in self._named.staff or given == "staff" else "everyone"

    def is_named(self, user_id: int) -> bool:
        """Whether the settings give somebody a role, which nobody takes away in a chat."""
        return user_id in self._named.admins | self._named.staff

    async def is_admin(self, user_id: int | None, *, afresh: bool = False) -> bool:
        """Whether this person may change how the hub runs."""
        return await self.of(user_id, afresh=afresh) == "admin"

    async def require(self, asker: Asker, role: Role, place: Place, *, changes: bool) -> None:
        """Raise NotAllowed unless the asker has the role, or Anonymous when nobody knows who they are.

        What `changes` something asks Telegram afresh. In ADMIN_CHAT_ID the nameless may read.
        """
        if role == "everyone":
            return
        if asker.user_id is None:
            if changes or not await self.is_admin_chat(place.chat_id):
                raise Anonymous("asked in a group's name")
            return
        if RANK[await self.of(asker.user_id, afresh=changes, enough=role)] < RANK[role]:
            raise NotStaff("needs staff") if role == "staff" else NotAllowed(f"needs {role}")

    async def admin_chat(self) -> int | None:
        """The group of ADMIN_CHAT_ID by the number it has now."""
        return await self._database.read(self._admin_chat)

    async def is_admin_chat(self, chat_id: int) -> bool:
        """Whether this is the group of ADMIN_CHAT_ID."""
        return chat_id == await self.admin_chat()

    async def admins(self) -> frozenset[int]:
        """The admins that are known by name, however they became it."""
        return frozenset(each.user_id for each in await self.holders() if each.role == "admin")

    async def holders(self) -> list[Holder]:
        """Everybody who is known to have a role, once each with the highest: admins first."""
        found = [Holder(each, "admin", "settings") for each in sorted(self._named.admins)]
        found += await self._given("admin")
        found += await self._of_chat("admin", ADMINISTERS)
        found += [Holder(each, "staff", "settings") for each in sorted(self._named.staff)]
        found += await self._given("staff")
        found += await self._of_chat("staff", BELONGS - ADMINISTERS)
        first: dict[int, Holder] = {}
        for each in found:
            first.setdefault(each.user_id, each)
        return list(first.values())

    async def has_admin(self) -> bool:
        """Whether there is anybody to decide."""
        return self._named.admin_chat is not None or bool(await self.admins())

    async def others(self, user_ids: frozenset[int]) -> bool:
        """Whether there is an admin beside these, as Telegram says now. Raises Unavailable."""
        await self.refresh()
        return bool(await self.admins() - user_ids)

    async def administers(self, chat_id: int, user_id: int) -> bool:
        """Whether somebody administers that chat, as Telegram says now. Raises Unavailable."""
        return await self._members.status(chat_id, user_id, afresh=True) in ADMINISTERS

    async def refresh(self) -> None:
        """Ask Telegram who administers ADMIN_CHAT_ID. Raises Unavailable."""
        if chat := await self.admin_chat():
            await self._members.refresh(chat)

    async def refreshing(self, job: Job, work: Work) -> None:
        """The handler of the regular topic that refreshes."""
        await self.refresh()

    def _admin_chat(self, tx: Transaction) -> int | None:
        number = self._named.admin_chat
        chat = chats.by_id(tx, number) if number is not None else None
        return (chat.moved_to if chat else None) or number

    async def _given(self, role: Role) -> list[Holder]:
        found = await self._database.read(lambda tx: people.with_role(tx, role))
        return [Holder(each, role, "given") for each in found]

    async def _of_chat(self, role: Role, statuses: frozenset[str]) -> list[Holder]:
        chat = await self.admin_chat()
        found = await self._members.those(chat, statuses) if chat else []
        return [Holder(each, role, "chat") for each in found]
