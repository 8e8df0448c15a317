"""What is counted of what comes about deals, and noted."""

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from tests.clock import HandClock
from tests.web.deals.telling import PARTNER, event, portal_tells, program_tells, tell
from tests.web.door import NOON, Door


async def test_calls_are_counted_by_configured_domains_answers_and_refusals(
    door: Door, clock: HandClock
) -> None:
    await portal_tells(door)
    await portal_tells(door, 12, PARTNER, "wrong")
    await program_tells(door, clock, event(ts=5))
    for body in (b"", event(12, "evil.com"), event(12, "p3.bitrix24.ru"), event(0)):
        await tell(door, body)
    await tell(door, event(), X_API_Key="unknown")
    door.database.away = True
    await portal_tells(door, 13)
    door.database.away = False

    text = (await door.get("/metrics")).text
    found = {(one.name, *one.labels.values()): one.value for family in parsed(text) for one in family.samples}
    counted = {
        key: value for key, value in found.items() if key[0].startswith("webhook_") and "bucket" not in key[0]
    }
    seconds = counted.pop(("webhook_processing_duration_seconds_sum",))
    assert counted == {
        ("webhook_received_total", PARTNER): 5,
        ("webhook_received_total", "other"): 4,
        ("webhook_processed_total", "accepted"): 2,
        ("webhook_errors_total", "shape"): 2,
        ("webhook_errors_total", "domain"): 1,
        ("webhook_errors_total", "not_configured"): 1,
        ("webhook_errors_total", "unauthorized"): 2,
        ("webhook_errors_total", "storage"): 1,
        ("webhook_processing_duration_seconds_count",): 9,
    }
    assert seconds == pytest.approx(5.0)


async def test_that_a_source_was_heard_is_noted_once_a_minute(door: Door, clock: HandClock) -> None:
    insert = f"INSERT INTO reconcile_cursors (source_domain, since) VALUES ('{PARTNER}', '{NOON}')"
    await door.hub.database.write(lambda tx: tx.exec_driver_sql(insert))
    heard = []
    for seconds in (0, 30, 40):
        await clock.advance(seconds)
        await portal_tells(door, ts=seconds)
        heard += door.sql("SELECT heard_at FROM reconcile_cursors")
    assert heard[0][0] is not None
    assert heard[0] == heard[1] != heard[2]
