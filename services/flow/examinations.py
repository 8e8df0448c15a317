"""Examinations: everything the hub depends on is asked now, and the chat is told what was found."""

import msgspec

from services.engine.clock import Clock
from services.engine.health import PROBE_TIME, Health, Level, Told
from services.engine.inbox import Inbox, Offer, Topic
from services.engine.retry import RetryPolicy
from services.engine.work import Work
from services.flow.excerpts import Excerpt
from services.flow.items import Action
from services.flow.messages import Content, Messages, Text
from services.flow.places import Asker, Place
from storage.database import Transaction
from storage.records import Job

TOPIC = "doctor"
AT_ONCE = 2
RETRY = RetryPolicy(attempts=2, window=60.0, delay=1.0)
WHAT, HINT = 300, 200  # characters of a finding and of its hint
LEVELS: tuple[Level, ...] = ("failed", "warning", "ok")  # what is worst comes first

Findings = list[tuple[str, Told]]


class Patient(msgspec.Struct, frozen=True):
    """Where somebody waits for what is found."""

    place: Place
    row: int


class Examinations:
    """The handler of the topic `doctor`. A job, so that nobody's chat waits for slow answers."""

    def __init__(
        self, health: Health, clock: Clock, inbox: Inbox, messages: Messages, excerpt: Excerpt
    ) -> None:
        self._health = health
        self._clock = clock
        self._inbox = inbox
        self._messages = messages
        self._excerpt = excerpt
        self._offers: dict[str, Action] = {}

    def offer(self, name: str, action: Action) -> None:
        """Put a button below findings that bear this offer."""
        self._offers[name] = action

    def topic(self) -> Topic:
        """Also while work is paused: it changes nothing, and may tell why one paused."""
        return Topic(TOPIC, self.handle, AT_ONCE, RETRY, own_keys=True, pausable=False)

    def ask(self, work: Work, place: Place, asker: Asker) -> None:
        """Begin one, and say so."""
        job = work.job

        def unit(tx: Transaction) -> None:
            begun = Content((Text("doctor-begun"),))
            if (row := self._messages.text(tx, job, place, begun, name="doctor")) is not None:
                payload = msgspec.json.encode(Patient(place, row)).decode()
                offer = Offer(f"doctor:{place.chat_id}", f"job:{job.id}", payload)
                self._inbox.accept_in(tx, TOPIC, offer, correlation_id=job.correlation_id)

        work.write(unit)
        work.afterwards(lambda: self._inbox.wake(TOPIC))

    async def handle(self, job: Job, work: Work) -> dict[str, int]:
        """Ask everything at once; how many findings of each level."""
        patient = msgspec.json.decode(job.payload, type=Patient)
        findings = await self._health.examine(limit=PROBE_TIME)
        counts = {level: sum(told.level == level for _, told in findings) for level in LEVELS}
        work.write(lambda tx: self._tell(tx, job, patient, findings, counts))
        return {str(level): count for level, count in counts.items()}

    def _tell(
        self, tx: Transaction, job: Job, patient: Patient, findings: Findings, counts: dict[Level, int]
    ) -> None:
        """The question's message becomes the sum; what was found follows, a message a level."""
        self._messages.edit(tx, job, patient.place, Content((_sum(counts),)), row=patient.row)
        for level in LEVELS:
            found = [(name, told) for name, told in findings if told.level == level]
            if found:
                lines = [self._line(name, told) for name, told in found]
                offered = dict.fromkeys(told.offer for _, told in found if told.offer in self._offers)
                actions = tuple(self._offers[name] for name in offered)
                content = Content((Text(f"doctor-{level}"), *lines), actions=actions)
                self._messages.text(tx, job, patient.place, content, name=f"doctor.{level}")

    def _line(self, name: str, told: Told) -> Text:
        facts = {"name": name, "what": self._excerpt(told.what, WHAT)}
        if not told.hint:
            return Text("doctor-line", facts)
        return Text("doctor-line-hint", facts | {"hint": self._excerpt(told.hint, HINT)})


def _sum(counts: dict[Level, int]) -> Text:
    if not counts["failed"] and not counts["warning"]:
        return Text("doctor-well", {"ok": counts["ok"]})
    return Text("doctor-sum", {str(level): count for level, count in counts.items()})
