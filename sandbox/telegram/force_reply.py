"""ForceReply: the bot asks for an answer by reply (https://core.telegram.org/bots/api#forcereply)."""

from collections.abc import Iterable

from sandbox.telegram.messages import Message
from sandbox.telegram.people import Chat, Person
from sandbox.telegram.wire import Json, bad_request, utf16_slice

_MAX_PLACEHOLDER = 64


def parse_force_reply(markup: object) -> Json | None:
    """The ForceReply of a reply_markup that was found well-formed, None for other markups.

    Telegram documents 1 to 64 characters for the placeholder, not what it answers beyond; here that is a 400.
    """
    if not isinstance(markup, dict) or not markup.get("force_reply"):
        return None
    if any(markup.get(stronger) for stronger in ("keyboard", "inline_keyboard", "remove_keyboard")):
        return None
    if len(markup.get("input_field_placeholder", "")) > _MAX_PLACEHOLDER:
        raise bad_request("input field placeholder is too long")
    return markup


def asked(markup: Json, chat: Chat, content: Json, reply: Message | None, people: Iterable[Person]) -> Json:
    """What the page needs: `placeholder`, and with `selective` in `to` the ids of those who are asked.

    Those are the people mentioned in the text and the one whose message it answers; in a private chat there
    is nothing to select.
    """
    told: Json = {"placeholder": str(markup.get("input_field_placeholder", ""))}
    if chat.type == "private" or not markup.get("selective"):
        return told
    mentioned = _mentioned(content, people)
    return told | {"to": mentioned if reply is None else [*mentioned, reply.author.id]}


def _mentioned(content: Json, people: Iterable[Person]) -> list[int]:
    text, entities = content.get("text", ""), content.get("entities", [])
    linked = [entity["user"]["id"] for entity in entities if entity["type"] == "text_mention"]
    names = {
        utf16_slice(text, entity["offset"] + 1, entity["length"] - 1).lower()
        for entity in entities
        if entity["type"] == "mention"
    }
    return linked + [person.id for person in people if (person.username or "").lower() in names]
