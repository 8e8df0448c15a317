"""Keys: what is closed, and to whom."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.routing import iter_route_contexts

from tests.web.door import KEY, SECOND_KEY, Door, assert_problem, open_door
from web.authentication import Keys, Scope, requires

PUBLIC = {"/health/live", "/health/ready", "/api/v1/integration/health", "/docs"}
SIGNED = {"/telegram/webhook"}  # the sender proves itself otherwise
CLOSED = {"/stats", "/gallery/sets", "/openapi.json"}


def _operations(app: FastAPI) -> Iterator[tuple[str, str]]:
    for route in iter_route_contexts(app.routes):
        assert route.path is not None, "a route that this test cannot see"
        assert route.methods, f"{route.path} takes every method"
        for method in route.methods:
            yield method, route.path


async def test_every_address_is_public_signed_or_closed_and_none_is_forgotten(door: Door) -> None:
    assert {path for _, path in _operations(door.app)} == PUBLIC | SIGNED | CLOSED


async def test_every_address_that_is_not_public_or_signed_is_closed_without_a_good_key(door: Door) -> None:
    closed = [(method, path) for method, path in _operations(door.app) if path not in PUBLIC | SIGNED]
    assert len(closed) >= len(CLOSED)
    for method, path in closed:
        for headers in ({}, {"X-API-Key": "unknown"}, {"Authorization": "Bearer unknown"}):
            assert_problem(await door.caller.request(method, path, headers=headers), 401)


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


async def test_with_no_key_configured_nothing_opens_the_closed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with open_door(tmp_path_factory.mktemp("keyless"), API_KEYS="") as door:
        for headers in ({}, {"X-API-Key": ""}, {"Authorization": "Bearer "}, {"X-API-Key": KEY}):
            assert_problem(await door.caller.get("/stats", headers=headers), 401)


async def test_the_key_is_looked_at_before_the_values(door: Door) -> None:
    assert_problem(await door.caller.get("/gallery/sets", params={"limit": "many"}), 401)


@pytest.mark.parametrize(
    ("held", "needed", "status"),
    [
        (Scope.ADMIN, Scope.ADMIN, 200),
        (Scope.ADMIN, Scope.READ, 200),
        (Scope.ADMIN, Scope.WEBHOOK, 200),
        (Scope.READ, Scope.READ, 200),
        (Scope.READ, Scope.WEBHOOK, 403),
        (Scope.READ, Scope.ADMIN, 403),
        (Scope.WEBHOOK, Scope.WEBHOOK, 200),
        (Scope.WEBHOOK, Scope.READ, 403),
        (Scope.WEBHOOK, Scope.ADMIN, 403),
    ],
)
async def test_a_scope_opens_itself_and_admin_opens_all(
    door: Door, held: Scope, needed: Scope, status: int
) -> None:
    check = requires(needed, Keys([("another-key", Scope.READ), ("a-key", held)]))

    @door.app.get("/room", dependencies=[Depends(check)])
    async def room() -> str:
        return "inside"

    response: httpx.Response = await door.caller.get("/room", headers={"X-API-Key": "a-key"})
    if status == 200:
        assert response.json() == "inside"
    else:
        document = assert_problem(response, status)
        assert needed.value in document["detail"]
        assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


def test_an_empty_key_in_the_list_opens_nothing() -> None:
    assert Keys([("", Scope.ADMIN)]).scope_of("") is None
