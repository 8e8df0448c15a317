"""Telegram's errors in the sender's terms: what may be repeated, what is over, who is gone."""

from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.outcomes import (
    Again,
    ChatGone,
    Doubtful,
    Failed,
    Moved,
    Outcome,
    Pointless,
    ReactionRefused,
    Sent,
    TopicGone,
    Unreachable,
    is_not_executed,
    of_error,
)
from bot.request import ServerFailed


def caused(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("Bad Request: message is not modified: specified new message content is the same", Sent),
        ("Bad Request: message to edit not found", Pointless),
        ("Message to edit not found", Pointless),
        ("Bad Request: message to delete not found", Pointless),
        ("Bad Request: message can't be deleted for everyone", Pointless),
        ("Bad Request: message can't be edited", Pointless),
        ("Bad Request: MESSAGE_ID_INVALID", Pointless),
        ("Bad Request: query is too old and response timeout expired or query ID is invalid", Pointless),
        ("Bad Request: message to react not found", Pointless),
        ("Bad Request: REACTION_INVALID", ReactionRefused),
        ("Bad Request: REACTIONS_TOO_MANY", ReactionRefused),
        ("Bad Request: message thread not found", TopicGone),
        ("Bad Request: chat not found", ChatGone),
        ("Chat not found", ChatGone),
        ("Bad Request: CHAT_WRITE_FORBIDDEN", ChatGone),
        ("Bad Request: PEER_ID_INVALID", ChatGone),
        ("Bad Request: can't parse entities: unexpected end tag", Failed),
        ("Bad Request: message is too long", Failed),
        ("Bad Request: something nobody has heard of", Failed),
    ],
)
def test_a_refusal_is_read_by_its_text_in_any_case(said: str, outcome: type[Outcome]) -> None:
    for text in (said, said.upper(), said.lower()):
        assert isinstance(of_error(BadRequest(text)), outcome)


@pytest.mark.filterwarnings("ignore:.*retry_after:telegram.warnings.PTBDeprecationWarning")
def test_a_wait_that_telegram_names_is_kept() -> None:
    for told in (7, timedelta(seconds=7)):
        outcome = of_error(RetryAfter(told))
        assert isinstance(outcome, Again)
        assert outcome.after == 7.0


def test_a_group_that_moved_tells_its_new_number() -> None:
    assert of_error(ChatMigrated(-100123)) == Moved(-100123)


def test_a_chat_that_shuts_the_bot_out_is_gone() -> None:
    for text in ("bot was blocked by the user", "bot was kicked from the group chat", "user is deactivated"):
        assert of_error(Forbidden(f"Forbidden: {text}")) == ChatGone(f"Forbidden: {text}")


@pytest.mark.parametrize(
    "error", [InvalidToken("Not Found"), Conflict("terminated by other getUpdates request")]
)
def test_what_only_an_operator_can_mend_is_tried_again(error: TelegramError) -> None:
    assert isinstance(of_error(error), Again)


@pytest.mark.parametrize(
    "cause", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")]
)
def test_what_never_left_this_machine_was_not_executed(cause: Exception) -> None:
    for error in (NetworkError("x"), TimedOut("x")):
        assert isinstance(of_error(caused(error, cause)), Again)
        assert is_not_executed(caused(error, cause))


def test_only_what_found_no_connection_says_that_nobody_is_reached() -> None:
    for cause in (httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")):
        assert isinstance(of_error(caused(NetworkError("x"), cause)), Unreachable)
    for other in (httpx.PoolTimeout("full"), httpx.ReadTimeout("slow")):
        assert not isinstance(of_error(caused(TimedOut("x"), other)), Unreachable)


@pytest.mark.parametrize(
    "cause",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.RemoteProtocolError("?"),
    ],
)
def test_what_left_and_was_not_answered_is_in_doubt(cause: Exception) -> None:
    error = caused(TimedOut("x"), cause)
    assert of_error(error) == Doubtful(type(cause).__name__)
    assert not is_not_executed(error)


def test_an_error_nobody_foresaw_is_in_doubt() -> None:
    assert isinstance(of_error(TelegramError("Invalid server response")), Doubtful)


@pytest.mark.parametrize(("status", "outcome"), [(500, Again), (502, Again), (503, Again), (504, Doubtful)])
def test_a_server_that_failed_did_nothing_unless_somebody_only_gave_up_waiting(
    status: int, outcome: type[Outcome]
) -> None:
    assert isinstance(of_error(ServerFailed(status)), outcome)
