"""People, groups and topics coming into being, and the bot's place in them."""

from collections.abc import Sequence

from sandbox.telegram.people import (
    ADMIN_RIGHTS,
    GENERAL_TOPIC,
    GROUP_ANONYMOUS_BOT,
    Chat,
    ChatType,
    Person,
    Status,
    Topic,
    chat_member,
)
from sandbox.telegram.state import State
from sandbox.telegram.wire import Json, WorldError

_FIRST_PERSON = 500200001
_FIRST_GROUP = 4200000001
_FIRST_SUPERGROUP = 1001900000001
_TOPIC_COLOUR = 7322096


class Membership(State):
    """Building the world, and joins, promotions, blocks and migrations as the bot hears of them."""

    def add_person(
        self, person: Person | None = None, /, *, first_name: str = "Dana", started: bool = True
    ) -> Person:
        """Somebody new with a private chat; `started` people have opened it, so the bot may write there.

        Without a Person one is made with the next free id.
        """
        if person is None:
            number = _FIRST_PERSON + len(self.people)
            name = f"person_{number}"
            person = Person(number, first_name, username=name, language_code="en", started=started)
        self.people[person.id] = person
        self.chats[person.id] = Chat(person.id, "private", person=person)
        return person

    def add_group(
        self,
        title: str,
        members: Sequence[int] = (),
        *,
        chat_id: int | None = None,
        chat_type: ChatType = "supergroup",
        username: str | None = None,
        bot: Status = "administrator",
        privacy: bool | None = None,
        is_forum: bool = False,
        available_reactions: list[str] | None = None,
    ) -> Chat:
        """A group that already exists: nobody hears of it. The first member is its creator.

        `privacy` is the bot's privacy mode there (the world's setting when None); it matters only while the
        bot is no administrator.
        """
        number = chat_id or self._free_chat_id(chat_type)
        chat = Chat(number, chat_type, title, username, is_forum=is_forum, bot=bot)
        chat.privacy = self.privacy if privacy is None else privacy
        chat.available_reactions = available_reactions
        for place, member in enumerate(members):
            chat.members[self.person(member).id] = "member" if place else "creator"
        if is_forum:
            self.next_message_id(chat)  # the first id belongs to General
            chat.topics[GENERAL_TOPIC] = Topic(GENERAL_TOPIC, "General")
        self.chats[chat.id] = chat
        return chat

    def _free_chat_id(self, chat_type: ChatType) -> int:
        number = _FIRST_SUPERGROUP if chat_type == "supergroup" else _FIRST_GROUP
        while -number in self.chats:
            number += 1
        return -number

    def add_topic(self, chat_id: int, name: str, creator: int | None = None, *, told: bool = True) -> Topic:
        """A new topic of a forum and its service message, whose id it has; `told` lets the bot hear of it."""
        chat = self.chat(chat_id)
        sender = self.person(creator if creator is not None else next(iter(chat.members)))
        content: Json = {"forum_topic_created": {"name": name, "icon_color": _TOPIC_COLOUR}}
        message = self.post(chat, sender, content, service=f"Topic “{name}” created", opens_topic=True)
        topic = Topic(message.message_id, name)
        chat.topics[topic.id] = topic
        if told:
            self.deliver(message)
        return topic

    def close_topic(self, chat_id: int, topic_id: int, *, closed: bool = True) -> None:
        """Close a topic, or open it again."""
        self.chat(chat_id).topics[topic_id].closed = closed

    def delete_topic(self, chat_id: int, topic_id: int) -> None:
        """Delete a topic with its messages; the bot is not told."""
        chat = self.chat(chat_id)
        chat.topics[topic_id].deleted = True
        for message in chat.messages.values():
            if message.thread == topic_id and not message.deleted:
                message.deleted = True
                self.show_deleted(message)

    def make_admin(self, chat_id: int, user_id: int) -> None:
        """A person has been an administrator of a group all along: nobody hears of it."""
        chat = self.chat(chat_id)
        chat.members[self.person(user_id).id], chat.rights[user_id] = "administrator", frozenset(ADMIN_RIGHTS)

    def promote(
        self, chat_id: int, user_id: int, by: int | None = None, rights: Sequence[str] = ADMIN_RIGHTS
    ) -> None:
        """Somebody in a group becomes an administrator, or has other rights from now on."""
        chat, person = self._member(chat_id, user_id)
        self._move(chat, person, self._chief(chat, by), "administrator", frozenset(rights))

    def demote(self, chat_id: int, user_id: int, by: int | None = None) -> None:
        """An administrator is an ordinary member again."""
        chat, person = self._member(chat_id, user_id)
        if not chat.is_admin(user_id):
            raise WorldError(f"{user_id} is no administrator of {chat_id}")
        self._move(chat, person, self._chief(chat, by), "member")

    def join(self, chat_id: int, user_id: int, by: int | None = None) -> None:
        """Somebody comes into a group, or `by` adds them: a chat_member and the service message."""
        chat, person = self.chat(chat_id), self.person(user_id)
        if chat.type == "private" or chat.holds(user_id):
            raise WorldError(f"{user_id} cannot come into {chat_id}")
        if by is None and chat.members.get(user_id) == "kicked":
            raise WorldError(f"{user_id} is banned from {chat_id}")
        actor = person if by is None else self.person(by)
        self._move(chat, person, actor, "member")
        self._tell_entry(chat, actor, person)

    def leave(self, chat_id: int, user_id: int) -> None:
        """Somebody goes out of a group."""
        chat, person = self._member(chat_id, user_id)
        self._move(chat, person, person, "left")
        self._tell_exit(chat, person, person)

    def kick(self, chat_id: int, user_id: int, by: int | None = None) -> None:
        """Somebody is removed from a group, and banned from it."""
        chat, person = self._member(chat_id, user_id)
        actor = self._chief(chat, by)
        self._move(chat, person, actor, "kicked")
        self._tell_exit(chat, actor, person)

    def _member(self, chat_id: int, user_id: int) -> tuple[Chat, Person]:
        chat, person = self.chat(chat_id), self.person(user_id)
        if chat.type == "private" or not chat.holds(user_id):
            raise WorldError(f"{user_id} is in no group {chat_id}")
        return chat, person

    def _chief(self, chat: Chat, by: int | None) -> Person:
        """Who changes others' places: an administrator, the creator when nobody is named."""
        actor = self._actor(chat.id, by)
        if not chat.is_admin(actor.id):
            raise WorldError(f"{actor.id} is no administrator of {chat.id}")
        return actor

    def _move(
        self, chat: Chat, person: Person, actor: Person, new: Status, rights: frozenset[str] = frozenset()
    ) -> None:
        """Change a person's place; the bot hears of it only as an administrator of that group."""
        if chat.members.get(person.id) == "creator" and new != "left":
            raise WorldError(f"nobody changes the place of the creator, {person.id}")
        old = chat.member(person)
        chat.members[person.id], chat.rights[person.id] = new, rights
        if chat.bot_is_admin:
            self._tell_change("chat_member", chat, actor, person.id, old, chat.member(person))
        self.show_chat(chat)

    def _tell_entry(self, chat: Chat, actor: Person, person: Person) -> None:
        user = person.user()
        content: Json = {"new_chat_participant": user, "new_chat_member": user, "new_chat_members": [user]}
        text = f"{actor.first_name} added {person.first_name}"
        if actor is person:
            text = f"{person.first_name} joined the group"
        self.deliver(self.post(chat, actor, content, service=text))

    def _tell_exit(self, chat: Chat, actor: Person, person: Person) -> None:
        user = person.user()
        text = f"{actor.first_name} removed {person.first_name}"
        if actor is person:
            text = f"{person.first_name} left the group"
        content: Json = {"left_chat_participant": user, "left_chat_member": user}
        self.deliver(self.post(chat, actor, content, service=text))

    def block(self, user_id: int) -> None:
        """A person blocks the bot."""
        person = self.person(user_id)
        self._private_change(person, "member", "kicked")
        person.blocked = True

    def unblock(self, user_id: int) -> None:
        """A person unblocks the bot."""
        person = self.person(user_id)
        self._private_change(person, "kicked", "member")
        person.blocked = False

    def _private_change(self, person: Person, old: Status, new: Status) -> None:
        self._tell_membership(self.chat(person.id), person, old, new, frozenset())

    def add_bot(self, chat_id: int, by: int | None = None) -> None:
        """Somebody adds the bot to a group: a my_chat_member and the service message."""
        chat, actor = self.chat(chat_id), self._actor(chat_id, by)
        self._change(chat, actor, "member")
        self._tell_entry(chat, actor, self.bot)

    def kick_bot(self, chat_id: int, by: int | None = None) -> None:
        """Somebody removes the bot from a group."""
        self._change(self.chat(chat_id), self._actor(chat_id, by), "kicked")

    def leave_bot(self, chat_id: int, by: int | None = None) -> None:
        """The bot is out of the group without being banned."""
        self._change(self.chat(chat_id), self._actor(chat_id, by), "left")

    def promote_bot(
        self, chat_id: int, by: int | None = None, rights: Sequence[str] = ("can_delete_messages",)
    ) -> None:
        """The bot becomes an administrator with these rights."""
        chat = self.chat(chat_id)
        chat.bot_rights = frozenset(rights)
        self._change(chat, self._actor(chat_id, by), "administrator")

    def demote_bot(self, chat_id: int, by: int | None = None) -> None:
        """The bot is an ordinary member again."""
        self._change(self.chat(chat_id), self._actor(chat_id, by), "member")

    def _actor(self, chat_id: int, by: int | None) -> Person:
        chat = self.chat(chat_id)
        actor = next(filter(chat.holds, chat.members), None) if by is None else by
        if actor is None:
            raise WorldError(f"nobody is in {chat_id}")
        return self.person(actor)

    def _change(self, chat: Chat, actor: Person, new: Status) -> None:
        old, chat.bot = chat.bot, new
        self._tell_membership(chat, actor, old, new, chat.bot_rights)

    def _tell_membership(
        self, chat: Chat, actor: Person, old: Status, new: Status, rights: frozenset[str]
    ) -> None:
        user = self.bot.user()
        before, after = chat_member(user, old, rights), chat_member(user, new, rights)
        self._tell_change("my_chat_member", chat, actor, chat.id, before, after)

    def _tell_change(self, kind: str, chat: Chat, actor: Person, key: int, old: Json, new: Json) -> None:
        payload: Json = {"chat": chat.api(), "from": actor.user(), "date": self.date()}
        payload |= {"old_chat_member": old, "new_chat_member": new}
        self.updates.add(kind, payload, key, self.date())

    def migrate(self, chat_id: int, by: int | None = None) -> Chat:
        """A basic group becomes a supergroup with a new id; answers the new chat."""
        old, actor = self.chat(chat_id), self._actor(chat_id, by)
        if old.type != "group" or old.migrated_to is not None:
            raise WorldError(f"not a basic group: {chat_id}")
        new = self.add_group(old.title or "", list(old.members), bot=old.bot, privacy=old.privacy)
        new.members, new.rights, new.bot_rights = dict(old.members), dict(old.rights), old.bot_rights
        self._service(old, actor, {"migrate_to_chat_id": new.id})
        old.migrated_to = new.id
        self._service(new, GROUP_ANONYMOUS_BOT, {"migrate_from_chat_id": old.id}, new)
        return new

    def _service(self, chat: Chat, sender: Person, content: Json, sender_chat: Chat | None = None) -> None:
        text = "The group was upgraded to a supergroup"
        self.deliver(self.post(chat, sender, content, service=text, sender_chat=sender_chat))
