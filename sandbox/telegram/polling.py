"""getUpdates: one long poll at a time (https://core.telegram.org/bots/api#getupdates)."""

from collections.abc import Awaitable, Callable

from sandbox.telegram.methods.answer import Answer
from sandbox.telegram.methods.webhook import allowed_updates
from sandbox.telegram.params import Params
from sandbox.telegram.state import State
from sandbox.telegram.updates import Poll
from sandbox.telegram.waiting import first_of
from sandbox.telegram.wire import Json, conflict

Gone = Callable[[], Awaitable[None]]
_MAX_SECONDS = 50
_WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
_ENDED = {
    "getUpdates": "terminated by other getUpdates request; make sure that only one bot instance is running",
    "setWebhook": "terminated by setWebhook request",
}


async def get_updates(state: State, params: Params, gone: Gone) -> Answer:
    """Updates from the offset on; waits up to `timeout` seconds for the first, or until the caller is gone.

    Raises ApiError 409 while a webhook is set, and for a poll that a newer one replaces.
    """
    if state.updates.webhook.url:
        raise conflict(_WEBHOOK_ACTIVE)
    state.updates.allow(allowed_updates(params))
    offset, limit = params.integer("offset"), params.clamped("limit", 100, 1, 100)
    poll = state.updates.begin_poll()
    try:
        return Answer(await _updates(state, poll, offset, limit, _seconds(params), gone))
    finally:
        state.updates.forget_poll(poll)


def _seconds(params: Params) -> int:
    return params.clamped("timeout", 0, 0, _MAX_SECONDS)


async def _updates(state: State, poll: Poll, offset: int, limit: int, seconds: int, gone: Gone) -> list[Json]:
    batch = state.updates.batch(offset, limit)
    if not batch and seconds > 0 and not state.closing:
        await _wait(state, poll, seconds, gone)
        if poll.ended_by in _ENDED:
            raise conflict(_ENDED[poll.ended_by])
        batch = state.updates.oldest(limit)
    return batch


async def _wait(state: State, poll: Poll, seconds: int, gone: Gone) -> None:
    with state.traffic.parked():
        try:
            async with state.clock.timeout(seconds):
                await first_of(_news(state, poll), gone())
        except TimeoutError:
            return


async def _news(state: State, poll: Poll) -> None:
    while poll.ended_by is None and not state.updates.pending_count:
        await state.updates.bell.wait()
