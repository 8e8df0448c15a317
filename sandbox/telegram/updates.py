"""The bot's updates: numbered, queued by kind and chat, kept until confirmed or expired."""

import copy
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice, takewhile

from sandbox.telegram.bell import Bell
from sandbox.telegram.wire import Json

_KINDS = (
    "message edited_message channel_post edited_channel_post business_connection business_message "
    "edited_business_message deleted_business_messages message_reaction message_reaction_count "
    "inline_query chosen_inline_result callback_query shipping_query pre_checkout_query "
    "purchased_paid_media poll poll_answer my_chat_member chat_member chat_join_request chat_boost "
    "removed_chat_boost"
)
KINDS = frozenset(_KINDS.split())
DEFAULT_KINDS = KINDS - {"chat_member", "message_reaction", "message_reaction_count"}
_DAY = 86400.0
_LIFETIMES = {"callback_query": 150.0, "inline_query": 30.0}

Queue = tuple[str, int]


@dataclass(slots=True, eq=False)
class Pending:
    """An update that the bot has not confirmed."""

    update_id: int
    body: Json
    queue: Queue
    expires_at: float


@dataclass(slots=True)
class Webhook:
    """Where updates are pushed; an empty url means nowhere. `version` grows with every change."""

    url: str = ""
    secret_token: str = ""
    max_connections: int = 40
    ip_address: str | None = None
    version: int = 0
    last_error_date: int | None = None
    last_error_message: str | None = None
    gone_since: float | None = None


@dataclass(slots=True)
class Poll:
    """One waiting getUpdates; `ended_by` says what ended it."""

    ended_by: str | None = None


class Updates:
    """Pending updates in order, and every update ever emitted (the newest `keep`)."""

    def __init__(self, now: Callable[[], float], keep: int, first_id: int = 310000001) -> None:
        self._now = now
        self._next_id = first_id
        self._pending: dict[int, Pending] = {}
        self._queues: dict[Queue, deque[Pending]] = {}
        self._poll: Poll | None = None
        self._soonest = math.inf
        self.emitted: deque[Json] = deque(maxlen=keep)
        self.allowed: frozenset[str] = DEFAULT_KINDS
        self.webhook = Webhook()
        self.last_poll: float | None = None
        self.bell = Bell()
        self.mode_changed: list[Callable[[], None]] = []

    def add(self, kind: str, payload: Json, key: int, date: float) -> int | None:
        """Queue an update; None when the bot did not ask for this kind. Unknown kinds always pass.

        `key` is the chat's id, for callback queries and chat_member the user's.
        """
        if kind in KINDS and kind not in self.allowed:
            return None
        queue = ("message" if kind in ("message", "edited_message") else kind, key)
        return self._append({kind: payload}, queue, date + _LIFETIMES.get(kind, _DAY))

    def inject(self, update: Json) -> int:
        """Queue any update as it is; it gets its update_id here."""
        body = {key: value for key, value in update.items() if key != "update_id"}
        return self._append(copy.deepcopy(body), ("injected", 0), self._now() + _DAY)

    def _append(self, body: Json, queue: Queue, expires_at: float) -> int:
        update_id, self._next_id = self._next_id, self._next_id + 1
        update = {"update_id": update_id} | body
        pending = Pending(update_id, update, queue, expires_at)
        self.emitted.append(update)
        self._keep(pending)
        return update_id

    def _keep(self, pending: Pending) -> None:
        self._pending[pending.update_id] = pending
        self._queues.setdefault(pending.queue, deque()).append(pending)
        self._soonest = min(self._soonest, pending.expires_at)
        self.bell.ring()

    def repeat(self, update_id: int) -> None:
        """Deliver an already confirmed update once more, as after a lost confirmation."""
        if update_id in self._pending:
            return
        update = next(update for update in self.emitted if update["update_id"] == update_id)
        self._keep(Pending(update_id, update, ("repeated", update_id), self._now() + _DAY))
        self._pending = dict(sorted(self._pending.items()))

    def batch(self, offset: int, limit: int) -> list[Json]:
        """Confirm everything below the offset (a negative one counts from the end); answer the rest."""
        self._expire()
        self._confirm_below(self._absolute(offset))
        return self.oldest(limit)

    def oldest(self, limit: int) -> list[Json]:
        """What waits to be confirmed. An offset confirms when it is told: what comes later may be lower."""
        self._expire()
        return [pending.body for pending in islice(self._pending.values(), limit)]

    def _absolute(self, offset: int) -> int:
        if offset >= 0:
            return offset
        ids = list(self._pending)
        return ids[max(len(ids) + offset, 0)] if ids else 0

    def _confirm_below(self, offset: int) -> None:
        for update_id in list(takewhile(lambda known: known < offset, self._pending)):
            self._drop(update_id)

    def confirm(self, pending: Pending) -> None:
        """The webhook has taken this update."""
        if self._pending.get(pending.update_id) is pending:
            self._drop(pending.update_id)

    def clear(self) -> None:
        """Forget everything pending (drop_pending_updates)."""
        self._pending.clear()
        self._queues.clear()

    def _drop(self, update_id: int) -> None:
        pending = self._pending.pop(update_id)
        queue = self._queues.get(pending.queue)
        if queue is not None:
            queue.remove(pending)
            if not queue:
                del self._queues[pending.queue]

    def _expire(self) -> None:
        now = self._now()
        if now < self._soonest:
            return
        for update_id in [known for known, pending in self._pending.items() if pending.expires_at <= now]:
            self._drop(update_id)
        self._soonest = min((pending.expires_at for pending in self._pending.values()), default=math.inf)

    @property
    def pending_count(self) -> int:
        """How many updates wait to be confirmed."""
        self._expire()
        return len(self._pending)

    def queues(self) -> list[Queue]:
        """Queues with something in them."""
        self._expire()
        return list(self._queues)

    def head(self, queue: Queue) -> Pending | None:
        """The oldest living update of a queue."""
        self._expire()
        updates = self._queues.get(queue)
        return updates[0] if updates else None

    def allow(self, kinds: Iterable[str] | None) -> bool:
        """Apply allowed_updates: None keeps, nothing known in it is the default. True when it changed."""
        if kinds is None:
            return False
        wanted = frozenset(kinds) & KINDS or DEFAULT_KINDS
        changed = wanted != self.allowed
        self.allowed = wanted
        return changed

    def begin_poll(self) -> Poll:
        """A new getUpdates takes the place of a waiting one."""
        self.end_poll("getUpdates")
        self._poll = Poll()
        first = self.last_poll is None
        self.last_poll = self._now()
        if first:
            self.tell_mode()
        return self._poll

    def end_poll(self, reason: str) -> None:
        """Let the waiting getUpdates go, telling it why."""
        if self._poll is not None:
            self._poll.ended_by = reason
            self._poll = None
            self.bell.ring()

    def forget_poll(self, poll: Poll) -> None:
        """This getUpdates has its answer."""
        if self._poll is poll:
            self._poll = None

    @property
    def mode(self) -> str:
        """ "webhook", "polling" or "none"."""
        if self.webhook.url:
            return "webhook"
        return "none" if self.last_poll is None else "polling"

    def tell_mode(self) -> None:
        """Tell those who watch that the mode may have changed."""
        for tell in self.mode_changed:
            tell()
