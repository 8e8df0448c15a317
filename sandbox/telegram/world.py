"""The world as a test or the page moves it: people write, press, react and delete."""

import copy
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any

from sandbox.telegram.entities import find_entities
from sandbox.telegram.forwarding import hidden_origin, kept_markup, origin_of
from sandbox.telegram.membership import Membership
from sandbox.telegram.messages import Message, Reaction
from sandbox.telegram.people import GENERAL_TOPIC, GROUP_ANONYMOUS_BOT, Chat, Person
from sandbox.telegram.reactions import known_emoji
from sandbox.telegram.stickers import Sticker, StickerSet
from sandbox.telegram.wire import Json, WorldError, utf16_length


class World(Membership):
    """Everything, with what people can do in it. Every deed tells the bot what Telegram would tell it."""

    seed: Callable[["World"], None] | None = None

    def send_text(
        self,
        chat_id: int,
        from_id: int,
        text: str,
        *,
        reply_to: int | None = None,
        thread_id: int | None = None,
        anonymous: bool = False,
    ) -> Message:
        """A person writes; commands, mentions and links become entities as Telegram's clients find them.

        `anonymous` is for administrators of groups: the message comes from the group.
        """
        content: Json = {"text": text}
        if entities := find_entities(text):
            content["entities"] = entities
        return self._write(
            chat_id, from_id, content, reply_to=reply_to, thread_id=thread_id, anonymous=anonymous
        )

    def send_sticker(
        self,
        chat_id: int,
        from_id: int,
        sticker: str | Sticker,
        *,
        reply_to: int | None = None,
        thread_id: int | None = None,
        anonymous: bool = False,
        forwarded_from: str | None = None,
    ) -> Message:
        """A person sends a sticker (its file_id or itself), optionally forwarded from a hidden account."""
        found = sticker if isinstance(sticker, Sticker) else self.library.by_file_id.get(sticker)
        if found is None:
            raise WorldError(f"no such sticker: {sticker}")
        origin = None if forwarded_from is None else hidden_origin(forwarded_from, self.date())
        return self._write(
            chat_id,
            from_id,
            {"sticker": found.api()},
            reply_to=reply_to,
            thread_id=thread_id,
            anonymous=anonymous,
            origin=origin,
        )

    def send_custom_emoji(
        self,
        chat_id: int,
        from_id: int,
        identifiers: Sequence[str],
        *,
        text: str = "",
        reply_to: int | None = None,
        thread_id: int | None = None,
    ) -> Message:
        """A person writes a text that ends in custom emoji."""
        entities = find_entities(text)
        for identifier in identifiers:
            emoji = self.library.by_custom_emoji[identifier].emoji or "🙂"
            place = {"offset": utf16_length(text), "length": utf16_length(emoji)}
            entities.append(place | {"type": "custom_emoji", "custom_emoji_id": identifier})
            text += emoji
        content: Json = {"text": text, "entities": entities}
        return self._write(chat_id, from_id, content, reply_to=reply_to, thread_id=thread_id)

    def send_raw(self, chat_id: int, from_id: int, content: Json) -> Message:
        """A person sends a message of any other kind; `content` is its Bot API fields ({"dice": {…}})."""
        return self._write(chat_id, from_id, content)

    def forward(
        self, chat_id: int, message_id: int, to_chat: int, by: int, *, thread_id: int | None = None
    ) -> Message:
        """A person forwards a message of a chat they are in; see forwarding.py for what it keeps."""
        chat, message = self.chat(chat_id), self.message(chat_id, message_id)
        if not chat.holds(by) or message.service:
            raise WorldError(f"{by} cannot forward {chat_id}:{message_id}")
        return self._write(
            to_chat,
            by,
            copy.deepcopy(message.content),
            thread_id=thread_id,
            origin=origin_of(message),
            markup=kept_markup(message),
        )

    def _write(
        self,
        chat_id: int,
        from_id: int,
        content: Json,
        *,
        reply_to: int | None = None,
        thread_id: int | None = None,
        anonymous: bool = False,
        origin: Json | None = None,
        markup: Json | None = None,
    ) -> Message:
        chat, person = self._place_of(chat_id, from_id, anonymous)
        reply = None if reply_to is None else self.message(chat_id, reply_to)
        topic = self._open_topic(chat, thread_id)
        message = self.post(
            chat,
            GROUP_ANONYMOUS_BOT if anonymous else person,
            content,
            reply_to=reply,
            thread_id=topic,
            sender_chat=chat if anonymous else None,
            writer=person if anonymous else None,
            markup=markup,
            origin=origin,
        )
        self.deliver(message)
        return message

    def _place_of(self, chat_id: int, from_id: int, anonymous: bool = False) -> tuple[Chat, Person]:
        chat, person = self.chat(chat_id), self.person(from_id)
        if chat.migrated_to is not None:
            raise WorldError(f"this group has become {chat.migrated_to}")
        if anonymous and not chat.is_admin(from_id):
            raise WorldError(f"{from_id} is no administrator of {chat_id}, who alone may be anonymous")
        if chat.type != "private":
            if not chat.holds(from_id):
                raise WorldError(f"{from_id} is not in {chat_id}")
        elif chat.person is not person:
            raise WorldError(f"{chat_id} is somebody else's private chat")
        elif person.blocked:
            raise WorldError(f"{from_id} has blocked the bot")
        else:
            person.started = True
        return chat, person

    def _open_topic(self, chat: Chat, thread_id: int | None) -> int | None:
        if thread_id is None or not chat.is_forum or thread_id == GENERAL_TOPIC:
            return None
        topic = chat.topics.get(thread_id)
        if topic is None or topic.deleted or topic.closed:
            raise WorldError(f"no such open topic: {thread_id}")
        return thread_id

    def edit(self, chat_id: int, message_id: int, text: str) -> Message:
        """A person edits an own message."""
        message = self.message(chat_id, message_id)
        if message.sender is self.bot or message.origin or "text" not in message.content:
            raise WorldError("only people's own texts can be edited here")
        message.content = {"text": text} | ({"entities": found} if (found := find_entities(text)) else {})
        message.edit_date = self.date()
        self.show_edited(message)
        self.deliver(message, "edited_message")
        return message

    def delete(self, chat_id: int, message_id: int) -> None:
        """A person deletes a message; bots are never told."""
        message = self.message(chat_id, message_id)
        message.deleted = True
        self.show_deleted(message)

    def press(
        self,
        chat_id: int,
        message_id: int,
        from_id: int,
        data: str | None = None,
        *,
        text: str | None = None,
        inaccessible: bool = False,
    ) -> str:
        """A person presses a callback button, named by its data or its text; answers the query's id.

        With `inaccessible` the update carries only the message's id with date 0, as for very old messages.
        """
        chat, person = self._place_of(chat_id, from_id)
        message = self.message(chat_id, message_id)
        button = _button(message, data, text)
        query_id = self.queries.press(chat_id, from_id)
        stub: Json = {"message_id": message_id, "chat": chat.api(), "date": 0}
        payload: Json = {
            "id": query_id,
            "from": person.user(),
            "message": stub if inaccessible else message.api(),
            "chat_instance": chat_instance(chat_id),
            "data": button["callback_data"],
        }
        self.updates.add("callback_query", payload, from_id, self.timestamp())
        return query_id

    def press_forged(self, chat_id: int, message_id: int, from_id: int, data: str) -> str:
        """A modified client sends data that no button carries."""
        chat, person = self._place_of(chat_id, from_id)
        query_id = self.queries.press(chat_id, from_id)
        message = self.message(chat_id, message_id).api()
        payload: Json = {"id": query_id, "from": person.user(), "message": message}
        payload |= {"chat_instance": chat_instance(chat.id), "data": data}
        self.updates.add("callback_query", payload, from_id, self.timestamp())
        return query_id

    def react(
        self, chat_id: int, message_id: int, from_id: int, emoji: Iterable[str], *, anonymous: bool = False
    ) -> list[Reaction]:
        """A person replaces the own reactions on a message: permitted emoji or custom emoji ids.

        An `anonymous` administrator's reactions are the group's.
        """
        chat, person = self._place_of(chat_id, from_id, anonymous)
        message = self.message(chat_id, message_id)
        new = [self._reaction(chat, one) for one in emoji]
        actor = chat_id if anonymous else from_id
        old = message.reactions.pop(actor, [])
        if new:
            message.reactions[actor] = new
        if old != new:
            self.show_reactions(message)
            self._tell_reaction(message, None if anonymous else person, old, new)
        return new

    def _reaction(self, chat: Chat, emoji: str) -> Reaction:
        if emoji in self.library.by_custom_emoji:
            return {"type": "custom_emoji", "custom_emoji_id": emoji}
        known = known_emoji(emoji)
        if known is None or (chat.available_reactions is not None and known not in chat.available_reactions):
            raise WorldError(f"not a reaction here: {emoji}")
        return {"type": "emoji", "emoji": known}

    def _tell_reaction(
        self, message: Message, person: Person | None, old: list[Reaction], new: list[Reaction]
    ) -> None:
        chat, date = message.chat, self.date()
        if chat.type != "private" and not chat.bot_is_admin:
            return
        actor: Json = {"actor_chat": chat.api()} if person is None else {"user": person.user()}
        payload: Json = {"chat": chat.api(), "message_id": message.message_id, **actor, "date": date}
        payload |= {"old_reaction": old, "new_reaction": new}
        self.updates.add("message_reaction", payload, chat.id, date)

    def delete_set(self, name: str, *, keep_name: bool = True) -> StickerSet:
        """Somebody deletes a set; see Library.delete_set."""
        return self.library.delete_set(name, keep_name=keep_name)

    def add_set(self, name: str, title: str | None = None, **options: Any) -> StickerSet:
        """A new set; see Library.add_set for the options."""
        return self.library.add_set(name, title, **options)

    def reset(self) -> None:
        """Back to the seed. The webhook, ids already given out and the commands' numbers stay as they are."""
        self.updates.clear()
        self.queries.clear()
        self.ledger.clear()
        self.faults.clear()
        self._empty()
        if self.seed is not None:
            self.seed(self)
        self.feed.publish({"type": "reset"})


def chat_instance(chat_id: int) -> str:
    """A number that stands for the chat, the same in all its callback queries."""
    return str(int.from_bytes(sha256(str(chat_id).encode()).digest()[:8], "big", signed=True))


def _button(message: Message, data: str | None, text: str | None) -> Json:
    for row in message.buttons:
        for button in row:
            if "callback_data" in button and (data == button["callback_data"] or text == button["text"]):
                return button
    raise WorldError(f"no such button: {data if data is not None else text}")
