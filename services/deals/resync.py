"""Having deals compared because somebody asks, who is told how it goes and what came of it."""

from datetime import timedelta

from services.deals.passes import Tallies, Wish, order_pass, progress_of, sum_of, tallies_of, topic_of
from services.engine.clock import Clock
from services.engine.inbox import Inbox, Topic
from services.engine.work import Work
from services.flow.excerpts import Excerpt
from services.flow.journal import Journal, actor_of
from services.flow.messages import Content, Messages, Text
from services.flow.places import Asker, Place
from services.flow.receipts import Receipts
from storage.database import Database, Transaction
from storage.records import JobState

TOPIC = "reconcile.receipt"
WATCHED = timedelta(hours=8)
REASON = 300  # characters of one
BEGUN = Content((Text("resync-begun"),))


class Resync:
    """What `/resync deals` does."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        inbox: Inbox,
        messages: Messages,
        journal: Journal,
        excerpt: Excerpt,
    ) -> None:
        self._clock = clock
        self._inbox = inbox
        self._journal = journal
        self._excerpt = excerpt
        self._receipts = Receipts(TOPIC, self._told, database, clock, inbox, messages, watched=WATCHED)

    def receipts(self) -> Topic:
        """For those who ask."""
        return self._receipts.topic()

    def ask(self, work: Work, place: Place, asker: Asker, *, dry: bool) -> None:
        """Have one pass made now, or join the one on its way; `dry` only counts."""
        by, job = actor_of(asker), work.job

        def order(tx: Transaction) -> int:
            self._journal.record(tx, job, by, "resync", "deal", "", after={"dry": dry})
            return order_pass(tx, Wish(by), now=self._clock.now(), dry=dry, cause=job)

        self._receipts.ask(work, place, BEGUN, order)
        work.afterwards(lambda: self._inbox.hint(topic_of(dry=dry)))

    def _told(self, tx: Transaction, job_id: int, state: JobState | None) -> Content:
        if state is None:
            return Content((Text("resync-gone"),))
        if state.state == "dead":
            return Content((Text("resync-failed", {"reason": self._short(state.reason)}),))
        if state.state == "done":
            return self._over(state)
        if state.state == "waiting" and state.reason:
            return Content((Text("resync-later", {"reason": self._short(state.reason)}),))
        tallies = progress_of(tx, job_id)
        return Content((Text("resync-progress", _numbers(tallies)),)) if tallies else BEGUN

    def _over(self, state: JobState) -> Content:
        tallies = tallies_of(state.result)
        numbers = _numbers(tallies)
        key = "resync-counted" if state.topic == topic_of(dry=True) else "resync-over"
        texts = [Text(key, numbers)]
        if numbers["waiting"]:
            texts.append(Text("resync-waiting", {"count": numbers["waiting"]}))
        for domain, tally in tallies.items():
            if tally.away:
                texts.append(Text("resync-away", {"domain": domain, "reason": self._short(tally.away)}))
        return Content(tuple(texts))

    def _short(self, reason: str | None) -> str:
        return self._excerpt(reason or "", REASON)


def _numbers(tallies: Tallies) -> dict[str, int]:
    numbers = sum_of(tallies)
    return numbers | {"count": numbers["ordered"]}
