"""Log lines: their shape, what is taken out of them, and the id that ties them together."""

import asyncio
import io
import json
import logging
import sys
import traceback
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, quote_plus

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from services.engine.observability import (
    ADOPTED,
    Counters,
    Redactor,
    bound,
    configure_logging,
    current_correlation_id,
    new_correlation_id,
)

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
OTHER_TOKEN = (
    "987654321:BBcdefghijklmnopqrstuvwxyz_0123456-789"  # no setting of ours: known by its shape alone
)
API_KEY = "Zk9/Qw+7.Lm=2~Rt_Yx-4Vb8Nc1Hd5Jf6Gs0"
ODD_SECRET = 'pass "word" with \\ and ключ'
SECRETS = [TOKEN, API_KEY, ODD_SECRET]

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """Where the lines go; what the process had configured before comes back afterwards."""
    root, hook = logging.getLogger(), sys.excepthook
    loggers = [root, *map(logging.getLogger, ADOPTED)]
    before = [(logger, logger.handlers, logger.level, logger.propagate) for logger in loggers]
    yield io.StringIO()
    for logger, handlers, level, propagate in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)
    structlog.reset_defaults()
    sys.excepthook = hook


@pytest.fixture
def lines(output: io.StringIO) -> Lines:
    """JSON logging at INFO; the fixture gives what was logged, one object per line."""
    configure_logging("INFO", "json", SECRETS, output)
    return lambda: [json.loads(line) for line in output.getvalue().splitlines()]


def console(output: io.StringIO) -> Any:
    configure_logging("INFO", "console", SECRETS, output)
    return structlog.get_logger()


# --- the shape of a line


def test_a_line_has_exactly_the_promised_fields(lines: Lines) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    structlog.get_logger().info("inbox.accepted", topic="telegram", details={"update_id": 7})

    (line,) = lines()
    assert list(line) == ["timestamp", "level", "service", "event", "correlation_id", "details"]
    assert line | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "service": "switchboard",
        "event": "inbox.accepted",
        "correlation_id": None,
        "details": {"topic": "telegram", "update_id": 7},
    }
    at = datetime.fromisoformat(line["timestamp"])
    assert at.utcoffset() == timedelta(0)
    assert before <= at <= datetime.now(UTC)


def test_bound_keys_and_details_of_any_kind_end_up_in_details(lines: Lines) -> None:
    structlog.get_logger().bind(job=5).warning(
        "x", details="plain", level="loud", odd={1: (b"a", uuid.UUID(int=0))}
    )

    (line,) = lines()
    assert line["level"] == "warning"
    assert line["details"] == {
        "job": 5,
        "details": "plain",
        "level": "loud",
        "odd": {"1": ["a", "00000000-0000-0000-0000-000000000000"]},
    }


def test_numbers_json_does_not_know_and_endless_structures_still_make_a_line(lines: Lines) -> None:
    endless: list[object] = []
    endless.append(endless)
    structlog.get_logger().info("x", ratio=float("nan"), endless=endless)

    assert lines()[0]["details"]["ratio"] == "nan"


def test_an_exceptions_text_goes_to_its_details(lines: Lines) -> None:
    try:
        raise LookupError("nobody there")
    except LookupError as error:
        structlog.get_logger().exception("caught")
        caught = error
    structlog.get_logger().error("later", exc_info=caught)
    logging.getLogger("library").error("foreign", exc_info=caught)

    for line in lines():
        assert line["level"] == "error"
        assert line["details"]["exception"].startswith("Traceback (most recent call last):")
        assert line["details"]["exception"].endswith("LookupError: nobody there")


@pytest.mark.parametrize("name", ["uvicorn.error", "telegram.Bot", "alembic.runtime.migration", "asyncio"])
def test_libraries_log_through_the_same_line(lines: Lines, name: str) -> None:
    logging.getLogger(name).warning("happened to %s", "something")

    (line,) = lines()
    assert (line["event"], line["details"]) == ("happened to something", {"logger": name})


def test_a_library_that_had_its_own_handler_logs_once_and_here(output: io.StringIO) -> None:
    own = io.StringIO()
    logging.getLogger("uvicorn").addHandler(logging.StreamHandler(own))
    logging.getLogger("uvicorn").propagate = False

    configure_logging("INFO", "json", [], output)
    configure_logging("INFO", "json", [], output)
    logging.getLogger("uvicorn").info("started")

    assert (len(output.getvalue().splitlines()), own.getvalue()) == (1, "")


@pytest.mark.parametrize(
    "name", ["httpx", "httpcore.connection", "telegram.ext.Application", "sqlalchemy.engine"]
)
def test_libraries_that_log_every_call_speak_from_warning_on(output: io.StringIO, name: str) -> None:
    configure_logging("DEBUG", "json", [], output)
    logging.getLogger(name).info("one more request")
    logging.getLogger(name).warning("trouble")
    assert [json.loads(line)["event"] for line in output.getvalue().splitlines()] == ["trouble"]

    configure_logging("ERROR", "json", [], output)
    logging.getLogger(name).warning("more trouble")
    assert len(output.getvalue().splitlines()) == 1


def test_lines_below_the_level_are_not_written(output: io.StringIO) -> None:
    log = structlog.get_logger()
    configure_logging("WARNING", "json", [], output)
    log.info("quiet")
    logging.getLogger("library").info("quiet")
    assert output.getvalue() == ""

    configure_logging("DEBUG", "json", [], output)
    log.debug("loud")
    assert json.loads(output.getvalue())["event"] == "loud"


def test_a_record_that_cannot_be_put_together_names_its_place_and_shows_nothing_else(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError(TOKEN)

    structlog.get_logger("library").warning(TOKEN, broken=Broken())

    lost = json.loads(capsys.readouterr().err)
    assert lost["event"] == "log.record_lost"
    assert lost["details"]["logger"] == "library"
    assert TOKEN not in str(lost)
    assert lines() == []


def test_an_uncaught_exception_is_logged_without_its_secrets(
    lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    error = RuntimeError(f"cannot reach https://api.telegram.org/bot{TOKEN}/getMe")
    sys.excepthook(RuntimeError, error, None)

    (line,) = lines()
    assert (line["event"], line["level"]) == ("process.failed", "critical")
    assert "/bot***/getMe" in line["details"]["exception"]
    assert capsys.readouterr().err == ""


# --- for people


def test_console_lines_read_as_time_level_event_and_details(output: io.StringIO) -> None:
    log = console(output)
    with bound("018f-id"):
        log.info("inbox.accepted", topic="telegram", ids=[1, 2])

    assert (
        output.getvalue().split(" ", 1)[1] == "info     inbox.accepted topic=telegram ids=[1, 2] [018f-id]\n"
    )


def test_console_colours_only_a_terminal(output: io.StringIO) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    console(output).error("x")
    console(terminal).error("x")

    assert "\x1b" not in output.getvalue()
    assert "\x1b[31merror" in terminal.getvalue()


FORGED = 'gone\r\n{"level": "info", "event": "forged"}\x0b\x0c\x1b[2J\x85\u2028\u2029\u202e\ud800end'


@pytest.mark.parametrize("format", ["json", "console"])
def test_payloads_cannot_start_a_line_or_steer_a_terminal(
    output: io.StringIO, format: Literal["json", "console"]
) -> None:
    configure_logging("INFO", format, [], output)
    with bound(FORGED):
        structlog.get_logger().info(FORGED, text=FORGED, inner={FORGED: [FORGED]}, **{FORGED: 1})
    logging.getLogger("library").info("%s", FORGED)

    written = output.getvalue()
    assert len(written.splitlines()) == 2
    assert all(character.isprintable() for character in written.replace("\n", ""))
    written.encode("utf-8")


def test_an_exceptions_payload_starts_no_console_line_of_its_own(output: io.StringIO) -> None:
    try:
        raise ValueError(FORGED)
    except ValueError:
        console(output).exception("failed")

    first, *others = output.getvalue().splitlines()
    assert first.endswith("error    failed")
    assert len(others) > 3
    assert all(line.startswith("    | ") for line in others)


@given(st.text())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_makes_one_line_of_valid_json(output: io.StringIO, text: str) -> None:
    output.seek(0)
    output.truncate()
    configure_logging("INFO", "json", SECRETS, output)
    structlog.get_logger().info(text, payload=text, nested={text: [text, (text, text)]})

    (line,) = output.getvalue().splitlines()
    assert line.encode("utf-8")
    assert json.loads(line)["service"] == "switchboard"


# --- secrets


def in_a_traceback(text: str) -> str:
    try:
        raise ValueError(text)
    except ValueError:
        return traceback.format_exc()


PLACES: list[Callable[[str], object]] = [
    lambda secret: secret,
    lambda secret: {"deep": [{"er": (secret,)}]},
    lambda secret: {secret: 1},
    lambda secret: f"https://host/path?state={quote_plus(secret)}&x=1",
    lambda secret: f"https://host/{quote(secret, safe='')}/x",
    quote,
    lambda secret: repr({"held": secret}),
    lambda secret: json.dumps({"held": secret}),
    lambda secret: secret.encode(),
    lambda secret: ValueError(f"refused: {secret}!"),
    in_a_traceback,
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("place", PLACES)
def test_a_known_secret_is_taken_out_wherever_it_stands(
    lines: Lines, output: io.StringIO, secret: str, place: Callable[[str], object]
) -> None:
    structlog.get_logger().info(str(place(secret)), held=place(secret))

    forms = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    assert len(lines()) == 1
    assert not [form for form in forms if form in output.getvalue()]
    assert "***" in output.getvalue()


@pytest.mark.parametrize(
    "written",
    [
        API_KEY.replace("/", "%2f").replace("=", "%3D"),
        API_KEY.replace("+", "%2b").replace("~", "%7E"),
        TOKEN.replace(":", "%3a"),
        quote_plus(ODD_SECRET).lower(),
        ODD_SECRET.replace(" ", "%20"),
        json.dumps(json.dumps(ODD_SECRET))[3:-3],
        repr(repr(ODD_SECRET)[1:-1])[1:-1],
    ],
)
def test_a_secret_is_known_however_it_is_encoded(written: str) -> None:
    assert Redactor(SECRETS).text(f"<{written}>") == "<***>"


def test_a_secret_too_short_to_be_told_from_words_spoils_no_line(output: io.StringIO) -> None:
    configure_logging("INFO", "json", ["info", "a"], output)
    structlog.get_logger().info("a", info="a")

    assert json.loads(output.getvalue())["details"] == {"info": "a"}


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"token is {OTHER_TOKEN}.", "token is ***."),
        (f"https://api.telegram.org/bot{OTHER_TOKEN}/getMe", "https://api.telegram.org/bot***/getMe"),
        ("http://127.0.0.1:8021/telegram/bot1:SHORT/getMe", "http://127.0.0.1:8021/telegram/bot***/getMe"),
        ("https://host/file/bot42%3Ashort/photos/1.jpg", "https://host/file/bot***/photos/1.jpg"),
        ("Authorization: Bearer abc.def was refused", "Authorization: *** was refused"),
        ("authorization=Basic dXNlcjpw", "authorization=***"),
        ("{'X-API-Key': 'k1', 'Accept': 'x'}", "{'X-API-Key': '***', 'Accept': 'x'}"),
        ("[(b'x-api-key', b'k1'), (b'host', b'h')]", "[(b'x-api-key', b'***'), (b'host', b'h')]"),
        ("X-Telegram-Bot-Api-Secret-Token: s3", "X-Telegram-Bot-Api-Secret-Token: ***"),
        ('{"secret_token": "s3", "url": "u"}', '{"secret_token": "***", "url": "u"}'),
        ('{"auth": {"application_token": "s3"}}', '{"auth": {"application_token": "***"}}'),
        (r"{\"password\": \"s3\"}", r"{\"password\": \"***\"}"),
        ("GET /hook?token=s3&domain=d.ru", "GET /hook?token=***&domain=d.ru"),
        ("?auth=s3", "?auth=***"),
        ("?a=1&secret=s3#top", "?a=1&secret=***#top"),
        ("?KEY=s3", "?KEY=***"),
        ("auth[application_token]=s3&auth[domain]=d.ru", "auth[application_token]=***&auth[domain]=d.ru"),
        ("auth%5Bapplication_token%5D=s3&x=1", "auth%5Bapplication_token%5D=***&x=1"),
        ("connect(user='u', password='s 3')", "connect(user='u', password=***)"),
        ("postgresql+asyncpg://hub:s3@host:5432/db", "postgresql+asyncpg://hub:***@host:5432/db"),
        ("sent bearer s3s3s3s3", "sent bearer ***"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out_unknown(text: str, redacted: str) -> None:
    assert Redactor([]).text(text) == redacted
    assert Redactor([]).text(f"до {text}\nпосле") == f"до {redacted}\nпосле"


@pytest.mark.parametrize(
    "text",
    [
        "job key chat:500100200 is free",
        "a token is needed",
        "if token == expected: authorization follows",
        "/bot/handlers/check.py, /robots.txt",
        "https://host:8020/path@2x.png",
        "telegram.update 500100200:1234",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert Redactor([]).text(text) == text


def test_details_named_like_a_secret_keep_only_their_name(lines: Lines) -> None:
    structlog.get_logger().info(
        "x",
        bot_token="s3",
        headers={"X-API-Key": "s3", "Authorization": b"s3", "Accept": "json"},
        pairs=[("authorization", "s3"), (b"cookie", b"s3"), ("host", "h")],
        auth={"application_token": "s3", "domain": "d.ru"},
        password=None,
        key="chat:500100200",
        tokens=5,
    )

    assert lines()[0]["details"] == {
        "bot_token": "***",
        "headers": {"X-API-Key": "***", "Authorization": "***", "Accept": "json"},
        "pairs": [["authorization", "***"], ["cookie", "***"], ["host", "h"]],
        "auth": {"application_token": "***", "domain": "d.ru"},
        "password": None,
        "key": "chat:500100200",
        "tokens": 5,
    }


def test_an_http_error_of_the_client_shows_no_token(lines: Lines, output: io.StringIO) -> None:
    request = httpx.Request("POST", f"https://api.telegram.org/bot{TOKEN}/sendMessage?secret=s3cret")
    response = httpx.Response(502, request=request)
    try:
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        structlog.get_logger().exception("call failed", url=request.url, error=error)

    assert "sendMessage" in output.getvalue()
    assert TOKEN not in output.getvalue()
    assert "s3cret" not in output.getvalue()


# --- phone numbers


@pytest.mark.parametrize(
    "phone",
    [
        "+7 900 123-45-67",
        "+79001234567",
        "+7 (900) 123-45-67",
        "+7.900.123.45.67",
        "8 900 123-45-67",
        "8 (900) 123-45-67",
        "8(900)1234567",
        "8-900-123-45-67",
        "8.900.123.45.67",
        "7 900 123 45 67",
        "8\u00a0900\u00a0123\u201145\u201167",
        "89001234567",
        "79001234567",
        "%2B79001234567",
        "8%20%28900%29%20123-45-67",
        "8+900+123-45-67",
        "+1 202 555 01 67",
        "+442071838767",
        "+375 29 123-45-67",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "call {}, please", "tel:{}", "phone={}&x=1", "/customer/1/{}", "\n{}\n", "тел{}!"]
)
def test_a_phone_number_keeps_its_last_two_digits(phone: str, around: str) -> None:
    assert Redactor([]).text(around.format(phone)) == around.format("***67")


def test_two_phone_numbers_in_a_row_are_both_hidden() -> None:
    assert Redactor([]).text("+79001234567 +79001234568, 89001234569") == "***67 ***68, ***69"


def test_a_phone_given_as_a_number_is_hidden_under_its_name_only(lines: Lines) -> None:
    structlog.get_logger().info(
        "x", phone_number=79001234567, contact={"phone": "9001234567"}, chat_id=79001234567
    )

    assert lines()[0]["details"] == {
        "phone_number": "***67",
        "contact": {"phone": "***67"},
        "chat_id": 79001234567,
    }


SEPARATORS = st.sampled_from(["", " ", "-", " (", ") ", "\u00a0"])


@given(
    start=st.sampled_from(["+7", "8", "7"]),
    area=st.sampled_from("3489"),
    digits=st.text("0123456789", min_size=9, max_size=9),
    gaps=st.lists(SEPARATORS, min_size=4, max_size=4),
    around=st.sampled_from([("", ""), ("звонок ", "."), ("tel:", ";"), ("'", "'"), ("<", ">")]),
)
@settings(max_examples=200)
def test_any_grouping_of_a_russian_number_is_hidden(
    start: str, area: str, digits: str, gaps: list[str], around: tuple[str, str]
) -> None:
    number = area + digits
    groups = [start, number[:3], number[3:6], number[6:8], number[8:]]
    phone = "".join(part for pair in zip(groups, [*gaps, ""], strict=True) for part in pair)

    assert Redactor([]).text(phone.join(around)) == f"***{digits[-2:]}".join(around)


@given(ids=st.dictionaries(st.text("abcdef_", min_size=1), st.integers(-(2**52), 2**52)))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numeric_ids_in_details_are_never_touched(output: io.StringIO, ids: dict[str, int]) -> None:
    output.seek(0)
    output.truncate()
    configure_logging("INFO", "json", SECRETS, output)
    structlog.get_logger().info("x", details={"ids": ids, "listed": list(ids.values())})

    assert json.loads(output.getvalue())["details"] == {"ids": ids, "listed": list(ids.values())}


@given(
    st.one_of(
        st.uuids().map(str),
        st.uuids().map(lambda value: value.hex),
        st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
        st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat(" ", "milliseconds")),
        st.integers(1, 6_999_999_999).map(str),  # ids of people
        st.integers(-(10**13), -1_000_000_000_000).map(str),  # ids of supergroups and channels
        st.ip_addresses(v=4).map(str),
    ),
    st.sampled_from(["{}", "item {} of 12", "({})", "chat:{}", "до {} после"]),
)
@settings(max_examples=300)
def test_ids_times_and_addresses_in_texts_are_no_phone_numbers(value: str, around: str) -> None:
    assert Redactor([]).text(around.format(value)) == around.format(value)


@given(st.text("+7890-( :=/abt%\"'\\", max_size=400))
@settings(max_examples=200)
def test_redacted_texts_hold_nothing_more_to_redact(text: str) -> None:
    redactor = Redactor(SECRETS)
    once = redactor.text(text)

    assert redactor.text(once) == once


# --- correlation


def test_ids_are_uuids_of_version_seven_and_sort_by_time() -> None:
    ids = [new_correlation_id() for _ in range(50)]

    assert {uuid.UUID(made).version for made in ids} == {7}
    assert sorted(ids) == ids


def test_lines_inside_a_bound_block_carry_its_id_and_lines_after_it_do_not(lines: Lines) -> None:
    outer, inner = new_correlation_id(), new_correlation_id()
    log = structlog.get_logger()
    with bound(outer):
        with bound(inner):
            log.info("inner")
        logging.getLogger("library").info("outer")
    log.info("none")
    log.info("named", correlation_id=outer)

    assert [line["correlation_id"] for line in lines()] == [inner, outer, None, outer]
    assert "correlation_id" not in lines()[-1]["details"]


def test_the_id_is_unbound_when_the_block_fails() -> None:
    with pytest.raises(RuntimeError), bound("x"):
        raise RuntimeError

    assert current_correlation_id() is None


async def test_tasks_side_by_side_keep_their_own_ids(lines: Lines) -> None:
    async def work(number: int) -> None:
        with bound(f"id-{number}"):
            await asyncio.sleep(0)
            structlog.get_logger().info(str(number))

    await asyncio.gather(*(work(number) for number in range(5)))

    assert [(line["event"], line["correlation_id"]) for line in lines()] == [
        (str(n), f"id-{n}") for n in range(5)
    ]


# --- counters


def test_updates_are_counted_by_kind_on_the_hubs_own_registry() -> None:
    counters, others = Counters(CollectorRegistry()), Counters(CollectorRegistry())
    counters.telegram_update("message")
    counters.telegram_update("message")
    counters.telegram_update("callback_query")

    shown = generate_latest(counters.registry).decode()
    assert 'telegram_updates_total{kind="message"} 2.0' in shown
    assert 'telegram_updates_total{kind="callback_query"} 1.0' in shown
    assert "telegram_updates_total{" not in generate_latest(others.registry).decode()
