"""Finding what a call names (chat, topic, replied-to message), or refusing it as Telegram does."""

from sandbox.telegram.messages import Message
from sandbox.telegram.params import Params
from sandbox.telegram.people import GENERAL_TOPIC, Chat
from sandbox.telegram.state import State
from sandbox.telegram.wire import ApiError, Json, bad_request, forbidden


def readable_chat(state: State, params: Params) -> Chat:
    """The chat of a call, if the bot has it. Raises ApiError 400 or 403."""
    chat = _named_chat(state, params)
    if chat.migrated_to is not None:
        raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
    if chat.person is not None:
        if not chat.person.started and not _met(state, chat.person.id):
            raise bad_request("chat not found")
    elif not chat.bot_is_in:
        raise _outside(chat)
    return chat


def writable_chat(state: State, params: Params) -> Chat:
    """A chat the bot may write to. Raises ApiError 400 or 403."""
    chat = readable_chat(state, params)
    person = chat.person
    if person is None:
        return chat
    if person.deactivated:
        raise forbidden("user is deactivated")
    if person.blocked:
        raise forbidden("bot was blocked by the user")
    if not person.started:
        raise forbidden("bot can't initiate conversation with a user")
    return chat


def _named_chat(state: State, params: Params) -> Chat:
    name = params.values.get("chat_id")
    if name is None or name == "":
        raise bad_request("chat_id is empty")
    if isinstance(name, int) and name in state.chats:
        return state.chats[name]
    if isinstance(name, str) and name.startswith("@"):
        for chat in state.chats.values():
            if chat.type != "private" and (chat.username or "").lower() == name[1:].lower():
                return chat
    raise bad_request("chat not found")


def _met(state: State, user_id: int) -> bool:
    """True when the bot shares a group with that person."""
    return any(user_id in chat.members and chat.bot_is_in for chat in state.chats.values())


def _outside(chat: Chat) -> ApiError:
    if chat.bot == "kicked":
        return forbidden(f"bot was kicked from the {chat.type} chat")
    return forbidden(f"bot is not a member of the {chat.type} chat")


def thread_and_reply(chat: Chat, params: Params) -> tuple[int | None, Message | None]:
    """The topic a message goes to and what it replies to. Raises ApiError 400."""
    thread = params.integer("message_thread_id")
    topic_id: int | None = None
    if thread:
        if not chat.is_forum or thread == GENERAL_TOPIC:
            raise bad_request("message thread not found")
        topic_id = thread
    reply = _reply(chat, topic_id, params)
    if topic_id is None and reply is not None:
        topic_id = reply.thread
    if chat.is_forum:
        check_topic(chat, topic_id)
    return topic_id, reply


def check_topic(chat: Chat, topic_id: int | None) -> None:
    """Raises ApiError 400 for topics that are gone, or closed to a bot without the right to manage them."""
    topic = chat.topics.get(GENERAL_TOPIC if topic_id is None else topic_id)
    if topic is None or topic.deleted:
        raise bad_request("message thread not found")
    if topic.closed and not (chat.bot_is_admin and "can_manage_topics" in chat.bot_rights):
        raise bad_request("TOPIC_CLOSED")


def _reply(chat: Chat, topic_id: int | None, params: Params) -> Message | None:
    wanted, lenient = _wanted_reply(params)
    if not wanted:
        return None
    message = chat.messages.get(wanted)
    gone = message is None or message.deleted or not message.seen
    elsewhere = message is not None and chat.is_forum and topic_id is not None and message.thread != topic_id
    if gone or elsewhere or message is None:
        if lenient:
            return None
        raise bad_request("message to be replied not found")
    return message


def _wanted_reply(params: Params) -> tuple[int, bool]:
    reply: Json | None = params.json("reply_parameters")
    if reply is None:
        return params.integer("reply_to_message_id"), params.flag("allow_sending_without_reply")
    if not isinstance(reply, dict):
        raise bad_request("can't parse reply parameters JSON object")
    if not str(reply.get("message_id", "")).isdigit():
        raise bad_request("can't parse reply parameters: can't find field \"message_id\"")
    lenient = reply.get("allow_sending_without_reply") is True
    if "chat_id" in reply and str(reply["chat_id"]) != params.text("chat_id"):
        return -1, lenient
    return int(reply["message_id"]), lenient


def known_message(chat: Chat, params: Params, purpose: str) -> Message:
    """A message the bot can reach. Raises ApiError 400 "message to <purpose> not found"."""
    message_id = params.integer("message_id")
    if not message_id:
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(message_id)
    if message is None or message.deleted or not message.seen:
        raise bad_request(f"message to {purpose} not found")
    return message
