"""What portals tell of their own deals: kept, and answered at once."""

import asyncio
import json
from pathlib import Path
from urllib.parse import urlencode

from services.deals.model import TOPIC, Order
from services.engine.inbox import Topic
from services.engine.retry import OUTSIDE
from tests.clock import HandClock
from tests.web.conftest import Lines
from tests.web.deals.conftest import never
from tests.web.deals.telling import (
    HOME,
    HOME_TOKEN,
    PARTNER,
    PATH,
    PORTALS,
    ROBOT,
    SHY,
    SOURCES,
    TOKEN,
    answer,
    event,
    form,
    link,
    orders,
    portal_tells,
    program_tells,
    said,
    tell,
)
from tests.web.door import Door, assert_problem, open_door


async def test_a_portals_event_is_kept_and_answered_at_once(door: Door, clock: HandClock) -> None:
    began = clock.monotonic()
    assert answer(await portal_tells(door)) == (200, said("accepted"))
    assert clock.monotonic() == began
    assert door.sql("SELECT topic, key FROM jobs") == [(TOPIC, f"deal:{PARTNER}:12")]
    assert orders(door) == [Order(PARTNER, 12)]


async def test_of_a_thousand_events_of_one_deal_few_jobs_are_made(door: Door) -> None:
    answers = await asyncio.gather(*(portal_tells(door, ts=number) for number in range(1000)))
    assert {each.status_code for each in answers} == {200}
    assert len(orders(door)) == 1


async def test_the_same_number_at_two_partners_is_two_deals(tmp_path: Path, clock: HandClock) -> None:
    both = SOURCES | {SHY: SOURCES[SHY] | {"application_token": "token-of-partner2"}}
    more = PORTALS | {"BITRIX24_SOURCES": json.dumps(both)}
    async with open_door(tmp_path, clock=clock, **more) as door:
        door.hub.inbox.register(Topic(TOPIC, never, 1, OUTSIDE))
        await asyncio.gather(portal_tells(door), portal_tells(door, 12, SHY, "token-of-partner2"))
        assert set(orders(door)) == {Order(PARTNER, 12), Order(SHY, 12)}


async def test_a_robot_proves_itself_by_its_address(door: Door) -> None:
    document = {"document_id[]": ["crm", "CCrmDocumentDeal", "DEAL_7"], "auth[domain]": PARTNER}
    body = urlencode(document, doseq=True).encode()
    address = f"{PATH}?token={ROBOT}"
    assert answer(await door.caller.post(address, content=body)) == (200, said("accepted", 7))
    assert orders(door) == [Order(PARTNER, 7)]
    for wrong in (PATH, f"{PATH}?token=", f"{PATH}?token={TOKEN}", f"{PATH}?token={ROBOT}x"):
        assert_problem(await door.caller.post(wrong, content=body), 401)


async def test_no_token_is_kept_and_none_is_logged(door: Door, lines: Lines) -> None:
    await portal_tells(door)
    await door.caller.post(f"{PATH}?token={ROBOT}", content=form(token=""))
    kept = door.file.read_bytes() + door.file.with_name("hub.db-wal").read_bytes()
    for token in (TOKEN, ROBOT, "169.254"):
        assert token.encode() not in kept
    assert not [line for line in lines("web.request") if TOKEN in str(line) or ROBOT in str(line)]


async def test_the_home_portals_event_marks_the_twin(door: Door) -> None:
    await link(door, 12, 900)
    assert answer(await portal_tells(door, 900, HOME, HOME_TOKEN)) == (200, said("accepted"))
    assert orders(door) == [Order(PARTNER, 12, "home")]
    assert door.sql("SELECT key FROM jobs") == [(f"deal:{PARTNER}:12",)]


async def test_a_deal_at_home_that_is_no_twin_is_skipped(door: Door) -> None:
    assert answer(await portal_tells(door, 900, HOME, HOME_TOKEN)) == (200, said("skipped", 900))
    assert orders(door) == []


async def test_an_event_of_something_else_is_skipped(door: Door, clock: HandClock) -> None:
    other = event(event="ONCRMCONTACTUPDATE", token=TOKEN)
    assert answer(await tell(door, other)) == (200, said("skipped"))
    assert answer(await program_tells(door, clock, other)) == (200, said("skipped"))
    assert orders(door) == []
