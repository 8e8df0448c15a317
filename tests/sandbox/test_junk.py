"""Whatever a bot sends, it gets an answer of Telegram's kind."""

import itertools

import pytest

from sandbox.telegram.methods import METHODS
from sandbox.telegram.world import World
from tests.sandbox.conftest import ALICE, Bot
from tests.telegram_oracle import method_class

_JUNK = [
    "",
    "x",
    "-",
    "--5",
    "0",
    "-1",
    "1e9",
    "null",
    "[]",
    "{}",
    "[[]]",
    "[1]",
    '["x"]',
    "[null]",
    "true",
    "😼",
]
_NESTED = [
    '[{"type":"emoji"}]',
    '[{"type":"bold","offset":"a","length":null}]',
    '{"inline_keyboard":1}',
    '{"inline_keyboard":[[1]]}',
    '{"inline_keyboard":[[{"text":1,"callback_data":2}]]}',
    '{"inline_keyboard":[[{"text":"x","callback_data":2}]]}',
    '{"inline_keyboard":[[{"text":"x","web_app":2}]]}',
    '{"message_id":null}',
    '{"message_id":"x","chat_id":{}}',
    '{"type":"chat","chat_id":"--5"}',
    '{"type":"chat_member","chat_id":[]}',
    '[{"command":[],"description":{}}]',
]
_NAMES = (
    "chat_id message_id text caption reply_markup reply_parameters message_thread_id reaction entities "
    "parse_mode user_id name custom_emoji_ids file_id commands scope language_code url secret_token "
    "allowed_updates callback_query_id action photo max_connections link_preview_options"
)


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_junk_in_any_parameter_never_breaks_the_server(bot: Bot, world: World, method: str) -> None:
    message = world.send_text(ALICE.id, ALICE.id, "hello")
    good = {
        "chat_id": str(ALICE.id),
        "message_id": str(message.message_id),
        "text": "x",
        "action": "typing",
        "user_id": str(ALICE.id),
        "url": "http://hub.test/",
    }
    names = set(_NAMES.split()) & set(method_class(method).model_fields)
    for name, junk in itertools.product(sorted(names), _JUNK + _NESTED):
        response = await bot.call(method, **(good | {name: junk}))
        assert response.status_code in (200, 400, 403), (name, junk, response.text)
        assert isinstance(response.json()["ok"], bool)
    world.ledger.clear()  # no library would send such calls
