"""Standard Webhooks: nothing but what a secret signed just now gets in."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clock import HandClock
from web.signatures import MOST_IDS, WINDOW, Repeats, SignatureRefused, Signatures

# The example of github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIME, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def signature(key: bytes, body: bytes = BODY, *, webhook_id: str = ID, time: int | str = TIME) -> str:
    """As the specification says, written down once more."""
    content = f"{webhook_id}.{time}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def headers(given: str, *, webhook_id: str = ID, time: int | str = TIME) -> dict[str, str]:
    return {"webhook-id": webhook_id, "webhook-timestamp": str(time), "webhook-signature": given}


def verifier(*secrets: str, at: float = TIME) -> Signatures:
    return Signatures(secrets, HandClock(datetime.fromtimestamp(at, UTC)))


KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
GOOD = signature(KEY)


def reason(signatures: Signatures, sent: dict[str, str], body: bytes = BODY) -> str:
    with pytest.raises(SignatureRefused) as refusal:
        signatures.verify(sent, body)
    return str(refusal.value)


def test_the_example_of_the_specification_is_good() -> None:
    assert verifier(SECRET).verify(headers(SIGNED), BODY) == ID
    assert GOOD == SIGNED


def test_one_of_several_signatures_is_enough() -> None:
    for sent_signature in (f"v1,AAAA {GOOD}", f"{GOOD} v1,AAAA", f"v1a,{GOOD[3:]} v2,x {GOOD}"):
        assert verifier(SECRET).verify(headers(sent_signature), BODY) == ID


@pytest.mark.parametrize(
    "sent_signature", ["", " ", "v1,", "v1", GOOD[3:], f"v2,{GOOD[3:]}", f"v1a,{GOOD[3:]}", GOOD[:-1]]
)
def test_what_is_no_signature_of_the_first_version_is_none(sent_signature: str) -> None:
    assert "does not fit" in reason(verifier(SECRET), headers(sent_signature))


def test_while_secrets_rotate_both_are_good_and_then_only_the_new_one() -> None:
    new = "whsec_" + base64.b64encode(b"another-secret-of-24-bytes").decode()
    assert verifier(new, SECRET).verify(headers(GOOD), BODY)
    assert verifier(SECRET, new).verify(headers(GOOD), BODY)
    assert "does not fit" in reason(verifier(new), headers(GOOD))


def test_a_secret_without_prefix_is_text_or_base64() -> None:
    text = "c2VjcmV0LW9mLXNpeHRlZW4tYnl0ZXM="
    for key in (text.encode(), base64.b64decode(text)):
        assert verifier(text).verify(headers(signature(key)), BODY)
    plain = "пароль, который не base64!"
    assert verifier(plain).verify(headers(signature(plain.encode())), BODY)
    prefixed = f"whsec_{text}"
    assert "does not fit" in reason(verifier(prefixed), headers(signature(text.encode())))
    assert "does not fit" in reason(verifier(prefixed), headers(signature(prefixed.encode())))


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_",), ("", "")])
def test_no_secret_and_an_empty_one_open_nothing(secrets: tuple[str, ...]) -> None:
    assert "No secret is set" in reason(verifier(*secrets), headers(signature(b"")))
    assert "does not fit" in reason(verifier(SECRET, *secrets), headers(signature(b"")))


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (0, None),
        (WINDOW, None),
        (WINDOW + 0.001, "too old"),
        (WINDOW + 60, "too old"),
        (-WINDOW, None),
        (-WINDOW - 0.001, "ahead"),
    ],
)
def test_a_call_is_good_for_five_minutes_before_and_after_its_time(late: float, said: str | None) -> None:
    signatures = verifier(SECRET, at=TIME + late)
    if said:
        assert said in reason(signatures, headers(GOOD))
    else:
        assert signatures.verify(headers(GOOD), BODY) == ID


@pytest.mark.parametrize(
    "time",
    ["", "now", "1614265330.0", "-1614265330", "+1614265330", "١٦١٤", "1" * 4301, "1e9", " 1614265330"],
)
def test_a_time_that_is_none_is_refused(time: str) -> None:
    assert "not a time" in reason(verifier(SECRET), headers(GOOD, time=time))


@pytest.mark.parametrize("webhook_id", ["", "x" * 201])
def test_a_call_needs_an_id_that_can_be_remembered(webhook_id: str) -> None:
    sent = headers(signature(KEY, webhook_id=webhook_id), webhook_id=webhook_id)
    assert "webhook-id" in reason(verifier(SECRET), sent)


def test_headers_that_are_missing_are_told() -> None:
    for missing, said in {
        "webhook-id": "webhook-id",
        "webhook-timestamp": "not a time",
        "webhook-signature": "does not fit",
    }.items():
        sent = {name: value for name, value in headers(GOOD).items() if name != missing}
        assert said in reason(verifier(SECRET), sent)


@given(st.sampled_from(["id", "time", "body", "signature"]), st.data())
def test_one_changed_bit_anywhere_is_noticed(part: str, data: st.DataObject) -> None:
    parts = {"id": ID.encode(), "time": str(TIME).encode(), "body": BODY, "signature": GOOD.encode()}
    place = data.draw(st.integers(0, len(parts[part]) * 8 - 1))
    changed = bytearray(parts[part])
    changed[place // 8] ^= 1 << place % 8
    parts[part] = bytes(changed)
    sent = {
        "webhook-id": parts["id"].decode("latin-1"),
        "webhook-timestamp": parts["time"].decode("latin-1"),
        "webhook-signature": parts["signature"].decode("latin-1"),
    }
    assert reason(verifier(SECRET), sent, parts["body"])


async def test_an_id_is_remembered_while_its_signature_can_be_good() -> None:
    clock = HandClock()
    repeats = Repeats(clock)
    assert not repeats.knows("a")
    repeats.remember("a")
    await clock.advance(2 * WINDOW - 1)
    assert repeats.knows("a")
    await clock.advance(1)
    assert not repeats.knows("a")


async def test_the_memory_of_ids_is_bounded_and_forgets_the_oldest() -> None:
    clock = HandClock()
    repeats = Repeats(clock)
    for number in range(MOST_IDS + 5):
        repeats.remember(str(number))
    assert [number for number in range(MOST_IDS + 5) if not repeats.knows(str(number))] == [0, 1, 2, 3, 4]
    await clock.advance(2 * WINDOW)
    repeats.remember("new")
    assert len(repeats._until) == 1
