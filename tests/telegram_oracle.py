"""An independent judge of the Telegram stand-in: aiogram reads everything that crossed the wire.

Every update and answer the stand-in gave must be what aiogram takes for Telegram's; every call it received
must be one that aiogram could have made. The stand-in and python-telegram-bot share no code with aiogram.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypeVar

import aiogram.methods
from aiogram.methods.base import Response, TelegramMethod
from aiogram.types import TelegramObject, Update
from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound=BaseModel)


class OracleError(AssertionError):
    """Something on the wire is not the Bot API's."""


class _Call(Protocol):
    method: str
    params: dict[str, Any]
    status: int
    answer: dict[str, Any]
    applied: bool


class _Ledger(Protocol):
    @property
    def calls(self) -> list[Any]: ...


class _Updates(Protocol):
    @property
    def emitted(self) -> Iterable[dict[str, Any]]: ...


class _World(Protocol):
    @property
    def ledger(self) -> _Ledger: ...

    @property
    def updates(self) -> _Updates: ...


# What the server sends and aiogram has no field for: old names kept for old clients, and fields of bot
# accounts that aiogram's release does not know.
_KNOWN_EXTRAS = frozenset(
    {
        "thumb",
        "contains_masks",
        "all_members_are_administrators",
        "new_chat_participant",
        "left_chat_participant",
        "can_manage_voice_chats",
    }
    | {"accepted_gift_types", "is_bot", "can_send_media_messages", "new_chat_member", "forward_sender_name"}
    | {"forward_date"}
)


def method_class(name: str) -> type[TelegramMethod[Any]]:
    """aiogram's class for a method. Raises OracleError for methods it does not know."""
    found: type[TelegramMethod[Any]] | None = getattr(aiogram.methods, name[:1].upper() + name[1:], None)
    if found is None or not issubclass(found, TelegramMethod):
        raise OracleError(f"no such method: {name}")
    return found


def parse_update(update: dict[str, Any], *, any_kind: bool = False) -> Update:
    """aiogram's reading of an update. Raises OracleError when it is none, or has unknown fields.

    `any_kind` lets kinds pass that aiogram's release does not know.
    """
    parsed = _validated(Update, update)
    if any_kind:
        return parsed
    if parsed.model_extra:
        raise OracleError(f"unknown kind of update: {sorted(parsed.model_extra)}")
    _no_extras(parsed, "update")
    return parsed


def parse_answer(method: str, answer: dict[str, Any]) -> Any:
    """aiogram's reading of a method's answer: the result, or None for a well-formed error."""
    response = _validated(_response_class(method), answer)
    if response.ok:
        _no_extras(response.result, method)
        return response.result
    if response.error_code is None or not response.description:
        raise OracleError(f"{method}: an error without code or description: {answer}")
    return None


@functools.cache
def _response_class(method: str) -> type[Response[Any]]:
    """Kept, since building one takes long."""
    returning = method_class(method).__returning__
    return Response[returning]  # type: ignore[valid-type]


def rebuild_call(method: str, params: Mapping[str, Any]) -> TelegramMethod[Any]:
    """The call as aiogram would make it. Raises OracleError for unknown methods, parameters and values."""
    found = method_class(method)
    unknown = set(params) - set(found.model_fields)
    if unknown:
        raise OracleError(f"{method}: unknown parameters {sorted(unknown)}")
    call = _validated(found, dict(params))
    for name in params:
        _no_extras(getattr(call, name), f"{method}.{name}")
    return call


def check_ledger(world: _World, *, injected: Iterable[int] = ()) -> int:
    """Judge all that was emitted and called; answers how much it was. Raises OracleError at the first fault.

    Calls the stand-in itself refused with 400 or 404 may be wrong, their answers may not. `injected` names
    the update_ids of updates that were put in by hand.
    """
    by_hand, count = set(injected), 0
    for update in world.updates.emitted:
        parse_update(update, any_kind=update["update_id"] in by_hand)
        count += 1
    for call in world.ledger.calls:
        _check_call(call, by_hand)
        count += 1
    return count


def _check_call(call: _Call, by_hand: set[int]) -> None:
    method_class(call.method)  # also of a refused call: a method nobody knows is a fault whatever it got
    if call.status in (400, 404):
        if call.answer.get("ok") is not False:
            raise OracleError(f"{call.method}: {call.status} with {call.answer}")
        return
    rebuild_call(call.method, call.params)
    answer = call.answer
    if call.method == "getUpdates" and answer.get("ok"):
        updates = [update for update in answer["result"] if update["update_id"] not in by_hand]
        answer = answer | {"result": updates}
    if answer:
        parse_answer(call.method, answer)


def _validated(model: type[T], value: dict[str, Any]) -> T:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise OracleError(f"{model.__name__}: {error}\n{value}") from error


def _no_extras(value: Any, path: str) -> None:
    """Everything aiogram could not place, at any depth."""
    if isinstance(value, TelegramObject):
        extras = set(value.model_extra or {}) - _KNOWN_EXTRAS
        if extras:
            raise OracleError(f"{path}: {type(value).__name__} has unknown fields {sorted(extras)}")
        for name in type(value).model_fields:
            _no_extras(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            _no_extras(one, f"{path}[{number}]")
