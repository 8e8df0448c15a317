"""The town itself: what waits for virtual time never holds up a test for ever."""

from storage.errors import StorageUnavailable
from tests.e2e.conftest import Log
from tests.town import CHEN, Outside


class Away:
    """Failpoints by which the database refuses the beginning of so many handlings of updates."""

    def __init__(self, times: int) -> None:
        self.armed = False
        self.left = times

    def hit(self, point: str) -> None:
        if self.armed and point == "handling" and self.left:
            self.left -= 1
            raise StorageUnavailable("away")


async def test_it_settles_although_a_job_waits_for_its_database(outside: Outside) -> None:
    away = Away(times=2)
    async with outside.hub(failpoints=away) as town:
        await town.settle()
        away.armed = True
        await town.says(CHEN, "/version")
        assert away.left == 0
        assert len(town.sent(CHEN)) == 1


async def test_its_hub_ends_although_a_job_waits_for_its_database(outside: Outside, log: Log) -> None:
    away = Away(times=1_000_000)
    async with outside.hub(failpoints=away) as town:
        await town.settle()
        away.armed = True
        outside.world.send_text(CHEN, CHEN, "/version")
        await town.until(lambda: away.left < 1_000_000)
    assert log.events("supervisor.grace_over")
