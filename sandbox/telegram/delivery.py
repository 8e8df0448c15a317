"""The webhook pusher: one update in flight per queue, repeated until the receiver takes it or it expires."""

import asyncio
import json
from http import HTTPStatus
from random import Random

import httpx

from sandbox.telegram.desk import Desk
from sandbox.telegram.params import from_json
from sandbox.telegram.state import State
from sandbox.telegram.updates import Pending, Queue, Webhook
from sandbox.telegram.wire import Json

_ANSWER_SECONDS = 60.0
_MAX_RETRY_AFTER = 3600.0
_GONE_SECONDS = 23 * 3600.0


def retry_delay(failures: int, random: Random) -> float:
    """Seconds before the next attempt: at once, then 2, 4, 8 …, at most a random 60 to 120."""
    if failures <= 1:
        return 0.0
    return min(2.0 ** (failures - 1), random.uniform(60.0, 120.0))


class Delivery:
    """Pushes pending updates to the webhook for as long as `run` is awaited."""

    def __init__(self, state: State, desk: Desk) -> None:
        self._state = state
        self._desk = desk
        self._busy: set[Queue] = set()
        self._slots = asyncio.Semaphore(40)
        self._version = -1

    async def run(self, client: httpx.AsyncClient) -> None:
        """Never returns; cancel it to stop. Only one at a time."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._start(group, client)
                await self._state.updates.bell.wait()

    def _start(self, group: asyncio.TaskGroup, client: httpx.AsyncClient) -> None:
        """One task for every queue that has something and none yet."""
        if not self._state.updates.webhook.url:
            return
        for queue in self._state.updates.queues():
            if queue not in self._busy:
                self._busy.add(queue)
                group.create_task(self._drain(queue, client), name=f"webhook {queue}")

    async def _drain(self, queue: Queue, client: httpx.AsyncClient) -> None:
        try:
            failures, version = 0, self._state.updates.webhook.version
            while (hook := self._state.updates.webhook).url:
                if hook.version != version:
                    failures, version = 0, hook.version
                pending = self._state.updates.head(queue)
                if pending is None:
                    return
                delay = await self._push(client, hook, pending)
                failures = 0 if delay is None else failures + 1
                if delay is not None:
                    await self._pause(max(delay, retry_delay(failures, self._state.random)), version)
        finally:
            self._busy.discard(queue)

    async def _pause(self, seconds: float, version: int) -> None:
        """Wait, but start afresh at once when the webhook changes."""
        if seconds <= 0:
            return
        try:
            async with self._state.clock.timeout(seconds):
                while self._state.updates.webhook.version == version:
                    await self._state.updates.bell.wait()
        except TimeoutError:
            return

    async def _push(self, client: httpx.AsyncClient, hook: Webhook, pending: Pending) -> float | None:
        """None when the receiver took the update, else the least seconds to wait."""
        async with self._slots_of(hook):
            with self._state.traffic.push():
                answer = await self._post(client, hook, pending)
        if isinstance(answer, str):
            return self._failed(hook, answer, 0.0)
        if answer.is_success:
            hook.gone_since = None
            self._state.updates.confirm(pending)
            await self._obey(answer)
            return None
        self._check_gone(hook, answer.status_code)
        text = f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
        return self._failed(hook, text, _retry_after(answer))

    def _slots_of(self, hook: Webhook) -> asyncio.Semaphore:
        if self._version != hook.version:
            self._version, self._slots = hook.version, asyncio.Semaphore(hook.max_connections)
        return self._slots

    async def _post(self, client: httpx.AsyncClient, hook: Webhook, pending: Pending) -> httpx.Response | str:
        headers = {"Content-Type": "application/json"}
        if hook.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret_token
        body = json.dumps(pending.body, ensure_ascii=False).encode()
        try:
            async with self._state.clock.timeout(_ANSWER_SECONDS):
                return await client.post(hook.url, content=body, headers=headers, timeout=None)
        except TimeoutError:
            return "Read timeout expired"
        except httpx.ConnectError:
            return "Connection refused"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return str(error) or type(error).__name__

    def _failed(self, hook: Webhook, text: str, delay: float) -> float:
        hook.last_error_date, hook.last_error_message = self._state.date(), text
        return delay

    def _check_gone(self, hook: Webhook, status: int) -> None:
        """A receiver that says 410 for most of a day loses its webhook."""
        if status != HTTPStatus.GONE:
            hook.gone_since = None
        elif hook.gone_since is None:
            hook.gone_since = self._state.timestamp()
        elif self._state.timestamp() - hook.gone_since > _GONE_SECONDS:
            self._state.updates.webhook = Webhook(version=hook.version + 1)
            self._state.updates.tell_mode()

    async def _obey(self, answer: httpx.Response) -> None:
        """A JSON answer with a "method" key is a call, as on Telegram."""
        values = _json_of(answer)
        method = values.pop("method", None)
        if isinstance(method, str):
            await self._desk.call(method, from_json(values), _at_once)


def _json_of(answer: httpx.Response) -> Json:
    try:
        values = answer.json()
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


async def _at_once() -> None:
    return


def _retry_after(answer: httpx.Response) -> float:
    value = answer.headers.get("Retry-After", "")
    return min(float(value), _MAX_RETRY_AFTER) if value.isdigit() else 0.0
