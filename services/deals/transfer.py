"""One order worked: what a deal's portal has now is brought to its twin, and nothing else is."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.matching import is_ours
from services.bitrix24.written import SENDING, SETTLING
from services.deals.asking import Questions, Subject, digest
from services.deals.looking import COMPANY, CONTACTS, ROWS, Look, Looking
from services.deals.mapping.canonical import fingerprint
from services.deals.mapping.changes import changes, twin_values
from services.deals.mapping.model import FUNNEL, STAGE, Changes, LinkValues, Values
from services.deals.model import DEAL, Action, DealKey, Result, Ruled
from services.deals.people import READING, Learnt, Note, People
from services.deals.reading import Fields
from services.deals.twins import Twins, Write, rows_as_given
from services.engine.errors import BreakerOpen
from services.engine.failpoints import Failpoints
from services.flow.inquiries import Ask
from services.flow.leases import Hold
from storage import deal_links
from storage.deal_links import LEFT, LOST, DealLink

MINUTE = timedelta(minutes=1)
BUDGET = 10  # writes to one twin a minute: what needs more is a loop

Spent = tuple[int, datetime | None]
"""Writes to a twin, and since when they are counted."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """What a transfer works with."""

    looking: Looking
    people: People
    twins: Twins
    failpoints: Failpoints


@dataclass(slots=True)
class Outcome:
    """What a transfer came to, for one transaction: `link` is to be stored, None leaves the stored one."""

    result: Result
    link: DealLink | None = None
    notes: list[Note] = field(default_factory=list)
    is_deleted: bool = False  # news: the source's deal is gone
    asks: list[Ask] = field(default_factory=list)
    settled: list[Subject] = field(default_factory=list)  # what nobody needs to answer any more


class OverBudget(BreakerOpen):
    """The twin was written too often in this minute; nothing was asked of anybody."""


class Transfer:
    """Works one order. `people` is right also when `run` raises."""

    def __init__(self, rooms: Rooms, order: Ruled, hold: Hold) -> None:
        self._rooms = rooms
        self._order = order
        self._hold = hold
        self._key: DealKey = order.key
        self._urgent = order.asked or order.verdict is not None  # somebody waits
        self._questions = Questions(order.key, rooms.looking.sources.home.domain)
        self._former: DealLink | None = None
        self._notes: list[Note] = []
        self.people = Learnt()

    async def run(self) -> Outcome:
        """Look, and write what differs. Raises KeyError, what portals raise, Held, OverBudget."""
        self._former = link = await self._link()
        twin = await self._twin_told_of(link)
        if link and twin is not None and await self._is_echo(link, twin):
            return self._unchanged(link)
        look = await self._rooms.looking.at(self._key, urgent=self._urgent)
        if look is None:
            return await self._deleted(link, twin)
        if link is None:
            return await self._find_or_add(look)
        if self._order.side == "source" and not self._urgent and look.is_known(link):
            return self._unchanged(link)
        return await self._update(look, link.target_deal_id, link, twin)

    async def _link(self) -> DealLink | None:
        key = self._key
        return await self._rooms.people.database.read(lambda tx: deal_links.of_source(tx, key.domain, key.id))

    async def _twin_told_of(self, link: DealLink | None) -> Fields | None:
        """The twin, where it was the home portal that told of something."""
        if link is None or self._order.side == "source":
            return None
        return await self._rooms.twins.read(link.target_deal_id, urgent=self._urgent)

    async def _is_echo(self, link: DealLink, twin: Fields) -> bool:
        """Whether that was nothing but our own write."""
        looking = self._rooms.looking
        rules, home = looking.rules(), await looking.schemas.of(looking.sources.home)
        seen = fingerprint(twin_values(rules, home, twin))
        return (seen, rules.label) == (link.target_fingerprint, link.mapping_version)

    def _unchanged(self, link: DealLink) -> Outcome:
        return Outcome(Result("success", link.target_deal_id, "unchanged"))

    async def _deleted(self, link: DealLink | None, twin: Fields | None) -> Outcome:
        """The twin stays as it is, unless somebody has said that it is to go, too."""
        if link is None:
            return Outcome(Result("skipped", None, "deleted"))
        if self._order.verdict and self._order.verdict.choice == "delete":
            return await self._delete_twin(link)
        if self._order.side == "home" and twin is None and not link.is_lost:
            return self._both_gone(link)
        result = Result("skipped", link.target_deal_id, "deleted")
        if link.deleted_at is not None:
            return Outcome(result)
        self._note("delete", before={"target": link.target_deal_id})
        outcome = self._asking(result, None, [] if link.is_lost else [self._questions.deleted(link)])
        outcome.is_deleted = True
        return outcome

    def _both_gone(self, link: DealLink) -> Outcome:
        """There is nothing left to ask about."""
        if not link.is_lost:
            self._note("gone", before={"target": link.target_deal_id})
        lost = replace(link, target_values={}, target_fingerprint=LEFT)
        outcome = self._asking(Result("skipped", link.target_deal_id, "deleted"), lost, [])
        outcome.is_deleted = True
        return outcome

    async def _delete_twin(self, link: DealLink) -> Outcome:
        """Also twice; but nothing that was made into another deal."""
        target = link.target_deal_id
        twin = await self._rooms.twins.read(target, urgent=True)
        if twin is None:
            return self._both_gone(link)
        if not is_ours(twin, self._key.origin):
            self._note("ignored", before={"target": target}, after={"reason": "it is no twin any more"})
            return Outcome(Result("skipped", target, "deleted"), None, self._notes)
        await self._rooms.twins.delete(target, urgent=True)
        self._note("remove", before={"target": target, **link.target_values})
        lost = replace(link, target_values={}, target_fingerprint=LEFT)
        outcome = self._asking(Result("success", target, "deleted"), lost, [])
        outcome.is_deleted = True
        return outcome

    async def _find_or_add(self, look: Look) -> Outcome:
        """Make the twin, unless it is there: somebody may have made it and not lived to tell."""
        await self._hold.take([self._key.job_key], READING)
        target = await self._rooms.twins.of_origin(self._key, urgent=self._urgent)
        if target is not None:
            return await self._update(look, target, None, None)
        todo = changes(look.rules, look.mapped, None, None)
        write = Write(dict(todo.write), rows_as_given(look.deal.rows) or None)
        await self._bind(look, write, look.bound_otherwise(None))
        await self._hold.keep(SENDING + SETTLING, lambda tx: None)
        target = await self._rooms.twins.add(self._key, write, urgent=self._urgent)
        self._rooms.failpoints.hit("deal added")
        twin = await self._rooms.twins.finish_add(target, write, urgent=self._urgent)
        self._note("add", after={"target": target, **_told(write)})
        seen = twin_values(look.rules, look.mapped.home, twin)
        return self._done("created", look, todo, self._linked(look, target, None, self._spend(None)), seen)

    async def _update(self, look: Look, target: int, link: DealLink | None, twin: Fields | None) -> Outcome:
        """Write what differs."""
        twin = twin or await self._rooms.twins.read(target, urgent=self._urgent)
        if twin is None:
            return await self._without_twin(look, link)
        seen = before = twin_values(look.rules, look.mapped.home, twin)
        known = LinkValues(link.source_values, link.target_values) if link else None
        todo = self._judged(look, known, before)
        write = Write(dict(todo.write))
        spent: Spent = (link.writes, link.writes_since) if link else (0, None)
        action: Action = "unchanged"
        if todo.write or look.bound_otherwise(link):
            spent = self._spend(link)
            await self._bind(look, write, look.bound_otherwise(link))
        if not write.is_empty:
            action = "updated"
            twin = await self._rooms.twins.update(target, write, urgent=self._urgent)
            # What was not written and is another now, somebody has edited meanwhile: it is not ours.
            unwritten = {name: value for name, value in before.items() if name not in todo.write}
            seen = twin_values(look.rules, look.mapped.home, twin) | unwritten
            self._note_update(write, before, todo, target)
        linked = self._linked(look, target, link, spent)
        return self._done("conflict" if todo.asked else action, look, todo, linked, seen)

    def _judged(self, look: Look, known: LinkValues | None, before: Values) -> Changes:
        """What differs, by the verdict too when it is about just these values."""
        todo, verdict = changes(look.rules, look.mapped, known, before), self._order.verdict
        if verdict is None or verdict.shown not in {digest(edit) for edit in todo.asked}:
            return todo
        decided = {"taken" if verdict.choice == "take" else "settled": (verdict.field,)}
        return changes(look.rules, look.mapped, known, before, **decided)

    async def _without_twin(self, look: Look, link: DealLink | None) -> Outcome:
        """Somebody deleted the twin: it is made anew for somebody who asks, and for nobody else."""
        if link is None:
            raise PortalUnavailable("the home portal lists a twin that is not there")
        if self._order.asked:
            return await self._find_or_add(look)
        if not link.is_lost:
            self._note("gone", before={"target": link.target_deal_id})
        linked = self._linked(look, link.target_deal_id, link, (link.writes, link.writes_since))
        is_left = link.target_fingerprint == LEFT and link.deleted_at is None
        gone = replace(linked, target_fingerprint=LEFT if is_left else LOST, updated_at=link.updated_at)
        asks = [] if is_left else [self._questions.gone(look)]
        return self._asking(Result("skipped", link.target_deal_id, "conflict"), gone, asks, look)

    async def _bind(self, look: Look, write: Write, names: frozenset[str]) -> None:
        """Add what the twin is bound to, by the home portal's numbers."""
        if ROWS in names and write.rows is None:
            write.rows = rows_as_given(look.deal.rows)
        if not names & {CONTACTS, COMPANY}:
            return
        source = self._rooms.looking.sources[self._key.domain]
        bound = await self._rooms.people.of(look.deal, source, self._hold, self.people, urgent=self._urgent)
        if CONTACTS in names:
            write.fields[CONTACTS] = list(bound.contacts)
        if COMPANY in names:
            write.fields[COMPANY] = bound.company or 0

    def _spend(self, link: DealLink | None) -> Spent:
        """One more write. Raises OverBudget until the minute is over."""
        now = self._rooms.looking.clock.now()
        since = link.writes_since if link else None
        if link is None or since is None or now - since >= MINUTE:
            return 1, now
        if link.writes >= BUDGET:
            left = (since + MINUTE - now).total_seconds()
            raise OverBudget("deals", "the twin was written too often in this minute", retry_after=left)
        return link.writes + 1, since

    def _linked(self, look: Look, target: int, link: DealLink | None, spent: Spent) -> DealLink:
        """The link, but for what the twin holds."""
        now = self._rooms.looking.clock.now()
        return DealLink(
            source_domain=self._key.domain,
            source_deal_id=self._key.id,
            target_deal_id=target,
            source_values=look.values,
            source_fingerprint=look.fingerprint,
            target_values={},
            target_fingerprint=LOST,
            mapping_version=look.rules.label,
            writes=spent[0],
            writes_since=spent[1],
            created_at=link.created_at if link else now,
            updated_at=now,
        )

    def _done(self, action: Action, look: Look, todo: Changes, link: DealLink, seen: Values) -> Outcome:
        """`seen`: what the twin holds, as far as that is our doing."""
        for name in {STAGE, FUNNEL} & todo.write.keys():
            if seen.get(name) != look.mapped.values.get(name):
                self._note(
                    "ignored", before={name: seen.get(name)}, after={name: look.mapped.values.get(name)}
                )
        for problem in look.mapped.problems:
            self._note("omit", after={"kind": problem.kind, problem.field: problem.value})
        for edit in todo.asked:
            self._note("conflict", before={edit.field: edit.before}, after={edit.field: edit.after})
        linked = replace(link, target_values=todo.remember(seen), target_fingerprint=fingerprint(seen))
        asks = [*self._questions.values(look), *self._questions.conflicts(look, todo, link.target_deal_id)]
        return self._asking(Result("success", link.target_deal_id, action), linked, asks, look)

    def _asking(
        self, result: Result, link: DealLink | None, asks: list[Ask], look: Look | None = None
    ) -> Outcome:
        """What was asked at the last transfer, and is not asked at this one, is settled."""
        outcome = Outcome(result, link, self._notes, asks=asks)
        if self._former:
            rules = self._rooms.looking.rules()
            former = self._questions.former(rules, self._former, look)
            asked = {(ask.kind, ask.key) for ask in asks}
            outcome.settled = [each for each in former if each not in asked]
        return outcome

    def _note_update(self, write: Write, before: Values, todo: Changes, target: int) -> None:
        """The write, and each edit of somebody at home that it undid."""
        former = {name: before[name] for name in write.fields if name in before}
        self._note("change", before=former, after={"target": target, **_told(write)})
        for edit in todo.overwritten:
            self._note("overwrite", before={edit.field: edit.before}, after={edit.field: edit.after})

    def _note(self, action: str, *, before: Any = None, after: Any = None) -> None:
        self._notes.append(Note(action, DEAL, self._key.text, before, after))


def _told(write: Write) -> dict[str, Any]:
    """A write for the journal."""
    return {"fields": write.fields} | ({} if write.rows is None else {"rows": list(write.rows)})
