"""The judge must be able to condemn."""

from typing import Any

import pytest

from sandbox.telegram.world import World
from tests.sandbox.conftest import ALICE, Bot
from tests.telegram_oracle import OracleError, check_ledger, parse_answer, parse_update, rebuild_call

CHAT: dict[str, Any] = {"id": 1, "type": "private", "first_name": "A"}
USER: dict[str, Any] = {"id": 1, "is_bot": False, "first_name": "A"}


def test_an_update_without_a_required_field_is_condemned() -> None:
    good = {"update_id": 1, "message": {"message_id": 1, "chat": CHAT, "date": 1, "from": USER, "text": "x"}}
    parse_update(good)
    with pytest.raises(OracleError):
        parse_update({"update_id": 1, "message": {"chat": CHAT, "date": 1}})


def test_fields_and_kinds_that_do_not_exist_are_condemned() -> None:
    with pytest.raises(OracleError, match="smell"):
        parse_update({"update_id": 1, "message": {"message_id": 1, "chat": CHAT, "date": 1, "smell": "x"}})
    with pytest.raises(OracleError, match="hologram"):
        parse_update({"update_id": 1, "hologram": {}})


def test_answers_must_fit_their_method() -> None:
    parse_answer("getMe", {"ok": True, "result": USER})
    with pytest.raises(OracleError):
        parse_answer("getMe", {"ok": True, "result": {"id": 1}})
    with pytest.raises(OracleError):
        parse_answer("getMe", {"ok": False})


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sendFireworks", {}),
        ("sendMessage", {"chat_id": 1}),
        ("sendMessage", {"chat_id": 1, "text": "x", "colour": "red"}),
        ("setMessageReaction", {"chat_id": 1, "message_id": "x"}),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{"title": "x"}]]}}),
    ],
)
def test_calls_no_library_could_make_are_condemned(method: str, params: dict[str, Any]) -> None:
    with pytest.raises(OracleError):
        rebuild_call(method, params)


async def test_the_whole_conversation_is_judged(bot: Bot, world: World) -> None:
    world.send_text(ALICE.id, ALICE.id, "hello")
    await bot.ok("sendMessage", chat_id=ALICE.id, text="x")
    assert check_ledger(world) == 2
    await bot.ok("sendMessage", chat_id=ALICE.id, text="x", colour="red")
    with pytest.raises(OracleError, match="colour"):
        check_ledger(world)
    world.ledger.clear()
