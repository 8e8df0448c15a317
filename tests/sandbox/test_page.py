"""The chat page's JSON."""

import asyncio
from typing import Any

import httpx
import pytest

from sandbox.telegram.page_api import PageApi
from sandbox.telegram.seed import seed_demo
from sandbox.telegram.world import World
from tests.clock import HandClock
from tests.sandbox.conftest import ALICE, BORIS, Bot, Groups

KEYBOARD = {
    "inline_keyboard": [[{"text": "Add", "callback_data": "x"}, {"text": "↗", "url": "https://a.org/"}]]
}


async def _post(page: httpx.AsyncClient, path: str, **body: Any) -> Any:
    response = await page.post(path, json=body)
    assert response.status_code in (200, 201), response.text
    return response.json()


def _events(world: World, kind: str) -> list[dict[str, Any]]:
    return [event for _, event in world.feed.after(0) if event["type"] == kind]


async def test_the_state_holds_everything_the_page_begins_with(
    page: httpx.AsyncClient, bot: Bot, world: World, groups: Groups
) -> None:
    world.add_set("Cats_by_x", "<b>Cats & Co</b>", count=2)
    world.library.add_loose()
    await bot.ok("sendMessage", chat_id=ALICE.id, text="<b>x</b>", parse_mode="HTML", reply_markup=KEYBOARD)
    world.send_sticker(ALICE.id, ALICE.id, world.library.loose[0], reply_to=1)
    state = (await page.get("/state")).json()
    assert state["bot"]["username"] == world.bot.username
    assert [person["id"] for person in state["people"]] == [ALICE.id, BORIS.id]
    forum = next(chat for chat in state["chats"] if chat["id"] == groups.forum.id)
    assert forum["topics"] == [{"id": 1, "name": "General"}]
    assert forum["members"] == [ALICE.id, BORIS.id]
    assert state["sets"][0]["title"] == "<b>Cats & Co</b>"
    assert len(state["reactions_permitted"]) == 73
    first, second = state["messages"]
    assert (first["from"], first["buttons"]) == (world.bot.id, KEYBOARD["inline_keyboard"])
    assert first["entities"] == [{"offset": 0, "length": 1, "type": "bold"}]
    assert second["sticker"]["image"] == state["loose_stickers"][0]["image"]
    assert (second["reply_to"], second["reactions"]) == (first["message_id"], [])
    assert (state["mode"], state["faults"], state["last_event"]) == ("none", [], world.feed.last)


async def test_texts_and_stickers_go_to_the_bot(page: httpx.AsyncClient, bot: Bot, world: World) -> None:
    sticker = world.add_set("Cats_by_x").stickers[0]
    text = await _post(page, "/messages", chat_id=ALICE.id, **{"from": ALICE.id}, text=" /start ")
    assert (text["text"], text["entities"][0]["type"]) == ("/start", "bot_command")
    sent = await _post(
        page, "/messages", chat_id=ALICE.id, **{"from": ALICE.id}, sticker=sticker.file_id, reply_to=1
    )
    assert sent["sticker"]["set_name"] == "Cats_by_x"
    first, second = [update["message"] for update in await bot.updates()]
    assert first["text"] == "/start"
    assert second["reply_to_message"]["message_id"] == first["message_id"]


async def test_edits_deletions_presses_and_reactions(page: httpx.AsyncClient, bot: Bot, world: World) -> None:
    await bot.updates(allowed_updates=["message", "edited_message", "callback_query", "message_reaction"])
    mine = world.send_text(ALICE.id, ALICE.id, "one")
    sent = await bot.ok("sendMessage", chat_id=ALICE.id, text="x", reply_markup=KEYBOARD)
    alice = {"chat_id": ALICE.id, "from": ALICE.id}
    edited = await _post(page, "/edits", **alice, message_id=mine.message_id, text="two")
    assert edited["text"] == "two"
    pressed = await _post(page, "/presses", **alice, message_id=sent["message_id"], data="x")
    reacted = await _post(page, "/reactions", **alice, message_id=sent["message_id"], emoji=["👍"])
    assert reacted == {"reactions": [{"emoji": "👍", "by": [ALICE.id]}]}
    deletion = await page.post("/deletions", json={"chat_id": ALICE.id, "message_id": mine.message_id})
    assert deletion.status_code == 204
    kinds = [sorted(update)[0] for update in await bot.updates()]
    assert kinds == ["message", "edited_message", "callback_query", "message_reaction"]
    await bot.ok("answerCallbackQuery", callback_query_id=pressed["callback_query_id"], text="Done")
    assert _events(world, "callback_answer") == [
        {
            "type": "callback_answer",
            "callback_query_id": pressed["callback_query_id"],
            "chat_id": ALICE.id,
            "user_id": ALICE.id,
            "show_alert": False,
            "text": "Done",
        }
    ]


async def test_what_the_bot_does_shows_up_as_events(page: httpx.AsyncClient, bot: Bot, world: World) -> None:
    sent = await bot.ok("sendMessage", chat_id=ALICE.id, text="one")
    where = {"chat_id": ALICE.id, "message_id": sent["message_id"]}
    await bot.ok("editMessageText", **where, text="two")
    await bot.ok("setMessageReaction", **where, reaction=[{"type": "emoji", "emoji": "👍"}])
    await bot.ok("deleteMessage", **where)
    await bot.updates()
    events = [event for _, event in world.feed.after(0)]
    assert [event["type"] for event in events] == ["message", "edited", "reactions", "deleted", "mode"]
    assert events[1]["message"]["text"] == "two"
    assert events[2]["reactions"] == [{"emoji": "👍", "by": [world.bot.id]}]
    assert events[3] == {"type": "deleted", **where}
    assert events[4]["mode"] == "polling"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/messages", {"chat_id": 1, "from": ALICE.id, "text": "x"}),
        ("/messages", {"chat_id": ALICE.id, "from": BORIS.id, "text": "x"}),
        ("/messages", {"chat_id": ALICE.id, "from": ALICE.id, "text": "  "}),
        ("/messages", {"chat_id": ALICE.id, "from": ALICE.id, "sticker": "nothing"}),
        ("/messages", {"from": ALICE.id, "text": "x"}),
        ("/messages", {"chat_id": "here", "from": ALICE.id, "text": "x"}),
        ("/edits", {"chat_id": ALICE.id, "message_id": 9, "from": ALICE.id, "text": "x"}),
        ("/presses", {"chat_id": ALICE.id, "message_id": 9, "from": ALICE.id, "data": "x"}),
        ("/faults", {"kind": "418"}),
        ("/faults", {}),
        ("/faults", {"kind": "500", "method": "sendNothing"}),
        ("/faults", {"kind": "500", "times": 0}),
        ("/faults", {"kind": "500", "times": "many"}),
        ("/faults", {"kind": "500", "seconds": -1}),
        ("/faults", {"kind": "429", "retry_after": 0.5}),
        ("/faults", {"kind": "slow", "delay": True}),
    ],
)
async def test_what_cannot_be_done_is_refused_with_a_reason(
    page: httpx.AsyncClient, path: str, body: dict[str, Any]
) -> None:
    response = await page.post(path, json=body)
    assert response.status_code == 400
    assert response.json()["error"]


async def test_only_own_messages_can_be_edited(page: httpx.AsyncClient, world: World, groups: Groups) -> None:
    message = world.send_text(groups.admin.id, ALICE.id, "one")
    body = {"chat_id": groups.admin.id, "message_id": message.message_id, "from": BORIS.id, "text": "two"}
    assert (await page.post("/edits", json=body)).status_code == 400


async def test_faults_are_planned_listed_and_taken_back(
    page: httpx.AsyncClient, bot: Bot, world: World
) -> None:
    fault = await _post(page, "/faults", kind="429", method="sendMessage", times=2, retry_after=3)
    assert fault == {"id": 1, "method": "sendMessage", "kind": "429", "times": 2, "retry_after": 3}
    assert (await bot.call("sendMessage", chat_id=ALICE.id, text="x")).status_code == 429
    assert (await page.get("/state")).json()["faults"] == [fault | {"times": 1}]
    assert (await page.delete(f"/faults/{fault['id']}")).status_code == 204
    assert (await bot.call("sendMessage", chat_id=ALICE.id, text="x")).status_code == 200
    await _post(page, "/faults", kind="500")
    await page.delete("/faults")
    assert (await page.get("/state")).json()["faults"] == []
    assert len(_events(world, "faults")) == 5


async def test_the_ledger_is_read_from_a_number_on_and_by_method(page: httpx.AsyncClient, bot: Bot) -> None:
    await bot.ok("getMe")
    await bot.ok("sendMessage", chat_id=ALICE.id, text="x")
    await bot.refused("sendMessage", chat_id=ALICE.id, text="")
    sends = (await page.get("/ledger", params={"method": "sendMessage"})).json()["calls"]
    assert [(call["n"], call["status"], call["applied"]) for call in sends] == [
        (2, 200, True),
        (3, 400, False),
    ]
    assert len((await page.get("/ledger", params={"after": 2})).json()["calls"]) == 1


async def test_a_timed_fault_tells_how_long_it_still_lasts(
    page: httpx.AsyncClient, world: World, clock: HandClock
) -> None:
    fault = await _post(page, "/faults", kind="500", method="getme", seconds=10)
    assert fault == {"id": 1, "method": "getMe", "kind": "500", "seconds": 10, "left": 10}
    await clock.advance(4)
    assert (await page.get("/state")).json()["faults"] == [fault | {"left": 6}]
    slow = await _post(page, "/faults", kind="slow", delay=2.5)
    assert slow == {"id": 2, "method": "*", "kind": "slow", "delay": 2.5}


async def test_the_state_names_every_method_a_fault_may_hit(page: httpx.AsyncClient) -> None:
    methods = (await page.get("/state")).json()["methods"]
    assert {"sendMessage", "getUpdates", "answerCallbackQuery"} <= set(methods)
    for method in methods:
        await _post(page, "/faults", kind="500", method=method, times=1)


async def test_the_ledger_gives_the_newest_calls_without_the_polls_that_went_well(
    page: httpx.AsyncClient, bot: Bot, world: World
) -> None:
    for text in "abc":
        await bot.ok("sendMessage", chat_id=ALICE.id, text=text)
        await bot.updates()
    world.faults.add("500", "getUpdates", times=1)
    await bot.refused("getUpdates")
    await bot.updates()
    newest = (await page.get("/ledger", params={"newest": 3, "polls": "failed"})).json()["calls"]
    assert [call["params"].get("text", call["status"]) for call in newest] == ["b", "c", 500]
    everything = (await page.get("/ledger", params={"newest": 3})).json()["calls"]
    assert [call["n"] for call in everything] == [6, 7, 8]


async def test_a_stream_tells_of_calls_without_counting_them_as_events(
    world: World, bot: Bot, page: httpx.AsyncClient
) -> None:
    stream = PageApi(world).stream(after=0)
    assert (await anext(stream)).startswith("retry:")
    await bot.ok("getMe")
    assert await anext(stream) == 'data: {"type": "calls", "last": 1}\n\n'
    world.send_text(ALICE.id, ALICE.id, "one")
    assert (await anext(stream)).startswith("id: 1\n")
    await stream.aclose()


async def test_a_reset_brings_the_seed_back_and_never_gives_an_id_twice(
    page: httpx.AsyncClient, bot: Bot, world: World
) -> None:
    world.seed = seed_demo
    first = world.send_text(ALICE.id, ALICE.id, "one")
    assert (await page.post("/reset")).status_code == 204
    assert len(world.people) == 4
    assert world.updates.pending_count == 0
    assert world.ledger.calls == []
    second = world.send_text(ALICE.id, ALICE.id, "two")
    assert second.message_id > first.message_id
    assert [update["message"]["text"] for update in await bot.updates()] == ["two"]


async def test_events_resume_after_a_number(world: World) -> None:
    for text in "abc":
        world.send_text(ALICE.id, ALICE.id, text)
    assert [number for number, _ in world.feed.after(1)] == [2, 3]
    assert world.feed.after(3) == []
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        waiting = group.create_task(world.feed.bell.wait())
        await asyncio.sleep(0)
        world.send_text(ALICE.id, ALICE.id, "d")
    assert waiting.done()
