"""The JSON that the chat page reads."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sandbox.telegram.forwarding import origin_name
from sandbox.telegram.ledger import Call
from sandbox.telegram.limits import Pace
from sandbox.telegram.messages import Message
from sandbox.telegram.people import Chat, Person
from sandbox.telegram.stickers import Sticker, StickerSet
from sandbox.telegram.wire import Json, WorldError, without

if TYPE_CHECKING:
    from sandbox.telegram.state import State

PAGE_ROOT = "/telegram/page"
_MOST = 100_000


def page_message(message: Message) -> Json:
    """A message as the page shows it."""
    content = message.content
    return without(
        {
            "chat_id": message.chat.id,
            "message_id": message.message_id,
            "from": message.sender.id,
            "writer": message.writer.id if message.writer else None,
            "forwarded_from": origin_name(message.origin) if message.origin else None,
            "force_reply": message.force_reply,
            "date": message.date,
            "edit_date": message.edit_date,
            "thread_id": message.thread,
            "text": content.get("text") or content.get("caption"),
            "entities": content.get("entities") or content.get("caption_entities"),
            "sticker": page_sent_sticker(content["sticker"]) if "sticker" in content else None,
            "photo": page_photo(content["photo"]) if "photo" in content else None,
            "reply_to": message.reply_to.message_id if message.reply_to else None,
            "buttons": message.buttons or None,
            "reactions": page_reactions(message),
            "service": message.service,
            "deleted": True if message.deleted else None,
        }
    )


def page_reactions(message: Message) -> list[Json]:
    """Reactions with those who put them."""
    return [{"emoji": emoji, "by": actors} for emoji, actors in message.reaction_counts().items()]


def page_sent_sticker(sticker: Json) -> Json:
    """A sticker inside a message."""
    return without(
        {
            "file_id": sticker["file_id"],
            "set_name": sticker.get("set_name"),
            "emoji": sticker.get("emoji"),
            "image": f"{PAGE_ROOT}/stickers/{sticker['file_unique_id']}.svg",
        }
    )


def page_photo(sizes: list[Json]) -> Json:
    """The largest size of a photo."""
    return {"image": f"{PAGE_ROOT}/photos/{sizes[-1]['file_unique_id']}"}


def page_sticker(sticker: Sticker) -> Json:
    """A sticker in the picker."""
    return {
        "file_id": sticker.file_id,
        "emoji": sticker.emoji,
        "image": f"{PAGE_ROOT}/stickers/{sticker.file_unique_id}.svg",
    }


def page_set(sticker_set: StickerSet) -> Json:
    """A set in the picker."""
    return {
        "name": sticker_set.name,
        "title": sticker_set.title,
        "sticker_type": sticker_set.sticker_type,
        "stickers": [page_sticker(sticker) for sticker in sticker_set.stickers],
        "deleted": sticker_set.deleted,
    }


def page_person(person: Person) -> Json:
    """Somebody the page can be."""
    names = without({"id": person.id, "first_name": person.first_name, "last_name": person.last_name})
    return names | {
        "username": person.username,
        "language_code": person.language_code,
        "is_admin": person.is_admin,
    }


def page_chat(chat: Chat) -> Json:
    """A chat in the list; a private chat's member is its person."""
    members = [chat.person.id] if chat.person else [one for one in chat.members if chat.holds(one)]
    topics = [{"id": topic.id, "name": topic.name} for topic in chat.topics.values() if not topic.deleted]
    return without(
        {
            "id": chat.id,
            "type": chat.type,
            "title": chat.title,
            "is_forum": True if chat.is_forum else None,
            "topics": topics if chat.is_forum else None,
            "members": members,
            "admins": [one for one in members if chat.is_admin(one)],
        }
    ) | {"available_reactions": chat.available_reactions}


def page_bot(bot: Person) -> Json:
    """The bot."""
    return {"id": bot.id, "first_name": bot.first_name, "username": bot.username}


def page_messages(state: "State") -> list[Json]:
    """Every message of every chat, oldest first."""
    messages = [message for chat in state.chats.values() for message in chat.messages.values()]
    messages.sort(key=lambda message: (message.date, message.message_id))
    return [page_message(message) for message in messages]


def page_call(call: Call) -> Json:
    """A call of the bot as the ledger tells it."""
    return {
        "n": call.n,
        "at": call.at,
        "method": call.method,
        "params": call.params,
        "status": call.status,
        "answer": call.answer,
        "applied": call.applied,
    }


def page_limits(pace: Pace | None) -> Json | None:
    """The limits that calls are held to, None while there are none."""
    return None if pace is None else asdict(pace)


def fault_options(body: Json) -> Json:
    """What the page may say about a planned failure, each a number. Raises WorldError for anything else."""
    whole = {name: _whole(name, body[name]) for name in ("times", "retry_after") if name in body}
    spans = {name: _seconds(name, body[name]) for name in ("seconds", "delay") if name in body}
    chat = {"chat_id": int(body["chat_id"])} if "chat_id" in body else {}
    return whole | spans | chat


def _whole(name: str, value: Any) -> int:
    if type(value) is not int or not 1 <= value <= _MOST:
        raise WorldError(f"{name} is a whole number from 1 to {_MOST}")
    return value


def _seconds(name: str, value: Any) -> float:
    if type(value) not in (int, float) or not 0 < value <= _MOST:
        raise WorldError(f"{name} is a number of seconds up to {_MOST}")
    return float(value)
