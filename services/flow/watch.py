"""The look at all that admins should know: each minute every sign is asked, and the chats are told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from services.engine.errors import FaultRecorder
from services.engine.work import Work
from services.flow.notice_kinds import NoticeKind
from services.flow.notices import Notices
from services.flow.roles import Roles
from storage import notices
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from storage.records import Job, Notice

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause as a sign finds it; see Notices.tell."""

    subject: str = ""
    count: int = 1
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a sign finds: the causes that are there, and subjects of which it cannot tell now.

    Of those `lapsed` nobody has been able to tell for long: they end, and no chat hears that it is better.
    """

    causes: Sequence[Cause] = ()
    unclear: frozenset[str] = frozenset()
    lapsed: frozenset[str] = frozenset()


# Asked with the kind's open notices by subject. Cheap: it is asked each minute.
Sign = Callable[[Mapping[str, Notice]], Awaitable[Findings]]


class Watch:
    """The handler of the topic `notices`. It may be repeated at will."""

    def __init__(self, database: Database, notices: Notices, roles: Roles, faults: FaultRecorder) -> None:
        self._database = database
        self._notices = notices
        self._roles = roles
        self._faults = faults
        self._signs: list[tuple[NoticeKind, Sign]] = []
        self._watched: set[str] = set()

    @property
    def kinds(self) -> Sequence[NoticeKind]:
        """Those that are looked for, in the order in which people read them."""
        return [kind for kind in self._notices.kinds if kind.name in self._watched]

    def on(self, kind: NoticeKind, sign: Sign, *, in_use: bool = True) -> None:
        """Ask a sign for causes of that kind; what is not in use is asked so that what it told ends."""
        self._signs.append((kind, sign))
        if in_use:
            self._watched.add(kind.name)

    async def look(self, job: Job, work: Work) -> dict[str, int]:
        """Ask all signs and write what the chats should know; how many causes there are, by kind."""
        known = await self._database.read(notices.unsettled)
        found = {}
        for kind, sign in self._signs:
            opened = {row.subject: row for row in known if row.kind == kind.name and row.state == "open"}
            findings = await self._ask(kind, sign, opened)
            work.write(partial(self._keep, kind=kind, opened=opened, findings=findings))
            if findings.causes:
                found[kind.name] = len(findings.causes)
        admins, admin_chat = await self._roles.admins(), await self._roles.admin_chat()
        work.write(lambda tx: self._notices.write(tx, job, admins, admin_chat))
        return found

    async def _ask(self, kind: NoticeKind, sign: Sign, opened: Mapping[str, Notice]) -> Findings:
        """What a sign finds; one that breaks silences no other, and what it told stays as it is."""
        try:
            return await sign(opened)
        except StorageUnavailable:
            raise
        except Exception as error:  # a sign's edge: whatever breaks is a fault of its own
            log.warning("notices.sign_failed", details={"kind": kind.name}, exc_info=error)
            name = type(error).__name__
            await self._faults.record(f"notices.{kind.name}.{name}", str(error) or name)
            return Findings(unclear=frozenset(opened))

    def _keep(
        self, tx: Transaction, *, kind: NoticeKind, opened: Mapping[str, Notice], findings: Findings
    ) -> None:
        for cause in findings.causes:
            self._notices.tell(tx, kind, cause.subject, count=cause.count, **cause.params)
        there = {cause.subject for cause in findings.causes} | findings.unclear
        for subject in opened.keys() - there:
            self._notices.recovered(tx, kind, subject)
            if subject in findings.lapsed:
                notices.settle(tx, opened[subject].id)
