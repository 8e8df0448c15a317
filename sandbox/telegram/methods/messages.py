"""Sending, editing, deleting, reacting and answering presses."""

from hashlib import sha256

from sandbox.telegram.force_reply import asked, parse_force_reply
from sandbox.telegram.keyboards import parse_markup
from sandbox.telegram.messages import Message
from sandbox.telegram.methods.answer import Answer
from sandbox.telegram.params import Params
from sandbox.telegram.people import Chat
from sandbox.telegram.reactions import check_bot_reaction, parse_reaction
from sandbox.telegram.state import State
from sandbox.telegram.targets import known_message, thread_and_reply, writable_chat
from sandbox.telegram.texts import parse_text
from sandbox.telegram.wire import Json, bad_request

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
_QUERY_GONE = "query is too old and response timeout expired or query ID is invalid"
_DELETABLE_SECONDS = 48 * 3600
_MAX_PHOTO = 10 * 1024 * 1024


def send_message(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#sendmessage"""
    chat = writable_chat(state, params)
    content = parse_text(state, params) | _link_preview(params)
    return _send(state, chat, params, content)


def _send(state: State, chat: Chat, params: Params, content: Json) -> Answer:
    thread_id, reply = thread_and_reply(chat, params)
    given = params.json("reply_markup")
    markup = parse_markup(given, private=chat.type == "private")
    force = parse_force_reply(given)
    question = None if force is None else asked(force, chat, content, reply, state.people.values())
    message = state.post(
        chat,
        state.bot,
        content,
        reply_to=reply,
        thread_id=thread_id,
        markup=markup,
        force_reply=question,
    )
    return Answer(message.api())


def _link_preview(params: Params) -> Json:
    options = params.json("link_preview_options")
    if isinstance(options, dict) and options:
        return {"link_preview_options": options}
    if params.flag("disable_web_page_preview"):
        return {"link_preview_options": {"is_disabled": True}}
    return {}


def send_photo(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#sendphoto — an upload or the file_id of an earlier one."""
    chat = writable_chat(state, params)
    photo = _photo(state, params)
    return _send(state, chat, params, {"photo": photo} | parse_text(state, params, caption=True))


def _photo(state: State, params: Params) -> list[Json]:
    name = params.text("photo")
    upload = params.files.get(name.removeprefix("attach://") if name else "photo")
    if upload is not None:
        return _keep_photo(state, upload.content)
    if not name:
        raise bad_request("there is no photo in the request")
    if name not in state.photo_sizes:
        raise bad_request("wrong remote file identifier specified: Wrong string length")
    return state.photo_sizes[name]


def _keep_photo(state: State, content: bytes) -> list[Json]:
    if not content:
        raise bad_request("file must be non-empty")
    if len(content) > _MAX_PHOTO:
        raise bad_request("file is too big")
    unique = "AQADSBP" + sha256(content).hexdigest()[:12]
    file_id = f"AgACAgIAAxkD{unique}"
    state.photos[unique] = content
    size: Json = {"file_id": file_id, "file_unique_id": unique, "file_size": len(content)}
    size |= {"width": 640, "height": 480}
    state.photo_sizes[file_id] = [size]
    return [size]


def edit_message_text(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#editmessagetext"""
    message = _own_message(state, params)
    content = parse_text(state, params) | _link_preview(params)
    if "text" not in message.content:
        raise bad_request("there is no text in the message to edit")
    return _edit(state, params, message, content)


def edit_message_reply_markup(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#editmessagereplymarkup"""
    message = _own_message(state, params)
    return _edit(state, params, message, message.content)


def _own_message(state: State, params: Params) -> Message:
    message = known_message(writable_chat(state, params), params, "edit")
    if message.sender is not state.bot or message.force_reply is not None:
        raise bad_request("message can't be edited")
    return message


def _edit(state: State, params: Params, message: Message, content: Json) -> Answer:
    private = message.chat.type == "private"
    markup = parse_markup(params.json("reply_markup"), private=private, inline_only=True)
    if content == message.content and markup == message.markup:
        raise bad_request(_NOT_MODIFIED)
    if content != message.content:
        message.edit_date = state.date()
    message.content, message.markup = content, markup
    state.show_edited(message)
    return Answer(message.api())


def delete_message(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#deletemessage"""
    chat = writable_chat(state, params)
    message = known_message(chat, params, "delete")
    if message.date + _DELETABLE_SECONDS <= state.date():
        raise bad_request("message can't be deleted for everyone")
    may = chat.type == "private" or (chat.bot_is_admin and "can_delete_messages" in chat.bot_rights)
    if message.sender is not state.bot and not may:
        raise bad_request("message can't be deleted")
    message.deleted = True
    state.show_deleted(message)
    return Answer(True)


def answer_callback_query(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#answercallbackquery"""
    text, url = params.text("text"), params.text("url")
    if len(text) > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    if url and not url.startswith(f"https://t.me/{state.bot.username}?start="):
        raise bad_request("URL_INVALID")
    answer = state.queries.answer(
        params.text("callback_query_id"), text or None, params.flag("show_alert"), url or None
    )
    if answer is None:
        raise bad_request(_QUERY_GONE)
    state.feed.publish(answer.event())
    return Answer(True)


def set_message_reaction(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#setmessagereaction — the same reaction again is a success too."""
    chat = writable_chat(state, params)
    given = params.json("reaction") or []
    if not isinstance(given, list):
        raise bad_request("can't parse reaction types JSON object")
    reactions = [parse_reaction(value) for value in given]
    message = known_message(chat, params, "react")
    if message.service:
        raise bad_request("MESSAGE_ID_INVALID")
    check_bot_reaction(chat, message, reactions, state.bot.id)
    if message.reactions.get(state.bot.id, []) != reactions:
        message.reactions.pop(state.bot.id, None)
        if reactions:
            message.reactions[state.bot.id] = reactions
        state.show_reactions(message)
    return Answer(True)
