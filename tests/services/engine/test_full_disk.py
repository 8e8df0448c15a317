"""Jobs in hand while the disk takes nothing more: waited out, told once, done once."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.engine.work import Work
from storage.errors import StorageUnavailable
from storage.records import Job
from tests.services.engine.workshop import Workshop, effect, effects, workshop
from tests.storage.files import rows

LONG = 60.0  # seconds of virtual time
LARGE = "A" * 100_000  # more than the pages that a new file has to spare


async def pages(shop: Workshop, most: int) -> None:
    """Let the file grow so far; what it has already it keeps."""
    await shop.database.write(lambda tx: tx.exec_driver_sql(f"PRAGMA max_page_count={most}"))


async def test_a_job_that_ends_while_the_disk_is_full_is_done_once_there_is_room(path: Path) -> None:
    begun: list[Job] = []

    async def handle(job: Job, work: Work) -> str:
        begun.append(job)
        effect(work)
        return LARGE

    async with workshop(path) as shop:
        topic = shop.topic(handle, started=False)
        receipt = await shop.accept()
        await pages(shop, 1)
        with capture_logs() as lines:
            shop.workers.start(topic)
            await shop.clock.advance(LONG)
        with pytest.raises(StorageUnavailable):
            await shop.accept("chat:2", payload=f'"{LARGE}"')
        assert [line["event"] for line in lines].count("job.storage_unavailable") == 1
        assert not [line for line in lines if line.get("exc_info")]
        assert len(begun) > 2

        await pages(shop, 1_000_000)
        await shop.clock.advance(1)

        assert (await shop.state(receipt)).state == "done"
        assert await rows(shop.database, "SELECT count(*), max(attempts) FROM jobs") == [(1, 1)]
        assert await effects(shop.database) == [receipt.job_id]
        assert shop.durable_finishes == 1
