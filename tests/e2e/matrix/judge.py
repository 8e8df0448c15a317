"""The judge of cells: who may sees the effect, who may not has none, and is told so where it bothers few."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.registry import Entry
from tests.e2e.matrix.actors import SPOTS, Spot
from tests.e2e.matrix.stage import Stage
from tests.e2e.matrix.traces import Traces, snapshot, traces_since
from tests.e2e.matrix.trial import Trial
from tests.e2e.matrix.trials import TRIALS

HINT = "error-anonymous"


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


async def tried(stage: Stage, trial: Trial, spots: Iterable[Spot]) -> Tally:
    """Try these cells, one after the other."""
    tally = Tally()
    await stage.at_work()
    for spot in spots:
        ready = await trial.prepare(stage, spot)
        await stage.rest()
        before = await snapshot(stage.town)
        ready.act()
        await stage.rest()
        traces = await traces_since(stage.town, before)
        name = f"{trial} by {spot.actor.standing} in {spot.kind}"
        if trial.allows(spot):
            tally.allowed += 1
            if not ready.effect(traces):
                tally.silent.append(f"no effect: {name}: {_told(traces)}")
            continue
        tally.refused += 1
        if ready.effect(traces) or not traces.is_clean:
            tally.leaked.append(f"an effect: {name}: {_told(traces)}")
        elif not _well_told(trial, spot, traces):
            tally.ill_told.append(f"told: {name}: {_told(traces)}")
    return tally


def _well_told(trial: Trial, spot: Spot, traces: Traces) -> bool:
    """A press is always answered, the rest in private; in groups only the nameless hear what helps."""
    told = [(each.kind, each.chat_id, tuple(each.keys)) for each in traces.said]
    if spot.kind in trial.late_in:
        return not told
    if trial.sort == "press":
        return len(told) == 1 and told[0][:2] == ("answer", spot.chat_id) and _is_error(told[0][2])
    if trial.sort in {"command", "reaction"} and spot.is_private:
        return len(told) == 1 and told[0][:2] == ("text", spot.chat_id) and _is_error(told[0][2])
    if trial.sort in {"command", "message"} and trial.is_privileged and trial.is_nameless(spot):
        return told == [("text", spot.chat_id, (HINT,))]
    if trial.sort == "message" and spot.is_private:
        return told == [("text", spot.chat_id, ("unrecognised",))]
    return not told


def _is_error(keys: tuple[str, ...]) -> bool:
    return len(keys) == 1 and keys[0].startswith("error-")


def _told(traces: Traces) -> str:
    said = [f"{each.kind} {each.keys} ({each.state}) in {each.chat_id}" for each in traces.said]
    return f"said {said}, new {dict(traces.new)}, gone {dict(traces.gone)}"
