"""Signs that work stays undone: jobs that nobody takes, that wait or were given up, backups that fail."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from services.engine.clock import Clock
from services.engine.schedule import Tick
from services.flow import backups
from services.flow.excerpts import Excerpt
from services.flow.notice_kinds import DEAD_JOBS
from services.flow.pause import NAME as PAUSED
from services.flow.watch import Cause, Findings
from storage import job_signs, notices, switches
from storage.database import Database, Transaction
from storage.job_signs import HeldUp, Verdict
from storage.records import Notice

AGED = timedelta(minutes=10)  # that a due job should not have to wait
EPISODE = timedelta(hours=1)  # jobs that die within so long of each other are one cause
BEFORE_ANY = timedelta(days=1)  # how old a dead job may be that is told with the first notice
NAMED = 3  # topics or portals in one notice
REASON = 200  # characters of it


class JobSigns:
    """Looks at the inbox."""

    def __init__(self, database: Database, clock: Clock, excerpt: Excerpt, *, backup_every: float) -> None:
        """`backup_every`: seconds between two backups; 0 when none are made regularly."""
        self._database = database
        self._clock = clock
        self._excerpt = excerpt
        self._started = clock.now()
        self._backup_every = backup_every

    async def aged(self, opened: Mapping[str, Notice]) -> Findings:
        """Topics with jobs due ten minutes ago; after a stop or a pause they get as long to catch up."""
        limit = self._clock.now() - AGED
        waiting, excused = await self._database.read(
            lambda tx: (job_signs.overdue(tx, limit), _is_excused(tx, limit))
        )
        if excused or self._started > limit:
            return Findings(unclear=frozenset(opened))
        return Findings(
            [
                Cause(
                    each.topic,
                    each.count,
                    {"topic": each.topic, "oldest": {"moment": each.oldest.isoformat()}},
                )
                for each in waiting
            ]
        )

    async def dead(self, opened: Mapping[str, Notice]) -> Findings:
        """Jobs that were given up since the last notice about such, while more follow within the hour.

        Within a day, what no notice told yet opens one: the hub may have been down meanwhile.
        """
        now = self._clock.now()
        last, begin, died = await self._database.read(lambda tx: _untold(tx, now - BEFORE_ANY))
        if not died or _is_past(last, died[-1][1], now):
            return Findings()
        params = {
            "topics": _most_frequent(Counter(topic for topic, _ in died)),
            "began": died[0][1].isoformat(),
            "begin": begin.isoformat(),
            "until": died[-1][1].isoformat(),
        }
        return Findings([Cause("", len(died), params)])

    async def backup(self, opened: Mapping[str, Notice]) -> Findings:
        """Whether the last backup that came to something failed."""
        verdict = await self._database.read(lambda tx: job_signs.last_verdict(tx, backups.TOPIC))
        if verdict is None or verdict.failure is None:
            return Findings()
        reason = self._excerpt(verdict.failure, REASON)
        params = {"reason": reason, "next": self._next_backup(verdict)}
        return Findings([Cause("", verdict.attempts, params)])

    def _next_backup(self, verdict: Verdict) -> dict[str, str]:
        again = verdict.due_at
        if again is None and self._backup_every:
            again = Tick(backups.TOPIC, round(self._backup_every)).next(self._clock.now())
        return {"moment": again.isoformat()} if again else {"text": "notice-backup-unplanned"}


class WaitingSign:
    """Looks at a topic whose jobs could not be done, as the outside did not let them, and wait."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        excerpt: Excerpt,
        topic: str,
        against: Callable[[str], str],
        named: Callable[[str], str],
    ) -> None:
        """`against` names the remedy of a reason, `named` what jobs' keys have in common."""
        self._database = database
        self._clock = clock
        self._excerpt = excerpt
        self._topic = topic
        self._against = against
        self._named = named
        self._started = clock.now()

    async def look(self, opened: Mapping[str, Notice]) -> Findings:
        """All that have waited for ten minutes are one cause; it tells the reason that most have."""
        limit = self._clock.now() - AGED
        groups, excused = await self._database.read(
            lambda tx: (job_signs.held_up(tx, self._topic, limit), _is_excused(tx, limit))
        )
        if excused or self._started > limit:
            return Findings(unclear=frozenset(opened))
        return Findings([self._cause(groups)] if groups else [])

    def _cause(self, groups: Sequence[HeldUp]) -> Cause:
        by_name: Counter[str] = Counter()
        by_reason: Counter[str] = Counter()
        for group in groups:
            by_name[self._named(group.stem)] += group.count
            by_reason[group.reason] += group.count
        [(reason, _)] = by_reason.most_common(1)
        params = {
            "where": _most_frequent(by_name),
            "why": {"text": f"why-{self._against(reason)}"},
            "reason": self._excerpt(reason, REASON),
            "began": min(group.since for group in groups).isoformat(),
        }
        return Cause("", by_name.total(), params)


def _is_excused(tx: Transaction, since: datetime) -> bool:
    """Whether work is paused, or was after that moment."""
    switch = switches.by_name(tx, PAUSED)
    return switch is not None and (switch.is_on or switch.at > since)


def _untold(
    tx: Transaction, earliest: datetime
) -> tuple[Notice | None, datetime, list[tuple[str, datetime]]]:
    """The last notice, after which moment the open one or the next counts, and what died since then."""
    last = notices.last(tx, DEAD_JOBS.name)
    begin = _told_until(last, earliest)
    return last, begin, job_signs.died(tx, begin)


def _is_past(last: Notice | None, died_at: datetime, now: datetime) -> bool:
    """Whether a notice is open that was told, and followed by no death, for as long as an episode."""
    return last is not None and last.state == "open" and now - max(last.since, died_at) > EPISODE


def _told_until(last: Notice | None, earliest: datetime) -> datetime:
    """After which moment jobs have to have died for the notice that is open, or for the next."""
    if last is None:
        return earliest
    if last.state == "open":
        return datetime.fromisoformat(last.params["begin"])
    return max(datetime.fromisoformat(last.params["until"]), earliest)


def _most_frequent(counts: Mapping[str, int]) -> str:
    counted = sorted((-count, name) for name, count in counts.items())
    named = ", ".join(f"{name} ({-count})" for count, name in counted[:NAMED])
    return f"{named}, …" if len(counted) > NAMED else named
