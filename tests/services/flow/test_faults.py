"""Faults: counted by kind, without secrets, and never a fault of their own."""

from structlog.testing import capture_logs

from services.engine.observability import bound
from services.flow.faults import SAMPLE
from tests.services.flow.conftest import House


async def test_occurrences_of_a_kind_are_counted_with_the_newest_sample(house: House) -> None:
    faults = house.hub.faults
    with bound("corr"):
        await faults.record("poller.Timeout", "first")
        await house.clock.advance(60)
        await faults.record("poller.Timeout", "second")
    await house.clock.advance(60)
    await faults.record("other", "x")
    newest, oldest = await faults.newest()
    assert newest.kind == "other"
    assert (oldest.count, oldest.sample, oldest.correlation_id) == (2, "second", "corr")
    assert (oldest.last_at - oldest.first_at).total_seconds() == 60
    assert [fault.kind for fault in await faults.newest(1)] == ["other"]
    assert await faults.totals() == {"poller.Timeout": 2, "other": 1}


async def test_secrets_are_taken_out_before_anything_is_stored(house: House) -> None:
    await house.hub.faults.record("kind", "GET /botsecret/getMe failed")
    (fault,) = await house.hub.faults.newest()
    assert fault.sample == "GET /bot***/getMe failed"


async def test_a_secret_at_the_cut_is_taken_out_whole(house: House) -> None:
    await house.hub.faults.record("kind", "x" * (SAMPLE - 3) + "secret" + "y" * 100)
    (fault,) = await house.hub.faults.newest()
    assert len(fault.sample) == SAMPLE
    assert "sec" not in fault.sample


async def test_a_fault_that_cannot_be_stored_is_logged_and_raises_nothing(house: House) -> None:
    house.database.away = True
    with capture_logs() as logs:
        await house.hub.faults.record("kind", "a secret sample")
    house.database.away = False
    assert [(entry["event"], entry["details"]) for entry in logs] == [
        ("fault.not_stored", {"kind": "kind", "sample": "a *** sample"})
    ]
    assert await house.hub.faults.totals() == {}
