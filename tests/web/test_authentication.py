"""How a key is presented, and what each scope opens."""

from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import Depends

from services.flow.keys import Scope
from tests.web.door import KEY, SECOND_KEY, Door, assert_problem, open_door
from web.authentication import Keyring, Principal, requires

CLOSED = ("/stats", "/metrics", "/gallery/sets", "/openapi.json")


@pytest.mark.parametrize("key", [KEY, SECOND_KEY])
@pytest.mark.parametrize("form", ["header", "bearer", "bearer in small letters"])
async def test_every_configured_key_opens_in_either_header(door: Door, key: str, form: str) -> None:
    headers = {
        "header": {"x-api-key": key},
        "bearer": {"Authorization": f"Bearer {key}"},
        "bearer in small letters": {"authorization": f"bearer {key}"},
    }[form]

    for path in CLOSED:
        assert (await door.caller.get(path, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": ""},
        {"X-API-Key": KEY[:-1]},
        {"X-API-Key": KEY + "0"},
        {"X-API-Key": KEY.upper()},
        {"X-API-Key": f"{KEY},{SECOND_KEY}"},
        {"X-API-Key": "\xfe\xff"},
        {"X-API-Key": "ключ"},
        {"X-API-Key": "swb_" + "A" * 43},
        {"X-API-Key": "swb_" + "A" * 10_000},
        {"Authorization": KEY},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Cookie": f"X-API-Key={KEY}"},
        {"X-API-Key": "wrong", "Authorization": f"Bearer {KEY}"},
    ],
)
async def test_anything_else_is_no_key(door: Door, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]

    response = await door.caller.get("/stats", headers=raw)

    assert_problem(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer ")
    assert KEY not in response.text


async def test_a_key_in_the_address_is_no_key(door: Door) -> None:
    for name in ("key", "api_key", "token", "X-API-Key"):
        assert_problem(await door.caller.get("/stats", params={name: KEY}), 401)


async def test_the_challenge_tells_no_key_from_an_unknown_one(door: Door) -> None:
    none = await door.caller.get("/stats")
    unknown = await door.caller.get("/stats", headers={"X-API-Key": "unknown"})

    assert "error" not in none.headers["www-authenticate"]
    assert 'error="invalid_token"' in unknown.headers["www-authenticate"]


async def test_with_no_key_configured_only_stored_ones_open_the_closed(tmp_path: Path) -> None:
    async with open_door(tmp_path, API_KEYS="") as door:
        for headers in ({}, {"X-API-Key": ""}, {"Authorization": "Bearer "}, {"X-API-Key": KEY}):
            assert_problem(await door.caller.get("/stats", headers=headers), 401)
        stored = {"X-API-Key": (await door.key("read")).text}
        assert (await door.caller.get("/stats", headers=stored)).status_code == 200


async def test_the_key_is_looked_at_before_the_values(door: Door) -> None:
    assert_problem(await door.caller.get("/gallery/sets", params={"limit": "many"}), 401)


ADMIN, READ, WEBHOOK, SEVEN, EIGHT = "admin", "read", "webhook", "enterprise:7", "enterprise:8"


@pytest.mark.parametrize(
    ("held", "needed", "status"),
    [
        *((ADMIN, needed, 200) for needed in (ADMIN, READ, WEBHOOK, SEVEN, EIGHT)),
        *((READ, needed, 403) for needed in (ADMIN, WEBHOOK, SEVEN)),
        *((WEBHOOK, needed, 403) for needed in (ADMIN, READ, SEVEN)),
        *((SEVEN, needed, 403) for needed in (ADMIN, READ, WEBHOOK, EIGHT)),
        (READ, READ, 200),
        (WEBHOOK, WEBHOOK, 200),
        (SEVEN, SEVEN, 200),
    ],
)
async def test_a_scope_opens_itself_and_admin_opens_all(
    door: Door, held: str, needed: str, status: int
) -> None:
    made = await door.key(held)
    check = requires(Scope.parse(needed), Keyring([KEY], door.hub.keys))

    @door.app.get("/room", dependencies=[Depends(check)])
    async def room() -> str:
        return "inside"

    response: httpx.Response = await door.caller.get("/room", headers={"X-API-Key": made.text})
    if status == 200:
        assert response.json() == "inside"
    else:
        document = assert_problem(response, status)
        assert needed in document["detail"]
        assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


async def test_a_route_learns_who_calls(door: Door) -> None:
    made = await door.key("read")
    check = requires(Scope.READ, Keyring([KEY], door.hub.keys))

    @door.app.get("/who")
    async def who(principal: Annotated[Principal, Depends(check)]) -> str:
        return f"{principal.name} may {principal.scope}"

    async def answer(key: str) -> str:
        text: str = (await door.caller.get("/who", headers={"X-API-Key": key})).json()
        return text

    assert await answer(KEY) == "settings may admin"
    assert await answer(made.text) == f"key:{made.key.id} may read"


async def test_an_empty_key_in_the_list_opens_nothing(door: Door) -> None:
    assert await Keyring([""], door.hub.keys).holder_of("") is None
