"""One message: what is kept of it and its shape on the wire."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.telegram.wire import Json

if TYPE_CHECKING:
    from sandbox.telegram.people import Chat, Person

# A ReactionType: {"type": "emoji", "emoji": …} or {"type": "custom_emoji", "custom_emoji_id": …}.
Reaction = Json


def reaction_key(reaction: Reaction) -> str:
    """The emoji, or the id of a custom one."""
    return str(reaction.get("emoji") or reaction.get("custom_emoji_id"))


@dataclass(slots=True)
class Message:
    """A message of a chat. `content` holds the Bot API fields of its kind (text, sticker, service …).

    `reactions` maps an actor (user id, the bot's id, or the chat's id for anonymous ones) to its reactions.
    `seen` is False for messages that privacy mode kept from the bot. `writer` is who really wrote an
    anonymous administrator's message. `force_reply` is what a ForceReply asks for, see force_reply.py.
    """

    chat: "Chat"
    message_id: int
    sender: "Person"
    date: int
    content: Json
    sender_chat: "Chat | None" = None
    writer: "Person | None" = None
    author_signature: str | None = None
    edit_date: int | None = None
    thread_id: int | None = None
    is_topic: bool = False
    reply_to: "Message | None" = None
    origin: Json | None = None
    markup: Json | None = None
    force_reply: Json | None = None
    reactions: dict[int, list[Reaction]] = field(default_factory=dict)
    deleted: bool = False
    seen: bool = True
    service: str | None = None

    @property
    def author(self) -> "Person":
        """The person behind it, also of an anonymous message; no update tells."""
        return self.writer or self.sender

    @property
    def text(self) -> str:
        """Text or caption, empty for other kinds."""
        return str(self.content.get("text") or self.content.get("caption") or "")

    @property
    def thread(self) -> int | None:
        """The topic it lies in, or None (General, chats without topics)."""
        return self.thread_id if self.is_topic else None

    @property
    def buttons(self) -> list[list[Json]]:
        """Rows of inline buttons."""
        rows: list[list[Json]] = (self.markup or {}).get("inline_keyboard", [])
        return rows

    def api(self, *, with_reply: bool = True) -> Json:
        """The Message object; the replied-to message is one level deep, as Telegram sends it."""
        message: Json = {"message_id": self.message_id, "from": self.sender.user()}
        if self.author_signature:
            message["author_signature"] = self.author_signature
        if self.sender_chat is not None:
            message["sender_chat"] = self.sender_chat.api()
        message["chat"] = self.chat.api()
        message["date"] = self.date
        if self.edit_date:
            message["edit_date"] = self.edit_date
        if self.thread_id is not None:
            message["message_thread_id"] = self.thread_id
        if self.origin:
            message |= self.origin
        if with_reply and (reply := self.replied()) is not None:
            message["reply_to_message"] = reply.api(with_reply=False)
        message |= self.content
        if self.markup:
            message["reply_markup"] = self.markup
        if self.is_topic:
            message["is_topic_message"] = True
        return message

    def replied(self) -> "Message | None":
        """What reply_to_message shows: the reply, or the topic's first message for one that is no reply."""
        if self.reply_to is not None:
            return None if self.reply_to.deleted else self.reply_to
        if self.is_topic and self.thread_id != self.message_id and self.thread_id is not None:
            return self.chat.messages.get(self.thread_id)
        return None

    def reaction_counts(self) -> dict[str, list[int]]:
        """Each reaction on the message with its actors, in the order they came."""
        counts: dict[str, list[int]] = {}
        for actor, reactions in self.reactions.items():
            for reaction in reactions:
                counts.setdefault(reaction_key(reaction), []).append(actor)
        return counts
