"""A history as it is planned: what is handed in, what goes wrong meanwhile, and when."""

from dataclasses import dataclass
from typing import Literal, get_args

from hypothesis import strategies as st

from sandbox.bitrix24.faults import FaultKind
from tests.chaos.forms.people import PEOPLE, SPELLINGS, TITLES

Event = Literal["nothing", "stop", "kill", "die", "outage", "forget", "remove", "approve", "reject"]
Ending = Literal["rest", "approve", "retry"]
EVENTS: tuple[Event, ...] = get_args(Event)
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
FATAL: tuple[FaultKind, ...] = ("overload", "credentials", "zero")  # after these nobody tries again
PASSING = tuple(kind for kind in KINDS if kind not in FATAL)
OUTAGES: tuple[FaultKind, ...] = ("reset", "html", "timeout", "bucket", "empty")
METHODS = (None, None, "crm.contact.add", "crm.deal.add")


@dataclass(frozen=True, slots=True)
class Form:
    """One submission. `titles` are what the person chose, in any spelling, perhaps one twice."""

    number: int
    person: int
    spelling: int
    titles: tuple[str, ...]

    @property
    def id(self) -> str:
        """The submission's."""
        return f"s-{self.number}"


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """See sandbox.bitrix24.faults.Fault."""

    kind: FaultKind
    method: str | None
    inside: bool
    after: int
    times: int


@dataclass(frozen=True, slots=True)
class Act:
    """Forms that come at one moment, what then goes wrong, and a rest; times in virtual seconds.

    `again` are numbers of forms handed in once more at the same moment, `differing` one whose id then comes
    with another form. The event comes after `pause`; `die` ends the hub at its `writes`-th write from now.
    """

    forms: tuple[Form, ...]
    faults: tuple[PlannedFault, ...]
    again: tuple[int, ...]
    differing: int | None
    pause: float
    event: Event
    writes: int
    outage: FaultKind
    rest: float


@dataclass(frozen=True, slots=True)
class History:
    """All of it, with how the hub and the portal are set up. `latency` is a request's, in seconds.

    When all is quiet an admin may approve whatever waits for it, or have what was given up tried again.
    """

    acts: tuple[Act, ...]
    latency: float
    caches: bool
    batches: bool
    attempts: int
    ending: Ending

    @property
    def forms(self) -> list[Form]:
        """All submissions."""
        return [form for act in self.acts for form in act.forms]

    @property
    def is_calm(self) -> bool:
        """Whether nothing is planned to go wrong, so that the least number of requests is enough."""
        quiet = all(act.event == "nothing" and not act.faults for act in self.acts) and self.ending == "rest"
        return quiet and self.caches and self.batches and all(form.person < 5 for form in self.forms)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Any history; one in sixteen is calm."""
    calm = draw(st.integers(0, 15)) == 15
    acts: list[Act] = []
    for _ in range(draw(st.sampled_from((1, 2, 2)))):
        begun = sum(len(act.forms) for act in acts)
        acts.append(draw(_acts(begun, calm)))
    return History(
        tuple(acts),
        latency=draw(st.sampled_from((0.0, 0.2, 0.2))),
        caches=calm or draw(st.integers(0, 4)) > 0,
        batches=calm or draw(st.integers(0, 5)) > 0,
        attempts=draw(st.sampled_from((1, 2, 3))),
        ending=draw(st.sampled_from(get_args(Ending))),
    )


@st.composite
def _acts(draw: st.DrawFn, begun: int, calm: bool) -> Act:
    count = draw(st.integers(1, 3))
    numbers = range(begun, begun + count)
    so_far = st.integers(0, begun + count - 1)
    return Act(
        forms=tuple(draw(_forms(number, calm)) for number in numbers),
        faults=() if calm else tuple(draw(st.lists(_faults(), min_size=3, max_size=5))),
        again=tuple(draw(st.lists(so_far, max_size=1))),
        differing=draw(st.none() | st.none() | so_far),
        pause=draw(st.sampled_from((0.0, 0.15, 0.4, 1.0, 3.0))),
        event="nothing" if calm else draw(st.sampled_from(EVENTS)),
        writes=draw(st.integers(1, 12)),
        outage=draw(st.sampled_from(OUTAGES)),
        rest=draw(st.sampled_from((0.5, 4.0, 90.0))),
    )


@st.composite
def _forms(draw: st.DrawFn, number: int, calm: bool) -> Form:
    person = draw(st.sampled_from((0, 0, *range(len(PEOPLE) - calm))))
    titles = draw(st.lists(st.sampled_from(TITLES), min_size=1, max_size=3))
    return Form(number, person, draw(st.integers(0, SPELLINGS - 1)), tuple(titles))


@st.composite
def _faults(draw: st.DrawFn) -> PlannedFault:
    kind: FaultKind = draw(st.sampled_from((*PASSING, *PASSING, *PASSING, *FATAL, *FATAL)))
    return PlannedFault(
        kind,
        method=draw(st.sampled_from(METHODS)),
        inside=kind != "renamed" and draw(st.booleans()),
        after=draw(st.sampled_from((0, 0, 1))),
        times=draw(st.sampled_from((1, 1, 2))),
    )
