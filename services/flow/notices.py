"""Notices: what admins should know without asking, one message a cause and chat.

Whatever notices a cause tells of it in a transaction of its own (`tell`, `recovered`); a look each minute
(`write`) brings the chats in line: who wants to know and is not quiet gets a message, which is edited as
the cause changes, and a reply when it is over. What was over before anybody could see it leaves nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.engine.clock import Clock
from services.flow.messages import Content, Messages, Text
from services.flow.notice_kinds import NoticeKind
from services.flow.places import Place
from services.flow.readers import Reader, Readers
from storage import notices, sent_messages
from storage.database import Transaction
from storage.records import Job, Notice, NoticeMessage

AGAIN_WITHIN = timedelta(minutes=10)  # a cause that comes back sooner goes on as the same notice
STEADY = timedelta(minutes=2)  # that a cause has to be gone before people hear that it is
STEADY_AGAIN = AGAIN_WITHIN - timedelta(minutes=1)  # for one that came back before: told a look earlier
EDIT_AFTER = timedelta(minutes=1)  # between two edits of a notice; they get rarer the longer it lasts
EDIT_PART = 10  # an edit after each tenth of its age
UNSENT = {"waiting", "sending"}
LOST = {"failed", "dropped"}
TOO_LATE = timedelta(hours=24)  # the sender gives up what Telegram could not be asked to take for so long


@dataclass(frozen=True, slots=True)
class _Look:
    """One look's transaction: in whose job, at what time, and who reads what."""

    tx: Transaction
    job: Job
    now: datetime
    readers: dict[int, Reader]


class Notices:
    """Keeps the causes, and writes messages about them."""

    def __init__(self, clock: Clock, messages: Messages, readers: Readers, zone: ZoneInfo) -> None:
        """`zone`: where people read the times."""
        self._clock = clock
        self._messages = messages
        self._readers = readers
        self._zone = zone
        self._kinds: dict[str, NoticeKind] = {}

    @property
    def kinds(self) -> Sequence[NoticeKind]:
        """All kinds, in the order they were made known."""
        return list(self._kinds.values())

    def register(self, kinds: Iterable[NoticeKind]) -> None:
        """Make kinds known."""
        self._kinds |= {kind.name: kind for kind in kinds}

    def tell(self, tx: Transaction, kind: NoticeKind, subject: str, *, count: int = 1, **params: Any) -> None:
        """There is a cause of that kind, or it has changed. `subject` (≤ 120) tells it from others.

        `params` are JSON for its text: plain values, or {"moment": …}, {"clock": …} and {"seconds": …}.
        One that began before it is told says so in `began`, a moment as ISO 8601.
        """
        within = AGAIN_WITHIN if kind.recovers else timedelta(0)
        now = self._clock.now()
        notices.tell(tx, kind.name, subject, count=count, params=params, at=now, again_within=within)

    def recovered(self, tx: Transaction, kind: NoticeKind, subject: str) -> None:
        """The cause is gone; one that was not there is no matter."""
        notices.close(tx, kind.name, subject, at=self._clock.now())

    def write(self, tx: Transaction, job: Job, admins: frozenset[int], admin_chat: int | None) -> None:
        """Bring the chats in line with the causes. `admins` and `admin_chat` as the roles say."""
        unsettled = notices.unsettled(tx)
        if not unsettled:
            return
        readers = {reader.chat_id: reader for reader in self._readers.all(tx, admins, admin_chat)}
        look = _Look(tx, job, self._clock.now(), readers)
        for notice in unsettled:
            if kind := self._kinds.get(notice.kind):  # else it is one of another version
                shown = {each.chat_id: each for each in notices.shown(tx, notice.id)}
                if notice.state == "open":
                    self._write_open(look, notice, kind, shown)
                else:
                    self._write_closed(look, notice, kind, shown)

    def _write_open(
        self, look: _Look, notice: Notice, kind: NoticeKind, shown: dict[int, NoticeMessage]
    ) -> None:
        for reader in look.readers.values():
            if not reader.wants(kind):
                continue
            message = shown.get(reader.chat_id)
            state = _state(look.tx, message.shown_row) if message else "dropped"
            # It came back after all, or the chat did, which had taken nothing any more.
            came_back = state == "dropped" and reader.seen
            if message is None or message.over_row is not None or came_back:
                if reader.hears(kind, look.now, self._zone):
                    self._show(look, notice, kind, reader)
            elif state == "sent" and self._is_outdated(look, notice, message):
                if sent_messages.number_in(look.tx, message.shown_row, message.chat_id) is None:
                    self._show(look, notice, kind, reader)  # it was sent before the group got its new number
                    continue
                place = Place(message.chat_id, reader.private, message.language)
                content = self._content(notice, kind, look.now)
                self._messages.edit(look.tx, look.job, place, content, row=message.shown_row)
                notices.edited(look.tx, message.id, changes=notice.changes, at=look.now)

    def _show(self, look: _Look, notice: Notice, kind: NoticeKind, reader: Reader) -> None:
        place = Place(reader.chat_id, reader.private, reader.language)
        content, name = self._content(notice, kind, look.now), f"notice.{notice.id}.{reader.chat_id}"
        row = self._messages.text(look.tx, look.job, place, content, name=name)
        if row is not None:
            notices.show(look.tx, notice, reader.chat_id, reader.language, row=row, at=look.now)

    def _is_outdated(self, look: _Look, notice: Notice, message: NoticeMessage) -> bool:
        """Whether to edit it now: it tells something else, and the last edit is out and old enough."""
        patience = max(EDIT_AFTER, (look.now - notice.since) / EDIT_PART)
        if notice.changes == message.changes or look.now - message.written_at < patience:
            return False
        return not notices.edit_waits(look.tx, message.chat_id, message.shown_row)

    def _write_closed(
        self, look: _Look, notice: Notice, kind: NoticeKind, shown: dict[int, NoticeMessage]
    ) -> None:
        """Take back what nobody saw; once the cause is gone for good, tell those who saw it."""
        pending = [each for each in shown.values() if each.over_row is None] if kind.recovers else []
        pending = [each for each in pending if not self._taken_back(look, each)]
        if notice.closed_at is None or look.now - notice.closed_at < _steady(notice):
            return
        untold = [each for each in pending if not self._end(look, notice, kind, each)]
        if not untold:
            notices.settle(look.tx, notice.id)

    def _taken_back(self, look: _Look, message: NoticeMessage) -> bool:
        if notices.withdraw(look.tx, message.shown_row):
            notices.forget(look.tx, message.notice, message.chat_id)
            return True
        return False

    def _end(self, look: _Look, notice: Notice, kind: NoticeKind, message: NoticeMessage) -> bool:
        """Tell a chat that it is over; False when that has to wait."""
        reader = look.readers.get(message.chat_id)
        state = _state(look.tx, message.shown_row)
        if reader is None or not reader.wants(kind) or state in LOST:
            return True
        if state in UNSENT or not reader.hears(kind, look.now, self._zone):
            return False
        answered = sent_messages.number_in(look.tx, message.shown_row, message.chat_id)
        place = Place(message.chat_id, reader.private, message.language, message_id=answered)
        name = f"over.{notice.id}.{message.chat_id}"
        row = self._messages.text(look.tx, look.job, place, self._over(notice, look.now), name=name)
        if row is not None:
            notices.end_shown(look.tx, message.id, row=row)
        return True

    def _content(self, notice: Notice, kind: NoticeKind, now: datetime) -> Content:
        texts = [Text(f"notice-{notice.kind}", self._params(notice, now))]
        if notice.returns:
            texts.append(Text("notice-returns", {"count": notice.returns}))
        return Content(tuple(texts), actions=(kind.action,) if kind.action else ())

    def _over(self, notice: Notice, now: datetime) -> Content:
        ended = notice.closed_at or now
        lasted = {"seconds": int((ended - _began(notice)).total_seconds())}
        told = self._params(notice, now) | {"lasted": lasted, "ended": self._moment(ended, now)}
        return Content((Text(f"notice-{notice.kind}-over", told),))

    def _params(self, notice: Notice, now: datetime) -> dict[str, Any]:
        return {**notice.params, "count": notice.count, "since": self._moment(_began(notice), now)}

    def _moment(self, moment: datetime, now: datetime) -> dict[str, str]:
        """The time alone while it is of today."""
        is_today = moment.astimezone(self._zone).date() == now.astimezone(self._zone).date()
        return {"clock" if is_today else "moment": moment.isoformat()}


def _state(tx: Transaction, row: int) -> str:
    """How it is with a message; one given up for its age, not because it was refused, is dropped."""
    known = sent_messages.sent_id(tx, row)
    if known is None or (known[0] == "failed" and notices.gave_up(tx, row, TOO_LATE)):
        return "dropped"
    return known[0]


def _began(notice: Notice) -> datetime:
    return datetime.fromisoformat(notice.params["began"]) if "began" in notice.params else notice.since


def _steady(notice: Notice) -> timedelta:
    return STEADY_AGAIN if notice.returns else STEADY
