"""Who may tell of deals, in which shapes, and in which order it is looked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clock import HandClock
from tests.web.deals.telling import (
    HOME,
    HOME_TOKEN,
    KEYED,
    PARTNER,
    PATH,
    PORTALS,
    ROBOT,
    SHY,
    TOKEN,
    TRANSFER,
    event,
    form,
    orders,
    portal_tells,
    tell,
)
from tests.web.door import KEY, Door, assert_problem, open_door

LOOKALIKES = [
    "evil-bitrix24.ru",
    "bitrix24.ru.evil.com",
    "bitrix24.ru",
    f"{PARTNER}.",
    f"{PARTNER}:80",
    "localhost",
]


@pytest.mark.parametrize("key", [None, "unknown", KEY])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (event(0, "evil.com"), 422),
        (event(-1, "evil.com"), 422),
        (event("twelve", "evil.com"), 422),
        (event("9" * 20, "evil.com"), 422),
        (event(None), 422),
        (event(12, ""), 422),
        (event(data={}), 422),
        *((event(12, domain, token=TOKEN), 403) for domain in LOOKALIKES),
        (event(12, "partner3.bitrix24.ru", token=TOKEN), 422),
    ],
)
async def test_shape_then_domain_come_before_any_key(
    door: Door, key: str | None, body: object, status: int
) -> None:
    assert_problem(await tell(door, body, **({"X-API-Key": key} if key else {})), status)
    assert orders(door) == []


@pytest.mark.parametrize(
    ("domain", "token"),
    [
        (PARTNER, ""),
        (PARTNER, "wrong"),
        (PARTNER, HOME_TOKEN),
        (PARTNER, ROBOT),
        (HOME, TOKEN),
        (SHY, ""),
        (SHY, TOKEN),
    ],
)
async def test_a_token_opens_for_its_own_portal_alone(door: Door, domain: str, token: str) -> None:
    document = assert_problem(await portal_tells(door, 12, domain, token), 401)
    assert domain not in str(document)
    assert orders(door) == []


async def test_without_a_configured_robot_token_an_empty_one_is_none(door: Door) -> None:
    for address in (PATH, f"{PATH}?token=", f"{PATH}?token=x"):
        assert_problem(await door.caller.post(address, content=form(12, SHY, "")), 401)


@pytest.mark.parametrize("scope", ["read", "enterprise:7"])
async def test_a_key_needs_the_scope_webhook_also_beside_a_good_token(
    door: Door, clock: HandClock, scope: str
) -> None:
    key = (await door.key(scope)).text
    assert_problem(await tell(door, event(token=TOKEN), X_API_Key=key), 403)
    assert_problem(await tell(door, event(token=TOKEN), Authorization="Bearer unknown"), 401)
    assert orders(door) == []
    webhook = (await door.key("webhook")).text
    response = await clock.run(tell(door, event(), Authorization=f"Bearer {webhook}"))
    assert response.status_code == 202


async def test_a_key_opens_no_domain_that_is_not_allowed(door: Door) -> None:
    assert_problem(await tell(door, event(12, "evil-bitrix24.ru"), **KEYED), 403)


async def test_more_than_the_limit_is_refused_before_anything_else(tmp_path: Path) -> None:
    async with open_door(tmp_path, MAX_REQUEST_BYTES="20000", **PORTALS) as door:
        assert_problem(await tell(door, b"{" + b" " * 20_000), 413)

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(30):
                yield b" " * 1000

        assert_problem(await door.caller.post(PATH, content=parts()), 413)


async def test_without_sources_no_domain_is_configured_the_home_portals_neither(tmp_path: Path) -> None:
    alone = {name: value for name, value in PORTALS.items() if name != "BITRIX24_SOURCES"}
    async with open_door(tmp_path, **alone) as door:
        assert_problem(await tell(door, b"{}"), 422)
        assert_problem(await tell(door, event(12, "evil.com")), 403)
        for domain in (PARTNER, HOME):
            document = assert_problem(await portal_tells(door, 12, domain, HOME_TOKEN), 422)
            assert "BITRIX24_SOURCES" in document["detail"]
        wanted = {"domain": PARTNER, "ids": [12]}
        assert_problem(await tell(door, wanted, TRANSFER, **KEYED), 422)


async def test_while_the_database_is_away_nothing_is_accepted(door: Door) -> None:
    door.database.away = True
    assert_problem(await portal_tells(door), 503)
    door.database.away = False
    assert orders(door) == []
