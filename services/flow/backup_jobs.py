"""Having backups made: by the schedule, and when somebody asks, who is told how it goes and gets a receipt.

There is one job of the topic at a time, wherever it is worked; whoever asks meanwhile joins the one on its
way.
"""

from datetime import timedelta
from typing import Any

import msgspec

from services.engine.clock import Clock
from services.engine.inbox import Inbox, Offer, Topic
from services.engine.schedule import regular
from services.engine.work import Work
from services.flow.backups import RETRY, TOPIC, Backups
from services.flow.excerpts import Excerpt
from services.flow.journal import Journal, actor_of
from services.flow.messages import Content, Messages, Text
from services.flow.places import Asker, Place
from services.flow.receipts import LOOK_EVERY, Receipts
from storage import postponing
from storage.database import Database, Transaction
from storage.records import Job, JobState

RECEIPTS = "backup.receipt"
KEY = f"tick:{TOPIC}"  # of the schedule's jobs: one at a time
ACTOR = "schedule"  # in the journal, when nobody asked
WATCHED = timedelta(hours=8)  # longer than a failing one is tried again
REASON = 300  # characters of one
MEGABYTE = 1_000_000
BEGUN = Content((Text("backup-begun"),))
STAGES = {"copy", "check", "pack", "seal"}  # of one that is being made


class Asked(msgspec.Struct, frozen=True):
    """A backup job's payload; the schedule's name nobody."""

    by: str = ACTOR


class BackupJobs:
    """The handlers of the topics `backup` and `backup.receipt`."""

    def __init__(
        self,
        backups: Backups | None,
        database: Database,
        clock: Clock,
        inbox: Inbox,
        messages: Messages,
        journal: Journal,
        excerpt: Excerpt,
    ) -> None:
        """`backups`: None when there is no place for them."""
        self._backups = backups
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._messages = messages
        self._journal = journal
        self._excerpt = excerpt
        rooms = (database, clock, inbox, messages)
        # There are few stages to tell of, so a group hears of them as soon as anybody.
        self._receipts = Receipts(RECEIPTS, self._told, *rooms, watched=WATCHED, group_every=LOOK_EVERY)

    def topic(self) -> Topic:
        """For the schedule, or for those who ask."""
        return regular(TOPIC, self.make, RETRY)

    def receipts(self) -> Topic:
        """For those who ask."""
        return self._receipts.topic()

    async def make(self, job: Job, work: Work) -> dict[str, Any]:
        """Make one, unless another came to its end after this was wanted; what was made.

        Raises BackupError.
        """
        since = job.accepted_at
        joined = await self._database.read(lambda tx: postponing.done_since(tx, TOPIC, since))
        if joined or self._backups is None:
            return dict(joined or {})
        began = self._clock.monotonic()
        made = await self._backups.make()
        by = msgspec.json.decode(job.payload, type=Asked).by
        after = {"file": made["file"], "bytes": made["bytes"]}
        work.write(
            lambda tx: self._journal.record(tx, job, by, "backup", "backup", str(made["file"]), after=after)
        )
        return made | {"seconds": round(self._clock.monotonic() - began, 1)}

    def ask(self, work: Work, place: Place, asker: Asker) -> None:
        """Have one made now, or join the one on its way, and tell about it in one message."""
        job, by = work.job, actor_of(asker)
        if self._backups is None:
            nowhere = Content((Text("backup-nowhere"),))
            work.write(lambda tx: self._messages.text(tx, job, place, nowhere, name="backup"))
            return
        self._receipts.ask(work, place, BEGUN, lambda tx: self._joined(tx, job, by))
        work.afterwards(lambda: self._inbox.hint(TOPIC))

    def _joined(self, tx: Transaction, job: Job, by: str) -> int:
        """The job that makes it: one that is not at its end, at once, or a new one."""
        known = postponing.hurry(tx, TOPIC, now=self._clock.now())
        if known is not None:
            return known
        payload = msgspec.json.encode(Asked(by)).decode()
        offer = Offer(KEY, f"job:{job.id}", payload)
        return self._inbox.accept_in(tx, TOPIC, offer, correlation_id=job.correlation_id)[0]

    def _told(self, tx: Transaction, job_id: int, state: JobState | None) -> Content:
        return Content((self._standing(state),))

    def _standing(self, state: JobState | None) -> Text:
        if state is None or (state.state == "done" and not state.result):
            return Text("backup-gone")
        if state.state == "done":
            return self._receipt(state.result)
        if state.state == "dead":
            return Text("backup-failed", {"reason": self._excerpt(state.reason or "", REASON)})
        if state.state == "waiting" and state.reason:
            return Text("backup-later", {"reason": self._excerpt(state.reason, REASON)})
        stage = self._backups.stage if self._backups and state.state == "claimed" else None
        return Text(f"backup-{stage}") if stage in STAGES else BEGUN.texts[0]

    def _receipt(self, result: dict[str, Any]) -> Text:
        folder = self._backups.folder if self._backups else ""
        facts = {
            "file": result["file"],
            "folder": str(folder),
            "size": f"{result['bytes'] / MEGABYTE:.2f}",
            "took": {"seconds": max(float(result.get("seconds", 0)), 1)},
        }
        return Text("backup-done", facts)
