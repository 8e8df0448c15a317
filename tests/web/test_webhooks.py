"""POST /webhook/gallery: what another gallery tells, signed or with a key."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clock import HandClock
from tests.web.conftest import Lines
from tests.web.door import KEY, Door, a_set, assert_problem, open_door

PATH = "/webhook/gallery"
OLD_SECRET, NEW_SECRET = (
    "a-secret-that-is-about-to-be-replaced!",
    "whsec_" + base64.b64encode(b"n" * 24).decode(),
)
REMOVED = json.dumps({"event": "removed", "name": "Cats"}).encode()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def door(tmp_path: Path, clock: HandClock) -> AsyncIterator[Door]:
    secrets = f"{NEW_SECRET},{OLD_SECRET}"
    async with open_door(tmp_path, clock=clock, GALLERY_WEBHOOK_SECRET=secrets) as opened:
        await opened.list_sets(a_set("Cats", "Котики"))
        yield opened


def signed(door: Door, body: bytes = REMOVED, *, webhook_id: str = "msg_1", secret: str = NEW_SECRET) -> Any:
    """Headers as a sender makes them now."""
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    time = str(int(door.hub.clock.now().timestamp()))
    digest = hmac.new(key, f"{webhook_id}.{time}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": time,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


async def call(door: Door, headers: dict[str, str], body: bytes = REMOVED) -> httpx.Response:
    return await door.caller.post(PATH, content=body, headers=headers)


async def known(door: Door) -> bool:
    """Whether the set is in the cache of this process."""
    calls = door.database.calls
    await door.hub.gallery.kind.find("Cats")
    return door.database.calls == calls


def told(door: Door) -> int:
    """How often the other processes were told."""
    return int(door.sql("SELECT count(*) FROM invalidations WHERE region = 'stickerset'")[0][0])


@pytest.mark.parametrize("event", ["added", "removed", "changed"])
@pytest.mark.parametrize("name", ["Cats", "CATS"])
async def test_the_set_leaves_the_cache_here_and_everywhere(door: Door, event: str, name: str) -> None:
    await known(door)
    body = json.dumps({"event": event, "name": name}).encode()
    response = await call(door, signed(door, body), body)
    assert (response.status_code, response.json()) == (200, {"status": "success"})
    assert not await known(door)
    assert door.sql("SELECT region, key FROM invalidations") == [("stickerset", "cats")]


@pytest.mark.parametrize("secret", [OLD_SECRET, NEW_SECRET])
async def test_while_secrets_rotate_both_open(door: Door, secret: str) -> None:
    assert (await call(door, signed(door, secret=secret))).status_code == 200


async def test_a_key_for_webhooks_opens_too_and_counts_alone(door: Door) -> None:
    made = await door.key("webhook")
    for headers in ({"X-API-Key": made.text}, {"Authorization": f"Bearer {made.text}"}, {"X-API-Key": KEY}):
        assert (await call(door, headers)).status_code == 200
    assert told(door) == 3
    read = await door.key("read")
    assert_problem(await call(door, {"X-API-Key": read.text}), 403)
    assert_problem(await call(door, {"X-API-Key": "unknown"} | signed(door)), 401)
    assert told(door) == 3


async def test_without_anything_it_stays_closed(door: Door) -> None:
    document = assert_problem(await call(door, {}), 401)
    assert document["detail"] == "This address needs a key, or a webhook-signature."


async def test_without_a_secret_no_signature_opens(tmp_path: Path, clock: HandClock) -> None:
    async with open_door(tmp_path, clock=clock) as door:
        document = assert_problem(await call(door, signed(door)), 401)
        assert document["detail"] == "No secret is set here, so no signature is good."
        assert (await call(door, {"X-API-Key": KEY})).status_code == 200


async def test_a_changed_bit_is_one_clear_line(door: Door, lines: Lines) -> None:
    await known(door)
    changed = REMOVED.replace(b"Cats", b"Cavs")
    document = assert_problem(await call(door, signed(door), changed), 401)
    assert document["detail"].startswith("The webhook-signature does not fit")
    (line,) = lines("webhook.refused")
    assert line["details"] == {"path": PATH, "reason": document["detail"]}
    assert await known(door)
    assert told(door) == 0


async def test_a_changed_bit_that_breaks_the_json_is_a_wrong_signature_all_the_same(door: Door) -> None:
    assert_problem(await call(door, signed(door), b"{" + REMOVED), 401)


async def test_a_call_sent_again_after_six_minutes_is_too_old(door: Door, clock: HandClock) -> None:
    headers = signed(door)
    assert (await call(door, headers)).status_code == 200
    await clock.advance(360)
    document = assert_problem(await call(door, headers), 401)
    assert document["detail"] == "The webhook-timestamp is too old: more than five minutes."
    assert told(door) == 1


async def test_a_call_sent_again_within_the_window_has_no_further_effect(
    door: Door, clock: HandClock
) -> None:
    headers = signed(door)
    for _ in range(3):
        response = await call(door, headers)
        assert (response.status_code, response.json()) == (200, {"status": "success"})
        await clock.advance(100)
    assert told(door) == 1
    assert (await call(door, signed(door, webhook_id="msg_2"))).status_code == 200
    assert told(door) == 2


async def test_a_call_that_could_not_be_stored_may_come_again(door: Door) -> None:
    headers = signed(door)
    door.database.away = True
    assert_problem(await call(door, headers), 503)
    door.database.away = False
    assert (await call(door, headers)).status_code == 200
    assert told(door) == 1


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        (b"", 400, "body"),
        (b"{", 400, "body"),
        (b"[]", 422, "body"),
        (b"{}", 422, "body.event"),
        (b'{"event": "renamed", "name": "Cats"}', 422, "body.event"),
        (b'{"event": "added"}', 422, "body.name"),
        (b'{"event": "added", "name": 5}', 422, "body.name"),
        (b'{"event": "added", "name": ""}', 422, "body.name"),
        (b'{"event": "added", "name": "a b"}', 422, "body.name"),
    ],
)
async def test_a_body_that_tells_nothing_is_refused_and_has_no_effect(
    door: Door, body: bytes, status: int, where: str
) -> None:
    document = assert_problem(await call(door, signed(door, body), body), status)
    assert document["errors"][0]["where"] == where
    assert told(door) == 0


async def test_what_else_a_body_tells_is_left_alone(door: Door) -> None:
    body = b'{"event": "added", "name": "Cats", "by": {"name": "x"}}'
    assert (await call(door, signed(door, body), body)).status_code == 200
