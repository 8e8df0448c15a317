"""The bot itself, chats and their members."""

from sandbox.telegram.methods.answer import Answer
from sandbox.telegram.params import Params
from sandbox.telegram.people import Chat, chat_member
from sandbox.telegram.state import State
from sandbox.telegram.targets import readable_chat, thread_and_reply, writable_chat
from sandbox.telegram.wire import Json, bad_request

_ACTIONS = (
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document "
    "choose_sticker find_location record_video_note upload_video_note"
)
_CANNOT = (
    "supports_inline_queries supports_guest_queries can_connect_to_business has_main_web_app "
    "has_topics_enabled allows_users_to_create_topics can_manage_bots"
)


def get_me(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#getme"""
    abilities: Json = {"can_join_groups": True, "can_read_all_group_messages": not state.privacy}
    return Answer(state.bot.user() | abilities | dict.fromkeys(_CANNOT.split(), False))


def get_chat(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#getchat"""
    return Answer(readable_chat(state, params).full())


def get_chat_member(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#getchatmember — others in a supergroup only for administrators."""
    chat = readable_chat(state, params)
    user_id = params.integer("user_id")
    if user_id == state.bot.id:
        return Answer(chat_member(state.bot.user(), chat.bot, chat.bot_rights))
    if user_id not in state.people:
        raise bad_request("PARTICIPANT_ID_INVALID")
    if chat.type == "supergroup" and not chat.bot_is_admin:
        raise bad_request("CHAT_ADMIN_REQUIRED")
    return Answer(chat.member(state.people[user_id]))


def get_chat_administrators(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#getchatadministrators — people only, unless return_bots is given."""
    chat = readable_chat(state, params)
    if chat.type == "private":
        raise bad_request("there are no administrators in the private chat")
    admins = [chat.member(state.people[user]) for user in chat.members if chat.is_admin(user)]
    if params.flag("return_bots") and chat.bot_is_admin:
        admins.append(chat_member(state.bot.user(), chat.bot, chat.bot_rights))
    return Answer(admins)


def send_chat_action(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#sendchataction"""
    chat = writable_chat(state, params)
    thread_and_reply(chat, params)
    if params.text("action") not in _ACTIONS.split():
        raise bad_request("wrong parameter action in request")
    _show_action(state, chat, params)
    return Answer(True)


def _show_action(state: State, chat: Chat, params: Params) -> None:
    event: Json = {"type": "typing", "chat_id": chat.id, "action": params.text("action")}
    if thread := params.integer("message_thread_id"):
        event["thread_id"] = thread
    state.feed.publish(event)
