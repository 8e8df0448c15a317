"""Which of the bot's command lists a person sees (https://core.telegram.org/bots/api#botcommandscope)."""

from collections.abc import Mapping
from typing import NamedTuple

from sandbox.telegram.people import Chat, Person
from sandbox.telegram.wire import Json


class MenuKey(NamedTuple):
    """A scope with what belongs to it, and the language; an empty one is for those with no own list."""

    scope: str
    language: str
    chat_id: int | None
    user_id: int | None


def menu_key(
    scope: str, language: str = "", chat_id: int | None = None, user_id: int | None = None
) -> MenuKey:
    """Where the list of a scope and language is kept."""
    return MenuKey(scope, language, chat_id, user_id)


def menu_of(commands: Mapping[MenuKey, list[Json]], chat: Chat, person: Person) -> list[Json]:
    """The first list that is set, the narrowest scope first and in each the person's language first."""
    for scope, chat_id, user_id in _scopes(chat, person):
        for language in ((person.language_code or "").partition("-")[0], ""):
            if found := commands.get(menu_key(scope, language, chat_id, user_id)):
                return found
    return []


def _scopes(chat: Chat, person: Person) -> list[tuple[str, int | None, int | None]]:
    if chat.type == "private":
        return [("chat", chat.id, None), ("all_private_chats", None, None), ("default", None, None)]
    admin = chat.is_admin(person.id)
    wide: list[tuple[str, int | None, int | None]] = [
        ("all_group_chats", None, None),
        ("default", None, None),
    ]
    if not admin:
        return [("chat_member", chat.id, person.id), ("chat", chat.id, None), *wide]
    return [
        ("chat_member", chat.id, person.id),
        ("chat_administrators", chat.id, None),
        ("chat", chat.id, None),
        ("all_chat_administrators", None, None),
        *wide,
    ]
