"""How often what went wrong, over many histories."""

from collections import Counter

from tests.chaos.forms.plan import KINDS
from tests.chaos.forms.play import Play


class Tally:
    """Counts histories; a fault counts when the portal's stand-in says that it struck, not when planned."""

    def __init__(self) -> None:
        self.histories = 0
        self.struck: Counter[str] = Counter()
        self._happened: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._made: Counter[str] = Counter()

    def add(self, play: Play) -> None:
        """One more."""
        self.histories += 1
        self.struck.update(kind for kind, times in play.portal.faults.happened.items() if times)
        self._happened.update(what for what, times in play.happened.items() if times)
        self._happened["calm"] += play.history.is_calm
        self._ended.update("done" if kept.is_done else kept.job for kept in play.kept.values())
        self._made.update(contacts=len(play.portal.contacts), deals=len(play.portal.deals))
        self._made.update(requests=play.portal.ledger.requests, hubs=len(play.lives))

    def add_all(self, other: "Tally") -> None:
        """Those of another tally."""
        self.histories += other.histories
        self.struck += other.struck
        self._happened += other._happened
        self._ended += other._ended
        self._made += other._made

    def seldom(self, least: int) -> list[str]:
        """The kinds of fault that struck in fewer histories."""
        return [kind for kind in KINDS if self.struck[kind] < least]

    def table(self) -> str:
        """All of it for people."""
        rows: dict[str, Counter[str]] = {
            "struck in": Counter({kind: self.struck[kind] for kind in KINDS}),
            "happened in": self._happened,
            "submissions": self._ended,
            "in all": self._made,
        }
        lines = [f"{name:<12} {_counted(counts)}" for name, counts in rows.items()]
        return "\n".join([f"\n{self.histories} histories", *lines])


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
