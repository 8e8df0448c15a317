"""Inline keyboards."""

from typing import Any

import pytest

from sandbox.telegram.world import World
from tests.sandbox.conftest import ALICE, Bot, Groups


def _keyboard(*buttons: dict[str, Any], row: int = 8) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons[at : at + row]) for at in range(0, len(buttons), row)]}


@pytest.mark.parametrize("data", ["x" * 64, "я" * 32])
async def test_callback_data_of_64_bytes_passes(bot: Bot, data: str) -> None:
    keyboard = _keyboard({"text": "ok", "callback_data": data})
    sent = await bot.ok("sendMessage", chat_id=ALICE.id, text="x", reply_markup=keyboard)
    assert sent["reply_markup"] == keyboard


@pytest.mark.parametrize("data", ["x" * 65, "я" * 33, ""])
async def test_callback_data_out_of_its_64_bytes_fails_the_whole_send(
    bot: Bot, world: World, data: str
) -> None:
    keyboard = _keyboard({"text": "ok", "callback_data": data})
    description = await bot.refused("sendMessage", chat_id=ALICE.id, text="x", reply_markup=keyboard)
    assert description == "Bad Request: BUTTON_DATA_INVALID"
    assert world.sent(ALICE.id) == []


async def test_a_hundred_buttons_in_rows_of_eight_are_the_most(bot: Bot) -> None:
    buttons = [{"text": str(n), "callback_data": str(n)} for n in range(101)]
    await bot.ok("sendMessage", chat_id=ALICE.id, text="x", reply_markup=_keyboard(*buttons[:100]))
    for keyboard in (_keyboard(*buttons), _keyboard(*buttons[:9], row=9)):
        description = await bot.refused("sendMessage", chat_id=ALICE.id, text="x", reply_markup=keyboard)
        assert description == "Bad Request: reply markup is too long"


@pytest.mark.parametrize(
    "button",
    [{"text": "neither"}, {"text": "both", "url": "https://a.org", "callback_data": "x"}],
)
async def test_a_button_does_exactly_one_thing(bot: Bot, button: dict[str, str]) -> None:
    description = await bot.refused("sendMessage", chat_id=ALICE.id, text="x", reply_markup=_keyboard(button))
    assert description.endswith("Text buttons are unallowed in the inline keyboard")


@pytest.mark.parametrize(
    "url", ["https://t.me/addstickers/Cats", "tg://resolve?domain=x", "http://127.0.0.1:80/"]
)
async def test_addresses_of_url_buttons_that_telegram_takes(bot: Bot, url: str) -> None:
    keyboard = _keyboard({"text": "open", "url": url})
    sent = await bot.ok("sendMessage", chat_id=ALICE.id, text="x", reply_markup=keyboard)
    assert sent["reply_markup"] == keyboard


@pytest.mark.parametrize(
    "url", ["http://localhost:8020/", "javascript:alert(1)", "ftp://a.org/x", "two words"]
)
async def test_addresses_of_url_buttons_that_telegram_refuses(bot: Bot, url: str) -> None:
    keyboard = _keyboard({"text": "open", "url": url})
    description = await bot.refused("sendMessage", chat_id=ALICE.id, text="x", reply_markup=keyboard)
    assert description == f"Bad Request: inline keyboard button URL '{url}' is invalid: Wrong HTTP URL"


async def test_web_app_buttons_need_https_and_a_private_chat(bot: Bot, groups: Groups) -> None:
    good = _keyboard({"text": "app", "web_app": {"url": "https://hub.example/app"}})
    await bot.ok("sendMessage", chat_id=ALICE.id, text="x", reply_markup=good)
    description = await bot.refused("sendMessage", chat_id=groups.admin.id, text="x", reply_markup=good)
    assert description == "Bad Request: BUTTON_TYPE_INVALID"
    bad = _keyboard({"text": "app", "web_app": {"url": "http://hub.example/app"}})
    assert "Only HTTPS links" in await bot.refused(
        "sendMessage", chat_id=ALICE.id, text="x", reply_markup=bad
    )


async def test_buttons_have_a_text_and_only_known_styles(bot: Bot) -> None:
    styled = _keyboard({"text": "ok", "style": "success", "callback_data": "x"})
    sent = await bot.ok("sendMessage", chat_id=ALICE.id, text="x", reply_markup=styled)
    assert sent["reply_markup"] == styled
    for button in ({"text": " ", "callback_data": "x"}, {"text": "a", "style": "loud", "callback_data": "x"}):
        await bot.refused("sendMessage", chat_id=ALICE.id, text="x", reply_markup=_keyboard(button))


async def test_other_markups_show_nothing_under_the_message(bot: Bot) -> None:
    sent = await bot.ok("sendMessage", chat_id=ALICE.id, text="x", reply_markup={"remove_keyboard": True})
    assert "reply_markup" not in sent
    await bot.refused("sendMessage", chat_id=ALICE.id, text="x", reply_markup={"nonsense": 1})
