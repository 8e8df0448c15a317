"""People, the bot and chats, with their shapes on the wire."""

from dataclasses import dataclass, field
from typing import Literal

from sandbox.telegram.messages import Message
from sandbox.telegram.wire import Json, without

ChatType = Literal["private", "group", "supergroup"]
Status = Literal["creator", "administrator", "member", "left", "kicked"]

GENERAL_TOPIC = 1
_NO_GIFTS: Json = {
    "unlimited_gifts": False,
    "limited_gifts": False,
    "unique_gifts": False,
    "premium_subscription": False,
    "gifts_from_channels": False,
}
_RIGHTS = (
    "can_change_info",
    "can_delete_messages",
    "can_invite_users",
    "can_restrict_members",
    "can_pin_messages",
    "can_manage_topics",
    "can_promote_members",
    "can_manage_video_chats",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_manage_tags",
    "can_send_welcome_messages",
)
ADMIN_RIGHTS = ("can_delete_messages", "can_invite_users", "can_restrict_members", "can_pin_messages")
_PERMISSIONS = (
    "can_send_messages can_send_media_messages can_send_audios can_send_documents can_send_photos "
    "can_send_videos can_send_video_notes can_send_voice_notes can_send_polls can_send_other_messages "
    "can_add_web_page_previews can_react_to_messages"
)


@dataclass(slots=True)
class Person:
    """Somebody with an account, or a bot. `started` and `blocked` concern the private chat with our bot.

    `hides_forwards`: messages forwarded from them name them without leading to their account.
    """

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_premium: bool = False
    is_admin: bool = False
    is_bot: bool = False
    started: bool = False
    blocked: bool = False
    deactivated: bool = False
    hides_forwards: bool = False

    @property
    def full_name(self) -> str:
        """First and last name."""
        return " ".join(filter(None, (self.first_name, self.last_name)))

    def user(self) -> Json:
        """The User object."""
        return without(
            {
                "id": self.id,
                "is_bot": self.is_bot,
                "first_name": self.first_name,
                "last_name": self.last_name,
                "username": self.username,
                "language_code": self.language_code,
                "is_premium": True if self.is_premium else None,
            }
        )


GROUP_ANONYMOUS_BOT = Person(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)


@dataclass(slots=True)
class Topic:
    """A forum topic; its id is the id of the service message that created it (General is 1)."""

    id: int
    name: str
    closed: bool = False
    deleted: bool = False


@dataclass(slots=True)
class Chat:
    """A chat and everything in it. `bot` is our bot's status; `privacy` is its privacy mode in this group.

    `rights` are those of the administrators among the people, by their id.
    """

    id: int
    type: ChatType
    title: str | None = None
    username: str | None = None
    person: Person | None = None
    is_forum: bool = False
    topics: dict[int, Topic] = field(default_factory=dict)
    members: dict[int, Status] = field(default_factory=dict)
    rights: dict[int, frozenset[str]] = field(default_factory=dict)
    bot: Status = "member"
    bot_rights: frozenset[str] = frozenset({"can_delete_messages"})
    privacy: bool = True
    available_reactions: list[str] | None = None
    custom_reactions: frozenset[str] = frozenset()
    max_reaction_count: int = 11
    migrated_to: int | None = None
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def bot_is_in(self) -> bool:
        """True when the bot is a member of this chat, with or without rights."""
        return self.bot in ("creator", "administrator", "member")

    @property
    def bot_is_admin(self) -> bool:
        """True when the bot has administrator's rights."""
        return self.bot in ("creator", "administrator")

    def holds(self, user_id: int) -> bool:
        """True when that person is in this group, or this is their private chat."""
        return user_id == self.id or self.members.get(user_id) in ("creator", "administrator", "member")

    def is_admin(self, user_id: int) -> bool:
        """True when that person is the group's creator or an administrator of it."""
        return self.members.get(user_id) in ("creator", "administrator")

    def member(self, person: Person) -> Json:
        """The ChatMember object of a person; a private chat's person is its member."""
        status: Status = "member" if self.id == person.id else self.members.get(person.id, "left")
        return chat_member(person.user(), status, self.rights.get(person.id, frozenset()))

    def api(self) -> Json:
        """The short Chat object inside updates and messages."""
        if self.person is not None:
            person = self.person
            return without(
                {
                    "id": self.id,
                    "first_name": person.first_name,
                    "last_name": person.last_name,
                    "username": person.username,
                    "type": "private",
                }
            )
        chat = without({"id": self.id, "title": self.title, "username": self.username})
        if self.is_forum:
            chat["is_forum"] = True
        chat["type"] = self.type
        if self.type == "group":
            chat |= {"all_members_are_administrators": False, "accepted_gift_types": _NO_GIFTS}
        return chat

    def full(self) -> Json:
        """getChat's ChatFullInfo; `available_reactions` is absent when every standard emoji is allowed."""
        chat = self.api()
        if self.username:
            chat["active_usernames"] = [self.username]
        if self.type != "private":
            chat["permissions"] = _permissions()
        if self.type == "supergroup":
            chat["join_to_send_messages"] = True
        chat["accepted_gift_types"] = _NO_GIFTS
        if self.available_reactions is not None:
            emoji = [{"type": "emoji", "emoji": one} for one in self.available_reactions]
            custom = [
                {"type": "custom_emoji", "custom_emoji_id": one} for one in sorted(self.custom_reactions)
            ]
            chat["available_reactions"] = emoji + custom
        return chat | {"max_reaction_count": self.max_reaction_count, "accent_color_id": 2}


def _permissions() -> Json:
    return dict.fromkeys(_PERMISSIONS.split(), True) | {
        "can_edit_tag": False,
        "can_change_info": False,
        "can_invite_users": True,
        "can_pin_messages": False,
        "can_manage_topics": False,
    }


def chat_member(user: Json, status: Status, rights: frozenset[str] = frozenset()) -> Json:
    """A ChatMember object of that status."""
    member: Json = {"user": user, "status": status}
    if status == "creator":
        member["is_anonymous"] = False
    if status == "kicked":
        member["until_date"] = 0
    if status == "administrator":
        member |= {"can_be_edited": False, "can_manage_chat": True}
        member |= {right: right in rights for right in _RIGHTS}
        member |= {"is_anonymous": False, "can_manage_voice_chats": False}
    return member
