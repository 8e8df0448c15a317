"""The command menu, kept per scope and language (https://core.telegram.org/bots/api#botcommandscope)."""

import re
from typing import Any

from sandbox.telegram.command_menu import MenuKey, menu_key
from sandbox.telegram.methods.answer import Answer
from sandbox.telegram.params import Params, from_json
from sandbox.telegram.state import State
from sandbox.telegram.targets import readable_chat
from sandbox.telegram.wire import Json, bad_request

_NAME = re.compile(r"[a-z0-9_]{1,32}")
_PLAIN_SCOPES = frozenset({"default", "all_private_chats", "all_group_chats", "all_chat_administrators"})
_CHAT_SCOPES = frozenset({"chat", "chat_administrators", "chat_member"})
_MAX_COMMANDS = 100


def set_my_commands(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#setmycommands — an empty list is the same as deleting."""
    given = params.json("commands")
    if not isinstance(given, list):
        raise bad_request("can't parse commands JSON object")
    if len(given) > _MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    commands = [_command(value) for value in given]
    key = _key(state, params)
    if commands:
        state.commands[key] = commands
    else:
        state.commands.pop(key, None)
    state.show_commands()
    return Answer(True)


def get_my_commands(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#getmycommands"""
    return Answer(state.commands.get(_key(state, params), []))


def delete_my_commands(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#deletemycommands"""
    state.commands.pop(_key(state, params), None)
    state.show_commands()
    return Answer(True)


def _command(value: Any) -> Json:
    if not isinstance(value, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    name, description = str(value.get("command", "")).removeprefix("/"), str(value.get("description", ""))
    if not _NAME.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description.strip()) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description.strip()}


def _key(state: State, params: Params) -> MenuKey:
    scope = params.json("scope") or {"type": "default"}
    kind = scope.get("type") if isinstance(scope, dict) else None
    language = params.text("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    if kind in _PLAIN_SCOPES:
        return menu_key(str(kind), language)
    if kind not in _CHAT_SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    chat_id = _scope_chat(state, scope)
    user_id = _scope_user(state, scope) if kind == "chat_member" else None
    return menu_key(str(kind), language, chat_id, user_id)


def _scope_chat(state: State, scope: Json) -> int:
    chat = readable_chat(state, from_json({"chat_id": scope.get("chat_id")}))
    if chat.person is not None and not chat.person.started:
        raise bad_request("chat not found")
    return chat.id


def _scope_user(state: State, scope: Json) -> int:
    user_id = scope.get("user_id")
    if not isinstance(user_id, int):
        raise bad_request("can't parse BotCommandScope: can't find field \"user_id\"")
    if user_id <= 0:
        raise bad_request("can't parse BotCommandScope: invalid user_id specified")
    if user_id not in state.people:
        raise bad_request("user not found")
    return user_id
