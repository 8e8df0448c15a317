"""What the log holds: one id from the sticker to its answer, and no token however things go wrong."""

import logging
from uuid import UUID

import httpx

from sandbox.telegram.faults import FaultKind
from sandbox.telegram.state import DEMO_TOKEN
from tests.e2e.conftest import SECRETS, Log
from tests.e2e.wire import new_wire
from tests.e2e.wording import press_buttons
from tests.town import ADMIN, API_KEY, BORIS, CHEN, GROUP, UNLISTED, Outside, Town, TownClock


async def test_one_id_leads_from_the_sticker_to_its_answer_and_through_the_log(
    outside: Outside, clock: TownClock, log: Log
) -> None:
    async with outside.hub(LOG_LEVEL="DEBUG") as town:
        outside.world.faults.add("502", "sendMessage", times=1)
        await town.sends(BORIS, UNLISTED, GROUP)
        await clock.run_until(lambda: bool(town.sent(GROUP)), limit=10)
        [(job, correlation_id)] = await town.rows(
            "SELECT id, correlation_id FROM jobs WHERE topic = 'telegram'"
        )
        [row] = await town.rows("SELECT job_id, correlation_id FROM messages WHERE kind = 'text'")
        [fault] = await town.rows("SELECT kind, correlation_id FROM faults")
    assert UUID(str(correlation_id)).version == 7
    assert row == (job, correlation_id)
    assert fault == ("telegram.text_delayed", correlation_id)
    story = [line for line in log.lines if line["correlation_id"] == correlation_id]
    assert [line["event"] for line in story] == ["cache.miss", "job.done", "sender.outcome", "sender.outcome"]
    assert [line["details"].get("outcome") for line in story] == [None, None, "Again", "Sent"]


async def test_the_log_of_a_refused_check_carries_the_jobs_id(town: Town, log: Log) -> None:
    await town.says(ADMIN, "/check Nobody_Has_This")
    await town.says(BORIS, "/stats")
    ids = [
        row[0]
        for row in await town.rows("SELECT correlation_id FROM jobs WHERE topic = 'telegram' ORDER BY id")
    ]
    assert [line["correlation_id"] for line in log.events("bot.refused")] == ids
    rows = await town.rows("SELECT correlation_id FROM messages ORDER BY id")
    assert [row[0] for row in rows] == ids
    assert len(set(ids)) == 2


async def test_a_press_has_an_id_of_its_own_that_its_journal_row_and_messages_share(town: Town) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    await town.presses(CHEN, town.last(GROUP))
    [sticker], [press] = await town.rows(
        "SELECT correlation_id FROM jobs WHERE topic = 'telegram' ORDER BY id"
    )
    assert sticker != press
    assert await town.rows("SELECT correlation_id FROM journal") == [(press,)]
    kinds = "SELECT kind FROM messages WHERE correlation_id = :id ORDER BY kind"
    assert await town.rows(kinds, id=press) == [("answer",), ("edit",), ("reaction",), ("text",)]


async def test_the_token_is_in_no_line_of_a_whole_flow_with_faults(
    outside: Outside, clock: TownClock, log: Log
) -> None:
    for name in ("httpx", "httpcore", "telegram", "telegram.ext"):
        logging.getLogger(name).setLevel(logging.DEBUG)  # as somebody might who looks for a fault
    async with new_wire(outside.api_url) as wire, outside.hub(TELEGRAM_API_URL=wire.address) as town:
        await a_day_of_faults(town, clock)
        await wire.cut()
        await clock.advance(60)
        await wire.join()
        await clock.advance(60)
        await town.settle()
        await town.says(ADMIN, "/errors")
        shown = "".join(message.text for message in town.sent(ADMIN))
        stored = str(await town.rows("SELECT sample FROM faults UNION SELECT reason FROM jobs"))
    assert f"bot{outside.world.bot.id}:" not in log.stream.getvalue()
    assert any("httpx" in line["event"] or "HTTP Request" in line["event"] for line in log.lines)
    for secret in SECRETS:
        assert secret not in log.stream.getvalue()
        assert secret not in shown
        assert secret not in stored


async def a_day_of_faults(town: Town, clock: TownClock) -> None:
    """Every kind of failure there is, in every method."""
    kinds: tuple[FaultKind, ...] = ("429", "500", "502", "lost_answer", "refused")
    for kind in kinds:
        for method in ("getStickerSet", "sendMessage", "getUpdates"):
            town.world.faults.add(kind, method, times=1)
        for said in (f"/check {UNLISTED}", DEMO_TOKEN):
            town.world.send_text(BORIS, BORIS, said)
            await clock.advance(60)
    await town.sends(BORIS, UNLISTED, GROUP)
    town.world.faults.add("refused", "answerCallbackQuery", times=1)
    town.world.faults.add("lost_answer", "setMessageReaction", times=1)
    town.world.press(GROUP, town.last(GROUP).message_id, CHEN, press_buttons(town.last(GROUP))[0])
    await clock.advance(60)


async def test_the_api_key_and_the_webhook_secret_are_in_no_line(town: Town, log: Log) -> None:
    async with httpx.AsyncClient(base_url=town.address) as client:
        await client.get("/stats", headers={"X-API-Key": API_KEY})
        await client.get("/stats", params={"key": API_KEY}, headers={"Authorization": f"Bearer {API_KEY}"})
        await client.get(f"/gallery/sets?q={DEMO_TOKEN}", headers={"X-API-Key": API_KEY})
    assert log.events("web.request")
    log.check()
