"""How calls arrive and errors leave."""

import json

import httpx
import pytest

from sandbox.server import build_sandbox
from sandbox.telegram.world import World
from sandbox.transport import LoopbackTransport
from tests.clock import HandClock
from tests.sandbox.conftest import ALICE, Bot
from tests.telegram_oracle import OracleError, check_ledger


async def test_get_me_says_who_the_bot_is(bot: Bot, world: World) -> None:
    me = await bot.ok("getMe")
    assert (me["id"], me["username"], me["is_bot"]) == (world.bot.id, world.bot.username, True)
    assert me["can_read_all_group_messages"] is False


@pytest.mark.parametrize("kind", ["form", "json", "multipart", "query"])
async def test_the_same_call_works_in_every_encoding(bot: Bot, kind: str) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Add", "callback_data": "v1:a"}]]}
    plain = {"chat_id": str(ALICE.id), "text": "Привет & hello", "reply_markup": json.dumps(keyboard)}
    if kind == "json":
        body = {"chat_id": ALICE.id, "text": "Привет & hello", "reply_markup": keyboard}
        response = await bot.client.post("/sendMessage", json=body)
    elif kind == "multipart":
        fields = {name: (None, value.encode()) for name, value in plain.items()}
        response = await bot.client.post("/sendMessage", files=fields)
    elif kind == "query":
        response = await bot.client.get("/sendMessage", params=plain)
    else:
        response = await bot.client.post("/sendMessage", data=plain)
    result = response.json()["result"]
    assert result["text"] == "Привет & hello"
    assert result["reply_markup"] == keyboard


async def test_method_names_are_taken_in_any_case(bot: Bot, world: World) -> None:
    assert (await bot.ok("GETME"))["is_bot"] is True
    assert world.ledger.calls[0].method == "getMe"


async def test_an_unknown_method_is_not_found_and_the_judge_objects_to_it(clock: HandClock) -> None:
    world = World(clock)
    transport = LoopbackTransport(build_sandbox(clock, world=world), clock)
    base = f"http://sandbox.test/telegram/bot{world.token}"
    async with httpx.AsyncClient(transport=transport, base_url=base) as client:
        response = await Bot(client).call("sendFireworks")
    assert response.json() == {"ok": False, "error_code": 404, "description": "Not Found: method not found"}
    assert response.status_code == 404
    with pytest.raises(OracleError, match="sendFireworks"):
        check_ledger(world)


async def test_a_wrong_token_is_unauthorized_and_a_malformed_one_not_found(bot: Bot) -> None:
    root = str(bot.client.base_url).split("/bot")[0]
    wrong = await bot.client.get(f"{root}/bot110201543:{'A' * 35}/getMe")
    assert wrong.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
    malformed = await bot.client.get(f"{root}/bot12/getMe")
    assert malformed.json() == {"ok": False, "error_code": 404, "description": "Not Found"}


async def test_a_body_that_is_no_json_is_refused(bot: Bot) -> None:
    headers = {"Content-Type": "application/json"}
    response = await bot.client.post("/sendMessage", content=b"{not json", headers=headers)
    assert response.status_code == 400


async def test_nested_values_that_are_no_json_are_refused(bot: Bot, world: World) -> None:
    assert "can't parse reply markup JSON" in await bot.refused(
        "sendMessage", chat_id=ALICE.id, text="x", reply_markup="{broken"
    )
    assert world.sent(ALICE.id) == []


async def test_the_ledger_keeps_calls_with_decoded_parameters_and_whether_they_were_applied(
    bot: Bot, world: World
) -> None:
    await bot.ok("sendMessage", chat_id=ALICE.id, text="one", link_preview_options={"is_disabled": True})
    await bot.refused("sendMessage", chat_id=ALICE.id, text="")
    first, second = world.ledger.of("sendMessage")
    assert first.params == {"chat_id": ALICE.id, "text": "one", "link_preview_options": {"is_disabled": True}}
    assert (first.status, first.applied, first.n) == (200, True, 1)
    assert (second.status, second.applied) == (400, False)
    assert second.answer["description"] == "Bad Request: message text is empty"


async def test_a_photo_can_be_uploaded_fetched_and_sent_again(bot: Bot, world: World) -> None:
    upload = {"photo": ("chart.png", b"\x89PNG picture", "image/png")}
    data = {"chat_id": str(ALICE.id), "caption": "<b>Week</b>", "parse_mode": "HTML"}
    sent = (await bot.client.post("/sendPhoto", data=data, files=upload)).json()["result"]
    assert (sent["caption"], sent["caption_entities"][0]["type"]) == ("Week", "bold")
    file_id = sent["photo"][-1]["file_id"]
    path = (await bot.ok("getFile", file_id=file_id))["file_path"]
    root = str(bot.client.base_url).split("/bot")[0]
    download = await bot.client.get(f"{root}/file/bot{world.token}/{path}")
    assert download.content == b"\x89PNG picture"
    again = await bot.ok("sendPhoto", chat_id=ALICE.id, photo=file_id)
    assert again["photo"] == sent["photo"]


async def test_the_index_page_links_to_the_stand_ins(bot: Bot) -> None:
    response = await httpx.AsyncClient(transport=bot.client._transport).get("http://sandbox.test/")
    assert 'href="/telegram/"' in response.text
