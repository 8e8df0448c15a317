"""A raw update on its way into the inbox: whatever comes is stored or refused, and nothing else happens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from bot.updates import ALLOWED, TOPIC, Intake, Peek, peek
from services.engine.errors import Refused
from services.engine.failpoints import NoFailpoints
from services.engine.inbox import DAY, Inbox, Receipt, Topic
from services.engine.observability import Counters
from services.engine.retry import TELEGRAM
from services.engine.work import Work
from storage.records import Job
from tests.clock import HandClock
from tests.storage.files import WatchedDatabase, new_file, opened, rows

DEEP = 100_000
HOSTILE = [
    b"",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"{}",
    b'{"update_id": 1}',
    b'{"update_id": 1.0, "message": {}}',
    b'{"update_id": true, "message": {}}',
    b'{"update_id": "1", "message": {}}',
    b'{"update_id": NaN}',
    b'{"update_id": ' + b"9" * 100_000 + b"}",
    b'{"update_id": 1e400}',
    b'{"update_id": -1, "message": {}}',
    b'{"update_id": 1, "message": {"chat": {"id": ' + b"9" * 5000 + b"}}}",
    b'{"update_id": 1, "message": {"chat": {"id": "1"}}}',
    b'{"update_id": 1, "message": [1, 2]}',
    b'{"update_id": 1, "message": {"text": "\xff"}}',
    b'{"update_id": 1, "message": {"\xff": 1}}',
    b'{"\xff": 1, "update_id": 1}',
    b'{"update_id": 1, "message": {"text": "\\ud800"}}',
    b'{"update_id": 1, "message": {"text": "\x00"}}',
    b'{"update_id": 1, "update_id": 2, "message": {}}',
    b'\xef\xbb\xbf{"update_id": 1}',
    b'{"update_id": 1, "message": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    b'{"update_id": 1, "message": ' + b'{"chat":' * DEEP,
    b"[" * DEEP,
]


def message(update_id: int = 7, chat_id: int = 42, kind: str = "message") -> bytes:
    return msgspec.json.encode({"update_id": update_id, kind: {"chat": {"id": chat_id}, "text": "Привет"}})


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ({"update_id": 1, "message": {"chat": {"id": -100}}}, Peek(1, "message", -100)),
        ({"message": {"chat": {"id": 5}}, "update_id": 1}, Peek(1, "message", 5)),
        (
            {"update_id": 2, "callback_query": {"from": {"id": 9}, "message": {"chat": {"id": -5}}}},
            Peek(2, "callback_query", -5),
        ),
        ({"update_id": 2, "callback_query": {"from": {"id": 9}}}, Peek(2, "callback_query", 9)),
        (
            {"update_id": 3, "message_reaction": {"chat": {"id": -7}, "user": {"id": 1}}},
            Peek(3, "message_reaction", -7),
        ),
        (
            {"update_id": 4, "my_chat_member": {"chat": {"id": 8}, "from": {"id": 8}}},
            Peek(4, "my_chat_member", 8),
        ),
        ({"update_id": 5, "poll_from_the_future": {"id": "x"}}, Peek(5, "poll_from_the_future", 0)),
        ({"update_id": 6, "message": "a shape nobody knows"}, Peek(6, "message", 0)),
        ({"update_id": 6}, Peek(6, "empty", 0)),
    ],
)
def test_number_kind_and_chat_are_read_without_building_the_update(update: object, expected: Peek) -> None:
    assert peek(msgspec.json.encode(update)) == expected


def test_presses_and_reactions_have_the_key_of_their_chat() -> None:
    """Within a chat everything happens in order, presses and reactions included."""
    text = peek(message(chat_id=-100))
    press = peek(b'{"update_id":8,"callback_query":{"from":{"id":9},"message":{"chat":{"id":-100}}}}')
    assert text.chat_id == press.chat_id


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_an_update_or_refused(raw: bytes) -> None:
    assert is_known_outcome(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=9,
)
FIELDS = st.sampled_from(["update_id", "message", "chat", "id", "from", "callback_query"])
SHAPED = st.recursive(JSON, lambda inner: st.dictionaries(FIELDS, inner, max_size=4), max_leaves=9)


@settings(max_examples=300, deadline=None)
@given(update=SHAPED)
@example(update={"update_id": 2**63, "message": {"chat": {"id": 2**63}}})
def test_any_json_is_an_update_or_refused(update: object) -> None:
    assert is_known_outcome(msgspec.json.encode(_finite(update)))


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_bytes_are_an_update_or_refused(raw: bytes) -> None:
    assert is_known_outcome(raw)


def is_known_outcome(raw: bytes) -> bool:
    try:
        return isinstance(peek(raw), Peek)
    except Refused:
        return True


def _finite(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-(2**63), min(value, 2**64 - 1))
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return value


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[]", b"{}", b'{"update_id": "1"}', b'{"message": {}}', b"\xff"]
)
def test_what_has_no_number_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused, match="not an update"):
        peek(raw)


# The intake


async def nothing(job: Job, work: Work) -> None:
    return None


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[WatchedDatabase]:
    async with opened(new_file(tmp_path)) as found:
        yield found


def intake(database: WatchedDatabase, counters: Counters | None = None, *, bot_id: int = 11) -> Intake:
    inbox = Inbox(database, HandClock(), NoFailpoints())
    inbox.register(Topic(TOPIC, nothing, 1, TELEGRAM, 2 * DAY))
    return Intake(inbox, counters or Counters(CollectorRegistry()), bot_id)


async def test_an_update_is_stored_word_for_word_under_its_chat_and_number(database: WatchedDatabase) -> None:
    raw = message(7, 42)
    receipt = await intake(database).accept(raw)
    assert receipt.new
    assert await rows(database, "SELECT topic, key, dedup_id, payload FROM jobs") == [
        ("telegram", "chat:42", "11:7", raw.decode())
    ]


async def test_an_update_that_comes_again_is_known_however_it_comes(database: WatchedDatabase) -> None:
    door = intake(database)
    receipts = await asyncio.gather(*(door.accept(message(7)) for _ in range(5)))
    assert sum(receipt.new for receipt in receipts) == 1


async def test_numbers_of_different_bots_are_different(database: WatchedDatabase) -> None:
    for bot_id in (11, 12):
        assert (await intake(database, bot_id=bot_id).accept(message(7))).new


async def test_each_update_has_a_correlation_id_of_its_own(database: WatchedDatabase) -> None:
    door = intake(database)
    for number in range(3):
        await door.accept(message(number))
    assert len(set(await rows(database, "SELECT correlation_id FROM jobs"))) == 3


async def test_updates_are_counted_by_kind_and_unknown_kinds_together(database: WatchedDatabase) -> None:
    registry = CollectorRegistry()
    door = intake(database, Counters(registry))
    for number, kind in enumerate(["message", "message", "edited_message", "made_up", "\N{PILE OF POO}"]):
        await door.accept(message(number, kind=kind))
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    counted = {
        tuple(sample.labels.values()): sample.value
        for sample in samples
        if "update" in sample.name and sample.name.endswith("_total") and sample.value
    }
    assert counted == {("message",): 2, ("edited_message",): 1, ("other",): 2}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.one_of(
        st.binary(max_size=60), st.sampled_from(HOSTILE), SHAPED.map(_finite).map(msgspec.json.encode)
    )
)
async def test_any_bytes_are_stored_or_refused(database: WatchedDatabase, raw: bytes) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(await intake(database).accept(raw), Receipt)


def test_updates_are_asked_for_by_name() -> None:
    assert {"message", "callback_query", "message_reaction", "my_chat_member"} <= set(ALLOWED)
    assert "chat_member" in ALLOWED  # left out of the default list
