"""/notices: each chat's switches and quiet hours, turned by buttons and by words."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.telegram.messages import Message
from tests.e2e.conftest import Log
from tests.e2e.neighbours import new_ground
from tests.e2e.operating import plant, steps
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, Outside, Town, TownClock

MINUTE = 60.0
CACHE = ("hit-rate", "empty-cache")
ALL = ("dead-jobs", "job-age", *CACHE, "backup", "old-keys")  # of a hub with a gallery of its own


def switches(message: Message) -> dict[str, bool]:
    """What the buttons say: kind → whether it is on. Each button turns its kind."""
    found = {}
    for row in message.buttons:
        for button in row:
            _, name, carries = button["callback_data"].split(":")
            if name == "notices":
                turn, _, kind = carries.partition("-")
                assert button["text"].startswith("✅" if turn == "off" else "▫️")
                found[kind] = turn == "off"
    return found


async def changes(town: Town) -> list[tuple[Any, ...]]:
    """What the journal says of chats: (actor, which, before, after)."""
    query = "SELECT actor, key, before, after FROM journal WHERE kind = 'chat' ORDER BY id"
    found = await town.rows(query)
    return [
        (actor, key, json.loads(str(before)), json.loads(str(after))) for actor, key, before, after in found
    ]


async def died(town: Town) -> None:
    """A job dies, and time goes on until somebody could have been told."""
    await plant(town, BORIS)
    await steps(town, 2 * MINUTE)


async def test_an_admins_chat_gets_everything_that_it_does_not_switch_off(town: Town) -> None:
    await town.says(ADMIN, "/notices")
    shown = town.last(ADMIN)
    assert head(shown) == head_of("notices-home")
    assert switches(shown) == dict.fromkeys(ALL, True)
    await town.presses(ADMIN, shown, "v1:notices:off-dead-jobs")
    assert switches(shown) == dict.fromkeys(ALL, True) | {"dead-jobs": False}
    off = ("user:500100200", str(ADMIN), {"notices": {"dead-jobs": None}}, {"notices": {"dead-jobs": False}})
    assert await changes(town) == [off]
    before = len(town.sent(ADMIN))
    await plant(town, BORIS)
    await steps(town, 2 * MINUTE)
    assert len(town.sent(ADMIN)) == before
    await town.presses(ADMIN, shown, "v1:notices:on-dead-jobs")
    await steps(town, MINUTE)
    assert "1 job was given up" in town.last(ADMIN).text
    await forget_dead(town)


async def forges(town: Town, message: Message, data: str) -> None:
    """The admin's client sends data of its own choice."""
    town.world.press_forged(message.chat.id, message.message_id, ADMIN, data)
    await town.settle()


def head_of(key: str, language: str = "en") -> str:
    return words(key, language).split("\n", 1)[0]


async def forget_dead(town: Town) -> None:
    """The town's judge wants no dead job in the end."""
    await town.switchboard.hub.database.write(
        lambda tx: tx.exec_driver_sql("DELETE FROM jobs WHERE state = 'dead'")
    )


async def test_a_group_gets_what_an_admin_switches_on_there(town: Town) -> None:
    await town.says(ADMIN, "/notices", GROUP)
    shown = town.last(GROUP)
    assert switches(shown) == dict.fromkeys(ALL, False)
    await town.presses(ADMIN, shown, "v1:notices:on-dead-jobs")
    assert switches(shown) == dict.fromkeys(ALL, False) | {"dead-jobs": True}
    await died(town)
    assert "1 job was given up" in town.last(GROUP).text
    await forget_dead(town)


async def test_a_hub_whose_gallery_is_elsewhere_has_a_switch_for_that(
    tmp_path: Path, clock: TownClock, template: Path, methods_used: set[str], log: Log
) -> None:
    async with (
        new_ground(tmp_path, clock, template, methods_used, log) as ground,
        ground.hubs() as neighbours,
    ):
        for town, there in ((neighbours.near, ("gallery", *ALL)), (neighbours.far, ALL)):
            await town.says(ADMIN, "/notices")
            assert list(switches(town.last(ADMIN))) == list(there)
        shown = neighbours.near.last(ADMIN)
        await neighbours.near.presses(ADMIN, shown, "v1:notices:off-gallery")
        assert switches(shown)["gallery"] is False


async def test_a_cache_that_is_switched_off_has_no_switches(outside: Outside) -> None:
    async with outside.hub(CACHE_ENABLED="false") as town:
        await town.says(ADMIN, "/notices")
        assert list(switches(town.last(ADMIN))) == [name for name in ALL if name not in CACHE]


async def test_a_switch_of_a_kind_that_is_not_watched_is_a_button_of_old(town: Town) -> None:
    await town.says(ADMIN, "/notices")
    shown = town.last(ADMIN)
    town.world.press_forged(ADMIN, shown.message_id, ADMIN, "v1:notices:off-gallery")
    await town.settle()
    assert await changes(town) == []


async def test_two_presses_of_one_button_are_one(town: Town) -> None:
    await town.says(ADMIN, "/notices")
    for _ in range(2):  # the second before the first one's edit was seen
        await forges(town, town.last(ADMIN), "v1:notices:off-backup")
    assert switches(town.last(ADMIN))["backup"] is False
    assert len(await changes(town)) == 1


async def test_who_is_no_admin_sees_and_turns_nothing(town: Town) -> None:
    await town.says(CHEN, "/notices")
    assert town.last(CHEN).text == words("error-not-allowed")
    await town.says(CHEN, "/notices quiet 22-8", GROUP)
    assert town.sent(GROUP) == []
    await town.says(ADMIN, "/notices", GROUP)
    shown = town.last(GROUP)
    answer = await town.presses(CHEN, shown, "v1:notices:on-backup")
    assert answer is not None
    assert answer.text == words("error-not-allowed")
    assert switches(shown)["backup"] is False
    await town.presses(CHEN, shown, "v1:quiet:1320-480")
    assert await changes(town) == []


async def test_quiet_hours_are_set_by_words_and_by_buttons(town: Town) -> None:
    await town.says(ADMIN, "/notices quiet 22:00 - 08:00")
    shown = town.last(ADMIN)
    assert "Quiet hours: 22:00–08:00 (Europe/Moscow)" in shown.text
    assert press_buttons(shown)[-2:] == ["v1:quiet:1380-420", "v1:quiet:off"]
    await town.presses(ADMIN, shown, "v1:quiet:1380-420")
    assert "Quiet hours: 23:00–07:00" in shown.text
    await town.presses(ADMIN, shown, "v1:quiet:off")
    assert "No quiet hours" in shown.text
    told = [(before["quiet"], after["quiet"]) for _, _, before, after in await changes(town)]
    assert told == [(None, "22:00–08:00"), ("22:00–08:00", "23:00–07:00"), ("23:00–07:00", None)]


@pytest.mark.parametrize(
    "asked", ["quiet", "quiet 25:00-8", "quiet 8-8", "loud", "quiet off now", "quiet <b>"]
)
async def test_words_that_mean_nothing_change_nothing_and_are_told_so(town: Town, asked: str) -> None:
    await town.says(ADMIN, f"/notices {asked}")
    assert town.last(ADMIN).text == words("notices-usage")
    assert await changes(town) == []


async def test_forged_hours_on_a_button_change_nothing(town: Town) -> None:
    await town.says(ADMIN, "/notices quiet 22-8")
    before, shown = await changes(town), town.last(ADMIN).text
    for forged in ("9999-1", "9999-9999", "5-5", "0-1440"):
        await forges(town, town.last(ADMIN), f"v1:quiet:{forged}")
    assert town.last(ADMIN).text == shown
    assert await changes(town) == before


async def test_in_quiet_hours_the_night_is_quiet_and_the_morning_tells(outside: Outside) -> None:
    async with outside.hub() as town:
        await town.says(ADMIN, "/notices quiet 15:00-15:05")  # it is 15:00 in Moscow
        hub, old = town.switchboard.hub, "2025-01-01T00:00:00.000000Z"
        values = "VALUES ('shop', 'swb_1', 'd', 'read', ?)"
        query = f"INSERT INTO keys (name, hint, digest, scope, created_at) {values}"
        await hub.database.write(lambda tx: tx.exec_driver_sql(query, (old,)))
        before = len(town.sent(ADMIN))
        await steps(town, 4 * MINUTE)
        assert len(town.sent(ADMIN)) == before
        await steps(town, MINUTE)
        assert "1 API key is older than 30 days" in town.last(ADMIN).text


async def test_everything_is_there_in_russian(town: Town) -> None:
    await town.says(ADMIN, "/lang ru")
    await town.says(ADMIN, "/notices quiet 22-8")
    assert head(town.last(ADMIN)) == head_of("notices-home", "ru")
    assert "Тихие часы: 22:00–08:00" in town.last(ADMIN).text
    await died(town)
    assert "🔴 1 задача не выполнена с 15:0" in town.last(ADMIN).text
    await forget_dead(town)
