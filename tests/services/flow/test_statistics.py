"""The figures for /stats."""

from services.engine.inbox import Topic
from services.engine.retry import TELEGRAM
from services.engine.work import Work
from storage.records import Job
from tests.services.flow.conftest import GROUP, House


async def nothing(job: Job, work: Work) -> None:
    return None


async def test_an_empty_hub_shows_noughts_and_every_name(house: House) -> None:
    await house.clock.advance(90)
    assert await house.hub.statistics.collect() == {
        "jobs": {"waiting": 0, "claimed": 0, "dead": 0},
        "messages": {"waiting": 0, "sending": 0, "failed": 0, "unknown": 0, "repeated": 0},
        "errors": {"total": 0, "kinds": {}},
        "gallery": {"sets": 0},
        "process": {"uptime_seconds": 90.0},
    }


async def test_what_happens_is_counted(house: House) -> None:
    for name in ("telegram", "portal"):
        house.hub.inbox.register(Topic(name, nothing, 1, TELEGRAM))
        await house.hub.inbox.accept(name, "k", None, "{}")
    await house.propose(place=GROUP)
    await house.hub.faults.record("kind", "x")
    figures = await house.hub.statistics.collect()
    assert figures["jobs"]["waiting"] == 2
    assert figures["messages"]["waiting"] == 1  # the deletion; the proposal itself is out
    assert figures["errors"] == {"total": 1, "kinds": {"kind": 1}}


async def test_a_room_tells_its_own_figures(house: House) -> None:
    async def figures() -> dict[str, int]:
        return {"open": 7}

    house.hub.statistics.register("orders", figures)
    assert (await house.hub.statistics.collect())["orders"] == {"open": 7}
