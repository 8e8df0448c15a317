"""Which reactions Telegram takes from a bot and from people."""

from sandbox.telegram.messages import Message, Reaction, reaction_key
from sandbox.telegram.people import Chat
from sandbox.telegram.wire import bad_request

# https://core.telegram.org/bots/api#reactiontypeemoji, spelled without U+FE0F as there.
_EMOJI = (
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤\u200d🔥 🌚 🌭 💯 🤣 "
    "⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨\u200d💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 "
    "☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷\u200d♂ 🤷 🤷\u200d♀ 😡"
)
PERMITTED: tuple[str, ...] = tuple(_EMOJI.split())
_PERMITTED = frozenset(PERMITTED)


def known_emoji(emoji: str) -> str | None:
    """The list's spelling, or None. Joined emoji may carry U+FE0F as clients write it, single ones not."""
    if "\u200d" in emoji:
        emoji = emoji.replace("\ufe0f", "")
    return emoji if emoji in _PERMITTED else None


def parse_reaction(value: object) -> Reaction:
    """One ReactionType as the server keeps it. Raises ApiError 400 for shapes it cannot read."""
    if not isinstance(value, dict):
        raise bad_request("Can't parse ReactionType: expected an Object")
    kind = value.get("type")
    if kind == "emoji":
        emoji = str(value.get("emoji", ""))
        return {"type": "emoji", "emoji": known_emoji(emoji) or emoji}
    if kind == "custom_emoji":
        identifier = str(value.get("custom_emoji_id", ""))
        if not identifier.isascii() or not identifier.isdigit():
            raise bad_request('Can\'t parse ReactionType: Field "custom_emoji_id" must be a valid Number')
        return {"type": "custom_emoji", "custom_emoji_id": identifier}
    if kind == "paid":
        raise bad_request("REACTION_INVALID")
    raise bad_request("Can't parse ReactionType: invalid reaction type specified")


def check_bot_reaction(chat: Chat, message: Message, reactions: list[Reaction], bot_id: int) -> None:
    """Raises ApiError 400 when a bot may not put these on this message."""
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    for reaction in reactions:
        if not _allowed(chat, message, reaction):
            raise bad_request("REACTION_INVALID")
        others = {
            reaction_key(one) for actor, kept in message.reactions.items() if actor != bot_id for one in kept
        }
        if reaction_key(reaction) not in others and len(others) >= chat.max_reaction_count:
            raise bad_request("REACTIONS_TOO_MANY")


def _allowed(chat: Chat, message: Message, reaction: Reaction) -> bool:
    key = reaction_key(reaction)
    if reaction["type"] == "custom_emoji":
        return key in chat.custom_reactions or key in message.reaction_counts()
    if key not in _PERMITTED:
        return False
    return chat.available_reactions is None or key in chat.available_reactions
