"""Plays a history: hands its forms in over HTTP, lets happen what is planned, and waits for quiet."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.wire import Json
from services.engine.observability import configure_logging
from services.engine.workers import Workers
from services.flow import leases
from tests.chaos.forms.books import Books, Kept
from tests.chaos.forms.life import Life
from tests.chaos.forms.people import FOUND_PHONE, PEOPLE, UNKNOWN, email_as, phone_as
from tests.chaos.forms.plan import Act, Form, History
from tests.e2e.conftest import SECRETS
from tests.e2e.poll_forms import MATHS, PATH, a_form, at_work
from tests.e2e.wording import press_buttons
from tests.storage.files import new_file
from tests.town import ADMIN, API_KEY, Outside, TownClock, new_outside

OUTAGE = 180.0  # virtual seconds
AGAIN = 20.0  # virtual seconds after which a sender without an answer tries again
NAP = 1.0  # virtual seconds between looks at work that goes on
LONGEST_NAPS = 900  # such looks in a row; no try of a submission takes so long
LEAPS = 200  # moments at which something is due, until all is quiet
LOOK, RARE, NEVER = 0.25, 30.0, 3600.0  # virtual seconds between looks
SHORT = 2.5  # a shorter wait is lived through
VARIABLES = {
    "BITRIX24_RETRY_DELAY": "0.3",
    "BITRIX24_RETRY_MAX_DELAY": "3",
    "BITRIX24_TIMEOUT": "3",
    "STOP_GRACE_SECONDS": "6",
    "WEBHOOK_WAIT_SECONDS": "2",
}


class Play:
    """One history under way, and then what came of it."""

    def __init__(self, history: History, outside: Outside, clock: TownClock) -> None:
        self.history = history
        self.portal: Portal = outside.portal
        self.books = Books(outside.folder / "hub.db")
        self.found = self.portal.add_contact(NAME="Ольга", LAST_NAME="Давняя", PHONE=FOUND_PHONE)
        self.before: Json = dict(self.portal.contacts[self.found])
        self.removed: set[int] = set()
        self.lives: list[Life] = []
        self.happened: Counter[str] = Counter()
        self.answers: list[tuple[str, httpx.Response]] = []
        self.standing: dict[str, Json] = {}
        self.kept: dict[str, Kept] = {}
        self.decided: dict[str, str] = {}
        self._outside = outside
        self._address = ""  # of the hub that lives, or of the last one
        self._clock = clock
        self._senders: list[asyncio.Task[None]] = []
        self._client = httpx.AsyncClient(headers={"X-API-Key": API_KEY}, timeout=60, verify=False)
        self._shown = len(outside.world.sent(ADMIN))

    async def run(self) -> None:
        """Play it to its end."""
        self.portal.latency = self.history.latency
        self.portal.command_latency = self.history.latency / 5
        async with self._client:
            await self._begin()
            for act in self.history.acts:
                await self._act(act)
            await self._quiet()
            await self._end()
            for form in self.history.forms:
                asked = self._client.get(f"{self._address}/{form.id}")
                self.standing[form.id] = (await self._clock.run(asked)).json()
            await self.lives[-1].end()
            await asyncio.gather(*self._senders)
        self.kept = self.books.submissions()
        self.decided = self.books.approvals()
        self.books.close()

    async def _begin(self) -> None:
        variables = VARIABLES | {
            "CACHE_ENABLED": str(self.history.caches).lower(),
            "BATCH_ENABLED": str(self.history.batches).lower(),
            "BITRIX24_RETRY_MAX_ATTEMPTS": str(self.history.attempts),
        }
        self.lives.append(Life(self._outside, self._clock, variables))
        await self.lives[-1].begin()
        self._address = self.lives[-1].town.address + PATH

    async def _restart(self) -> None:
        await self.lives[-1].end()
        await self._begin()

    async def _act(self, act: Act) -> None:
        for fault in act.faults:
            self.portal.faults.plan(
                fault.kind, method=fault.method, inside=fault.inside, after=fault.after, times=fault.times
            )
        if act.event == "die":
            self.lives[-1].die_at(act.writes)
        forms = self.history.forms
        self._hand_in([*act.forms, *(forms[number] for number in act.again)])
        if act.differing is not None:
            self._differ(forms[act.differing])
        await self._clock.advance(act.pause)
        await getattr(self, f"_{act.event}")(act)
        await self._pass(act.rest)

    def _hand_in(self, forms: list[Form]) -> None:
        people = Counter(form.person for form in forms)
        self.happened["pair"] += max(people.values()) > 1
        for form in forms:
            self._send(form.id, body_of(form))

    def _differ(self, form: Form) -> None:
        other = body_of(form)
        other["contact"]["name"] += " Другая"
        self._send(form.id, other)

    def _send(self, submission_id: str, body: Json) -> None:
        self._senders.append(asyncio.create_task(self._sent(submission_id, body)))

    async def _sent(self, submission_id: str, body: Json) -> None:
        while True:
            try:
                answer = await self._client.post(self._address, json=body)
            except httpx.TransportError:
                self.happened["no answer"] += 1
            else:
                self.answers.append((submission_id, answer))
                if answer.status_code != 503:
                    return
            await self._clock.sleep(AGAIN)

    # What may happen

    async def _nothing(self, act: Act) -> None:
        pass

    async def _stop(self, act: Act) -> None:
        self.happened["stop"] += 1
        await self._restart()

    async def _kill(self, act: Act) -> None:
        self.happened["kill"] += 1
        self.lives[-1].die()
        await self._restart()

    async def _die(self, act: Act) -> None:
        for _ in range(int(SHORT)):
            if not self.lives[-1].is_dead:
                await self._clock.advance(NAP)
        await self._kill(act)

    async def _outage(self, act: Act) -> None:
        fault = self.portal.faults.plan(act.outage, times=None)
        await self._pass(OUTAGE / 2)
        await self._pass(OUTAGE / 2)
        self.happened["outage"] += act.outage in self.portal.faults.happened
        self.portal.faults.remove(fault.id)

    async def _forget(self, act: Act) -> None:
        for words in ("poll_form 1", f"educational_program {MATHS}", f"contact 7{PEOPLE[0].phone}"):
            self._outside.world.send_text(ADMIN, ADMIN, f"/invalidate {words}")
        await self._clock.advance(NAP)
        self.happened["forget"] += 1

    async def _remove(self, act: Act) -> None:
        made = [number for number in self.portal.contacts if number != self.found]
        if made:
            del self.portal.contacts[made[0]]
            self.removed.add(made[0])
            self.happened["remove"] += 1

    async def _approve(self, act: Act) -> None:
        await self._decide("yes")

    async def _reject(self, act: Act) -> None:
        await self._decide("no")

    async def _decide(self, verdict: str) -> None:
        """About what was asked last."""
        await self._clock.advance(NAP)
        self.happened[verdict] += await self._press(f"v1:{verdict}:")

    async def _press(self, start: str) -> bool:
        """Press an admin's newest button of a kind; False when there is none."""
        for shown in reversed(self._outside.world.sent(ADMIN)[self._shown :]):
            for data in press_buttons(shown):
                if data.startswith(start):
                    self._outside.world.press(ADMIN, shown.message_id, ADMIN, data)
                    await self._clock.advance(NAP)
                    return True
        return False

    async def _end(self) -> None:
        """What admins do when they come to it."""
        if self.history.ending == "approve":
            for _ in UNKNOWN:
                self.happened["approved in the end"] += await self._press("v1:yes:")
        elif self.history.ending == "retry":
            self._outside.world.send_text(ADMIN, ADMIN, "/retry all")
            await self._clock.advance(NAP)
            self.happened["tried again in the end"] += await self._press("v1:sure:")
        await self._quiet()

    # Time

    async def _pass(self, seconds: float) -> None:
        """Live through the beginning and through all work; the rest is skipped."""
        await self._clock.advance(min(seconds, SHORT))
        await self._worked()
        if seconds > SHORT:
            await self._clock.leap(seconds - SHORT)

    async def _worked(self) -> None:
        """Until nobody is at work on a submission, or waits for an answer."""
        for _ in range(LONGEST_NAPS):
            await self._clock.advance(0)
            if not any(state == "claimed" for state, _ in self.books.open_jobs()):
                return
            await self._clock.advance(NAP)
        raise AssertionError("a submission is worked for ever")

    async def _quiet(self) -> None:
        """Until every sender has its answer and no submission waits for anything."""
        for _ in range(LEAPS):
            await self._clock.advance(NAP)
            await self._worked()
            due = [moment for _, moment in self.books.open_jobs()]
            if not due and all(task.done() for task in self._senders):
                return
            wait = (min(due) - self._clock.now()).total_seconds() if due else AGAIN
            await (self._clock.leap(wait) if wait > SHORT else self._clock.advance(max(wait, 0.0)))
        raise AssertionError(f"no rest after {LEAPS} waits: {self.books.open_jobs()}")


def body_of(form: Form) -> Json:
    """What the form's page sends."""
    person = PEOPLE[form.person]
    given: dict[str, Any] = {"name": person.name, "last_name": person.last_name or None}
    given |= {"phone": phone_as(person, form.spelling), "email": email_as(person, form.spelling)}
    return a_form(form.id, *form.titles, **given, answers={"Номер": form.number})


async def played(history: History, template: Path) -> Play:
    """The history, played from beginning to end in a world of its own."""
    clock = TownClock()
    with tempfile.TemporaryDirectory(prefix="history-") as folder, _seldom_looking():
        async with new_outside(Path(folder), clock=clock, template=template) as outside:
            play = Play(history, outside, clock)
            await play.run()
            return play


@contextmanager
def _seldom_looking() -> Iterator[None]:
    """Hubs that seldom look at leases and never for jobs without a hint: most of a history is such looks."""
    with (
        patch.multiple(leases, LOOK=LOOK, AGAIN=RARE),
        patch.object(Workers, "_look_every", lambda workers, topic: NEVER),
    ):
        yield


async def lived_before(folder: Path) -> Path:
    """The database of a hub that came and went: what only a first start does is done."""
    configure_logging("WARNING", "json", SECRETS, StringIO())
    async with (
        new_outside(folder, clock=TownClock(), template=new_file(folder, "template.db")) as outside,
        at_work(outside) as town,
    ):
        await town.settle()
    return folder / "hub.db"
