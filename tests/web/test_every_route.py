"""Every address there is, and who may come in: a new one without a row here fails."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Mount, Route

from tests.web.door import KEY, Door, assert_problem

PUBLIC, SIGNED = "public", "signed"  # signed: the sender proves itself, not by a key
# Looked at after the body, which says who is meant: tests/web/deals.
CLAIMED = "claimed"

# What the contract says of each address; the word is the scope a key must have.
RULES = {
    ("POST", "/telegram/webhook"): SIGNED,
    ("GET", "/health/live"): PUBLIC,
    ("GET", "/health/ready"): PUBLIC,
    ("GET", "/api/v1/integration/health"): PUBLIC,
    ("GET", "/docs"): PUBLIC,
    ("GET", "/openapi.json"): "read",
    ("GET", "/stats"): "read",
    ("GET", "/metrics"): "read",
    ("GET", "/gallery/sets"): "read",
    ("GET", "/gallery/sets/{name}"): "read",
    ("PUT", "/gallery/sets/{name}"): "admin",
    ("DELETE", "/gallery/sets/{name}"): "admin",
    ("POST", "/webhook/gallery"): "webhook",  # or the sender's signature
    ("POST", "/api/v1/integration/poll-form"): "webhook",
    ("GET", "/api/v1/integration/poll-form/{submission_id:path}"): "read",
    ("POST", "/webhook/deal"): CLAIMED,
    ("POST", "/api/v1/deals/transfer"): "webhook",
}
SCOPES = ("admin", "read", "webhook", "enterprise:7")
CLOSED = [address for address, rule in RULES.items() if rule not in {PUBLIC, SIGNED, CLAIMED}]


def _addresses(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """(method, path) of everything that answers, whatever kind of route serves it."""
    for route in iter_route_contexts(routes):
        if isinstance(route.original_route, Mount):
            inner = route.original_route.routes
            assert inner, f"nobody can see what is behind {prefix}{route.path}"
            yield from _addresses(inner, f"{prefix}{route.path}")
            continue
        assert route.path is not None, "a route that this test cannot see"
        assert route.methods, f"{route.path} takes every method"
        for method in route.methods - {"HEAD"}:  # served as GET, see web/middleware.py
            yield method, f"{prefix}{route.path}"


def _filled(path: str) -> str:
    """An address of that path: any name will do, the key is looked at first."""
    return path.replace("{", "").replace("}", "")


def test_routes_of_every_kind_are_seen() -> None:
    async def answer(request: Any) -> None: ...

    inner = FastAPI(openapi_url=None, routes=[Route("/deep", answer, methods=["PUT"])])
    app = FastAPI(openapi_url=None, routes=[Route("/plain", answer), Mount("/mounted", inner)])
    app.add_api_route("/dependent/{name}", answer, methods=["DELETE"], response_model=None)

    assert set(_addresses(app.routes)) == {
        ("GET", "/plain"),
        ("PUT", "/mounted/deep"),
        ("DELETE", "/dependent/{name}"),
    }


class _Anything:
    """An application that answers whatever comes."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


@pytest.mark.parametrize("route", [Mount("/files", app=_Anything()), Route("/all", endpoint=_Anything())])
def test_what_takes_every_method_or_hides_what_is_behind_it_is_noticed(route: BaseRoute) -> None:
    with pytest.raises(AssertionError):
        list(_addresses([route]))


async def test_every_address_has_a_rule_and_every_rule_an_address(door: Door) -> None:
    assert set(_addresses(door.app.routes)) == set(RULES)


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_a_closed_address_opens_to_keys_of_its_scope_alone(door: Door, method: str, path: str) -> None:
    needed, address = RULES[method, path], _filled(path)

    for headers in ({}, {"X-API-Key": "unknown"}, {"Authorization": "Bearer unknown"}):
        assert_problem(await door.caller.request(method, address, headers=headers), 401)
    for scope in SCOPES:
        key = {"X-API-Key": (await door.key(scope)).text}
        response = await door.caller.request(method, address, headers=key)
        if scope in {needed, "admin"}:
            assert response.status_code not in {401, 403}, (scope, response.text)
        else:
            assert_problem(response, 403)


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_a_revoked_key_opens_no_address(door: Door, method: str, path: str) -> None:
    made = await door.key("admin")
    await door.register.revoke(made.key.id, actor="test")

    response = await door.caller.request(method, _filled(path), headers={"X-API-Key": made.text})
    assert_problem(response, 401)


@pytest.mark.parametrize("path", sorted({path for _, path in CLOSED}))
async def test_no_other_method_gets_in_without_a_key(door: Door, path: str) -> None:
    ruled = {method for method, ruled_path in RULES if ruled_path == path}

    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"):
        response = await door.caller.request(method, _filled(path))
        is_served = method in ruled or (method == "HEAD" and "GET" in ruled)
        assert response.status_code == (401 if is_served else 405), method
        assert method != "HEAD" or not response.content


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_no_way_of_writing_the_address_goes_around_the_key(door: Door, method: str, path: str) -> None:
    address = _filled(path)

    for written in (
        f"{address}/",
        f"/{address}",
        address.upper(),
        f"{address}%2f",
        f"{address};x",
        f"/.{address}",
    ):
        response = await door.caller.request(method, written)
        refused = {401, 404, 405} if method == "POST" else {401, 404}  # below an address may be one to read
        assert response.status_code in refused, written


@pytest.mark.parametrize(("method", "path"), [address for address, rule in RULES.items() if rule == PUBLIC])
async def test_a_public_address_asks_for_no_key_and_minds_none(door: Door, method: str, path: str) -> None:
    for headers in ({}, {"X-API-Key": "unknown"}, {"X-API-Key": KEY}):
        assert (await door.caller.request(method, path, headers=headers)).status_code == 200


@pytest.mark.parametrize(("method", "path"), [address for address, rule in RULES.items() if rule == SIGNED])
async def test_a_signed_address_is_opened_by_no_key(door: Door, method: str, path: str) -> None:
    response = await door.caller.request(method, path, headers={"X-API-Key": KEY}, content=b"{}")

    assert_problem(response, 401)
