"""The judge of cells: who may sees the effect, who may not has none, and is told so where it bothers few."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.registry import Entry
from tests.e2e.matrix.actors import SPOTS, Spot
from tests.e2e.matrix.stage import Stage
from tests.e2e.matrix.traces import Traces, snapshot, traces_since
from tests.e2e.matrix.trial import ERROR, Ready, Trial
from tests.e2e.matrix.trials import TRIALS

HINT = "error-anonymous"
Heard = tuple[str, int, tuple[str, ...]]  # a message: its kind, its chat, and which texts it shows


@dataclass(slots=True)
class Tally:
    """Cells so far. `leaked`: somebody who may not did something; `silent`: somebody who may did not."""

    allowed: int = 0
    refused: int = 0
    leaked: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    ill_told: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """All that is wrong."""
        return [*self.leaked, *self.silent, *self.ill_told]

    def add(self, other: "Tally") -> None:
        """Count another's cells, too."""
        self.allowed += other.allowed
        self.refused += other.refused
        self.leaked += other.leaked
        self.silent += other.silent
        self.ill_told += other.ill_told

    def __str__(self) -> str:
        return (
            f"{self.allowed + self.refused} cells: {self.allowed} allowed, {len(self.silent)} of them without"
            f" effect; {self.refused} not allowed, privileged effects by the unprivileged:"
            f" {len(self.leaked)}, refused in the wrong words: {len(self.ill_told)}"
        )


def untried(entries: Iterable[Entry]) -> list[str]:
    """What the bot answers to and nobody tries, and the other way round."""
    registered, tried_ = {(each.kind, each.name) for each in entries}, {trial.entry for trial in TRIALS}
    return [" ".join(each) for each in sorted(registered ^ tried_)]


def misruled(entries: Iterable[Entry]) -> list[str]:
    """Whose rule is not what the contract says."""
    rules = {(each.kind, each.name): each for each in entries}
    return [str(trial) for trial in TRIALS if trial.entry in rules and not trial.fits(rules[trial.entry])]


def cells(trial: Trial) -> list[Spot]:
    """Everybody everywhere, but where Telegram has no such thing."""
    return [spot for spot in SPOTS if spot.kind in trial.exists_in]


def sample(trial: Trial) -> list[Spot]:
    """One who may and one who may not, where there is such: each trial others, so that all take part."""
    at, everywhere = TRIALS.index(trial), cells(trial)
    allowed = [spot for spot in everywhere if trial.allows(spot)]
    refused = [spot for spot in everywhere if not trial.allows(spot)]
    return [spots[at % len(spots)] for spots in (refused, allowed) if spots]


async def tried(stage: Stage, trial: Trial, spots: Iterable[Spot]) -> Tally:
    """Try these cells: who may one after the other, who may not all at once.

    If those leave anything, each tries again by themselves, which tells who it is.
    """
    here, tally = list(spots), Tally()
    await stage.at_work()
    refused = [spot for spot in here if not trial.allows(spot)]
    if refused:
        tally.add(await _all_kept_out(stage, trial, refused))
    for spot in here:
        if trial.allows(spot):
            tally.add(await _let_in(stage, trial, spot))
    return tally


async def _all_kept_out(stage: Stage, trial: Trial, spots: list[Spot]) -> Tally:
    together = await _kept_out(stage, trial, spots)
    if not together.faults or len(spots) == 1:
        return together
    alone = Tally()
    for spot in spots:
        alone.add(await _kept_out(stage, trial, [spot]))
    return alone if alone.faults else together


async def _let_in(stage: Stage, trial: Trial, spot: Spot) -> Tally:
    ready = await trial.prepare(stage, spot)
    traces = await _traces(stage, [ready])
    if ready.effect(traces):
        return Tally(allowed=1)
    return Tally(allowed=1, silent=[f"no effect: {_named(trial, [spot])}: {_told(traces)}"])


async def _kept_out(stage: Stage, trial: Trial, spots: list[Spot]) -> Tally:
    ready = [await trial.prepare(stage, spot) for spot in spots]
    traces = await _traces(stage, ready)
    tally, amiss = Tally(refused=len(spots)), f"{_named(trial, spots)}: {_told(traces)}"
    if not traces.is_clean or any(each.effect(traces) for each in ready):
        tally.leaked.append(f"an effect: {amiss}")
    elif _heard(traces) != Counter(filter(None, (_owed(trial, spot) for spot in spots))):
        tally.ill_told.append(f"told: {amiss}")
    return tally


async def _traces(stage: Stage, ready: list[Ready]) -> Traces:
    """What the deeds leave."""
    await stage.rest()
    before = await snapshot(stage.town)
    for each in ready:
        each.act()
    await stage.rest()
    return await traces_since(stage.town, before)


def _owed(trial: Trial, spot: Spot) -> Heard | None:
    """A press is always answered, the rest in private; in groups only the nameless hear what helps."""
    chat = spot.chat_id
    if spot.kind in trial.late_in:
        return None
    if trial.sort == "press":
        return "answer", chat, (ERROR,)
    if trial.sort in {"command", "reaction", "message"} and spot.is_private:
        return "text", chat, (trial.answer,)
    if trial.sort in {"command", "message"} and trial.is_privileged and trial.is_nameless(spot):
        return "text", chat, (HINT,)
    return None


def _heard(traces: Traces) -> Counter[Heard]:
    return Counter((each.kind, each.chat_id, tuple(map(_sort_of, each.keys))) for each in traces.said)


def _sort_of(key: str) -> str:
    return ERROR if key.startswith("error-") and key != HINT else key


def _named(trial: Trial, spots: list[Spot]) -> str:
    return f"{trial} by " + ", ".join(f"{spot.actor.standing} in {spot.kind}" for spot in spots)


def _told(traces: Traces) -> str:
    said = [f"{each.kind} {each.keys} ({each.state}) in {each.chat_id}" for each in traces.said]
    return f"said {said}, new {dict(traces.new)}, gone {dict(traces.gone)}"
