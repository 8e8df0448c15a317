"""What an operator sees: log lines without secrets, the id that ties them together, and counters.

Every record, ours and the libraries', becomes one line
`timestamp, level, service, event, correlation_id, details{…}`. Redaction works twice: on every text before
the line is put together (only there a phone number can be told from a numeric id), and on the finished line.
"""

import json
import logging
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog
import uuid_utils
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from structlog.typing import EventDict

SERVICE = "switchboard"
MASK = "***"
SHORTEST_SECRET = 8  # shorter ones would turn up inside ordinary words and make the log unreadable
DEEPEST = 8  # levels of details that are kept; what lies deeper is shown as text
QUIET = ("httpx", "httpcore", "telegram.ext", "sqlalchemy", "aiosqlite")  # they log every call and statement
ADOPTED = ("uvicorn", "uvicorn.error", "uvicorn.access", "telegram", "alembic", *QUIET)

_correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def new_correlation_id() -> str:
    """A fresh UUIDv7: ids sort by the time they were made."""
    return str(uuid_utils.uuid7())


def current_correlation_id() -> str | None:
    """The id bound around the caller, if any."""
    return _correlation_id.get()


@contextmanager
def bound(correlation_id: str | None) -> Iterator[None]:
    """Every line logged inside the block, and by tasks started in it, carries this id."""
    token = _correlation_id.set(correlation_id)
    try:
        yield
    finally:
        _correlation_id.reset(token)


# --- redaction

# Keys of details whose value is a secret. `key` alone is not one: jobs and cache entries have keys.
_SECRET_NAME = re.compile(
    r"(?:token|secret|passw(?:or)?d|authorization|api[_-]?keys?|cookie)$|^auth$", re.IGNORECASE
)
_QUOTE = r"[\\\"']{0,4}"
_BOT_TOKEN = re.compile(  # and a key of our own, see services/flow/keys.py
    r"(?<![0-9])[0-9]{6,}(?::|%3A)[A-Za-z0-9_-]{30,}|\bswb_[A-Za-z0-9_-]{43}", re.IGNORECASE
)
_NAMED_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        r"(/bot)[0-9]+(?::|%3A)[^/\s\"'\\?]+",
        r"(://[^/\s:@\"']*:)[^/\s@\"']+(?=@)",
        # Authorization: Bearer …, 'x-api-key': '…', (b'x-api-key', b'…')
        rf"((?:authorization|x-api-key|secret[_-]token|api[_-]key){_QUOTE}\s{{0,4}}(?:[:=]|(?<=[\"']),)"
        rf"\s{{0,4}}(?:b(?=[\"']))?{_QUOTE})(?:[a-z]+ +)?[^\s\"'\\,;&)\]}}]+",
        r"(\bbearer\s+)[\w.~+/=-]{6,}",
        # "application_token": "…" of a body quoted as it came
        rf"((?:token|secret|password)(?=[\\\"']){_QUOTE}\s{{0,4}}:\s{{0,4}}(?=[\\\"']){_QUOTE})[^\"'\\]+",
        # ?token=…, auth[application_token]=…, password='…'
        r"((?:token|auth|secret|key|password)(?:\]|%5D)?(?:=(?!=)|%3D))"
        r"(?:b?\"[^\"]*\"|b?'[^']*'|[\\\"']{0,2}[^&\s\"'\\<>#]+)",
    )
)
_MAY_NAME_SECRETS = re.compile(r"[:=,%]|[Bb][Ee][Aa][Rr][Ee][Rr]")
_GAP = r"(?:[ \t()+\u00a0\u2009\u202f\u2010-\u2014-]|%20|%28|%29|%2D|%C2%A0){0,3}"
_PHONE = re.compile(
    # UUIDs and times may hold the digits of a phone: they come first and stay.
    r"(?=[0-9a-f+%])(?:(?P<kept>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:[+-][0-9]{2}:?[0-9]{2})?)"
    # +7 and ten digits, + and 10 to 15 digits
    rf"|(?:(?<![0-9])\+|%2B){_GAP}(?:7(?:\.?{_GAP}[0-9]){{10}}|[0-9](?:\.?{_GAP}[0-9]){{9,14}})(?![0-9])"
    # 8 or 7 and ten digits: in one piece, with gaps (no area code begins with 0, 1, 2 or 5), with dots
    r"|(?:(?<![0-9a-f.])|(?<=%20))[78](?:[0-9]{10}"
    rf"|{_GAP}[346-9](?:{_GAP}[0-9]){{9}}|\.[0-9]{{3}}\.[0-9]{{3}}\.[0-9]{{2}}\.[0-9]{{2}})(?![0-9a-f]))",
    re.IGNORECASE,
)
_MAY_BE_PHONE = re.compile(r"[+78%].{9}", re.DOTALL)
# What ends a line, moves the cursor, turns the direction of writing, or cannot be encoded.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class Redactor:
    """Takes secrets and phone numbers out of texts; numbers that are no texts stay as they are."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets` are taken out wherever they stand, also percent-encoded or escaped."""
        known = sorted((s for s in secrets if len(s) >= SHORTEST_SECRET), key=len, reverse=True)
        self._everywhere = _any_of(map(_in_any_writing, known))
        # A finished line is JSON: only what its escapes leave alone can be cut out without breaking it.
        self._in_line = _any_of(re.escape(secret) for secret in known if json.dumps(secret) == f'"{secret}"')

    def text(self, text: str) -> str:
        """`text` without secrets; of phone numbers the last two digits stay."""
        # Most texts are short names: cheap looks at what every pattern needs keep them cheap.
        text = _BOT_TOKEN.sub(MASK, self._everywhere.sub(MASK, text))
        if _MAY_NAME_SECRETS.search(text):
            for pattern in _NAMED_SECRETS:
                text = pattern.sub(_mask_value, text)
        return _PHONE.sub(_last_two_digits, text) if _MAY_BE_PHONE.search(text) else text

    def line(self, line: str) -> str:
        """A last look at a finished line, for what was put together only there."""
        return _BOT_TOKEN.sub(MASK, self._in_line.sub(MASK, line))

    def value(self, value: object, depth: int = 0) -> Any:
        """`value` as JSON can hold it, every text in it redacted."""
        if (
            value is None
            or isinstance(value, bool | int)
            or (isinstance(value, float) and math.isfinite(value))
        ):
            return value
        if isinstance(value, Mapping) and depth < DEEPEST:
            return {self.text(str(k)): self._named(str(k), v, depth + 1) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset) and depth < DEEPEST:
            return self._items(list(value), depth + 1)
        return self.text(value.decode(errors="replace") if isinstance(value, bytes) else str(value))

    def _named(self, name: str, value: object, depth: int) -> Any:
        if _SECRET_NAME.search(name) and isinstance(value, str | bytes | int) and not isinstance(value, bool):
            return MASK
        if "phone" in name.lower() and isinstance(value, str | int) and not isinstance(value, bool):
            return f"{MASK}{str(value)[-2:]}"
        return self.value(value, depth)

    def _items(self, items: list[object], depth: int) -> list[Any]:
        match items:
            case [str() | bytes() as name, value]:  # a header as HTTP libraries hold it
                text = name.decode(errors="replace") if isinstance(name, bytes) else name
                return [self.text(text), self._named(text, value, depth)]
        return [self.value(item, depth) for item in items]


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns) or r"(?!)")


def _in_any_writing(secret: str) -> str:
    return "".join(one if one.isascii() and one.isalnum() else _any_writing_of(one) for one in secret)


def _any_writing_of(character: str) -> str:
    # As it is, percent-encoded in either case, or escaped once or more by JSON or repr.
    encoded = "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
    forms = [re.escape(character), f"(?i:{encoded})", re.escape(json.dumps(character)[1:-1])]
    return rf"\\{{0,4}}(?:{'|'.join(forms)}{'|[+]' if character == ' ' else ''})"


def _mask_value(match: re.Match[str]) -> str:
    return match[1] + MASK


def _last_two_digits(match: re.Match[str]) -> str:
    return match[0] if match["kept"] else f"{MASK}{match[0][-2:]}"


# --- lines


def configure_logging(
    level: str, format: Literal["json", "console"], secrets: Sequence[str], stream: TextIO | None = None
) -> None:
    """Send every record of the process to `stream` (standard output when None), as the module says.

    Replaces what was configured before, for the whole process. An uncaught exception is logged the same
    way instead of being printed as it is.
    """
    stream = stream or sys.stdout
    number = logging.getLevelNamesMapping()[level]
    root = logging.getLogger()
    root.handlers = [_handler(format, Redactor(secrets), stream)]
    root.setLevel(number)
    for name in ADOPTED:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(max(number, logging.WARNING) if name in QUIET else logging.NOTSET)
    structlog.configure(
        processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    sys.excepthook = _log_uncaught


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the library's
        # The library would print the arguments as they are. Say which call is wrong and nothing else.
        lost = {"logger": record.name, "file": record.filename, "line": record.lineno}
        sys.stderr.write(json.dumps({"level": "error", "event": "log.record_lost", "details": lost}) + "\n")


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def __init__(self, redactor: Redactor, render: Callable[[dict[str, Any]], str]) -> None:
        super().__init__(processors=[_gather, self._render])
        self._redactor = redactor
        self._as_text = render

    def _render(self, _logger: object, _method: str, line: EventDict) -> str:
        payload = {name: self._redactor.value(line[name]) for name in ("event", "correlation_id", "details")}
        return self._redactor.line(self._as_text({**line, **payload}))


def _handler(format: Literal["json", "console"], redactor: Redactor, stream: TextIO) -> logging.Handler:
    handler = _Handler(stream)
    render = _json if format == "json" else partial(_console, colours=stream.isatty())
    handler.setFormatter(_Formatter(redactor, render))
    return handler


def _gather(_logger: object, _method: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event.pop("_record")
    if not event.pop("_from_structlog"):
        event["logger"] = record.name
    event = structlog.processors.format_exc_info(None, "", event)
    name, own = event.pop("event", ""), event.pop("details", {})
    correlation_id = event.pop("correlation_id", None) or current_correlation_id()
    return {
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "service": SERVICE,
        "event": name,
        "correlation_id": correlation_id,
        "details": {**event, **(own if isinstance(own, Mapping) else {"details": own})},
    }


def _json(line: dict[str, Any]) -> str:
    return _CONTROLS.sub(lambda control: json.dumps(control[0])[1:-1], json.dumps(line, ensure_ascii=False))


def _console(line: dict[str, Any], colours: bool) -> str:
    colour = {"warning": "33", "error": "31", "critical": "31"}.get(line["level"], "32")
    level = f"{line['level']:<8}"
    details = dict(line["details"])
    exception = str(details.pop("exception", ""))
    parts = [line["timestamp"], f"\x1b[{colour}m{level}\x1b[0m" if colours else level, _plain(line["event"])]
    parts += [f"{_plain(name)}={_plain(value)}" for name, value in details.items()]
    parts += [f"[{_plain(line['correlation_id'])}]"] if line["correlation_id"] else []
    return "\n    | ".join([" ".join(parts), *map(_plain, exception.split("\n") if exception else ())])


def _plain(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _CONTROLS.sub(lambda control: json.dumps(control[0])[1:-1], text)


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
    else:
        structlog.get_logger(__name__).critical("process.failed", exc_info=(kind, error, traceback))


# --- counters


class Counters:
    """The hub's counters, named in words. Values of labels come from closed lists, never from payloads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """`registry` is the hub's own, so that two hubs in one process count apart."""
        self.registry = registry
        self._updates = Counter(
            "telegram_updates_total", "Telegram updates received, by kind.", ["kind"], registry=registry
        )
        self._approvals = Counter(
            "approvals_total", "Decisions about what was asked for.", ["kind", "decision"], registry=registry
        )
        self._calls = Histogram(
            "api_request_duration_seconds",
            "Calls of outside systems, failed ones too.",
            ["system", "method"],
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )
        self._drift = Gauge(
            "deal_drift",
            "Deals of the newest reconcile whose change no event had told of.",
            ["domain"],
            registry=registry,
        )

    def telegram_update(self, kind: str) -> None:
        """One update arrived; `kind` is its field's name, such as `message`."""
        self._updates.labels(kind).inc()

    def approval(self, kind: str, decision: str) -> None:
        """Somebody decided about an item of that kind, or nobody did: approved, rejected, expired."""
        self._approvals.labels(kind, decision).inc()

    def api_request(self, system: str, method: str, seconds: float) -> None:
        """One call of an outside system came to its end, whatever that was."""
        self._calls.labels(system, method).observe(seconds)

    def deal_drift(self, domain: str, missed: int) -> None:
        """A reconcile of this portal, one of the settings, found so many changes that no event told of."""
        self._drift.labels(domain).set(missed)
