"""The Bot API's methods, one function each: (state, params) → Answer, or an ApiError."""

from collections.abc import Callable, Mapping

from sandbox.telegram.methods import chats, commands, messages, stickers, webhook
from sandbox.telegram.methods.answer import Answer
from sandbox.telegram.params import Params
from sandbox.telegram.state import State

Method = Callable[[State, Params], Answer]

# getUpdates waits and therefore lives in delivery.py.
GET_UPDATES = "getUpdates"

METHODS: Mapping[str, Method] = {
    "getMe": chats.get_me,
    "getChat": chats.get_chat,
    "getChatMember": chats.get_chat_member,
    "getChatAdministrators": chats.get_chat_administrators,
    "sendChatAction": chats.send_chat_action,
    "sendMessage": messages.send_message,
    "sendPhoto": messages.send_photo,
    "editMessageText": messages.edit_message_text,
    "editMessageReplyMarkup": messages.edit_message_reply_markup,
    "deleteMessage": messages.delete_message,
    "answerCallbackQuery": messages.answer_callback_query,
    "setMessageReaction": messages.set_message_reaction,
    "getStickerSet": stickers.get_sticker_set,
    "getCustomEmojiStickers": stickers.get_custom_emoji_stickers,
    "getFile": stickers.get_file,
    "setMyCommands": commands.set_my_commands,
    "getMyCommands": commands.get_my_commands,
    "deleteMyCommands": commands.delete_my_commands,
    "setWebhook": webhook.set_webhook,
    "deleteWebhook": webhook.delete_webhook,
    "getWebhookInfo": webhook.get_webhook_info,
}
# Telegram takes method names in any case.
CANONICAL: Mapping[str, str] = {name.lower(): name for name in (*METHODS, GET_UPDATES)}
