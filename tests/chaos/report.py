"""A run as a table for people."""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median, quantiles

from tests.chaos.checker import applied_by_row, doubled_per_kill, unknown_answers
from tests.chaos.history import History
from tests.chaos.posting import Answers


def table(history: History, faults: list[str]) -> str:
    """What was sent, what came of it, and every kill."""
    return "\n".join(["", *_sums(history), "", *_kills(history), "", *_verdict(faults), ""])


def answers_line(answers: Answers, restarts: Sequence[float]) -> str:
    """What clients heard, and how long they waited after each restart."""
    spans = sorted(restarts)
    slowest = f"p50 {median(spans):.2f} s, p95 {quantiles(spans, n=20)[-1]:.2f} s, max {spans[-1]:.2f} s"
    heard = f"acknowledged {len(answers.acknowledged)}, refused {dict(answers.refused)}"
    return f"{heard}, unheard {answers.unheard}\nfirst answer after a restart: {slowest}"


def _sums(history: History) -> Iterator[str]:
    states = Counter(job.state for job in history.jobs)
    applied = applied_by_row(history)
    yield f"updates emitted      {len(history.updates):6}  {_kinds(history)}"
    yield f"jobs                 {len(history.jobs):6}  {_counted(states)}"
    yield f"claims that lapsed   {sum(job.lapses for job in history.jobs):6}"
    for kind in ("text", "reaction", "edit", "answer", "delete"):
        rows = [row for row in history.messages if row.kind == kind]
        states = Counter(row.state for row in rows)
        repeated = sum(max(len(applied[row.id]) - 1, 0) for row in rows)
        yield f"{kind + ' rows':<20} {len(rows):6}  {_counted(states)}; applied once more: {repeated}"
    accepted = sum(proposal.state == "added" for proposal in history.proposals)
    yield f"proposals            {len(history.proposals):6}  {accepted} accepted"
    yield f"sets added           {len(history.sets) - len(history.listed_at_start):6}"
    yield f"journal rows         {len(history.journal):6}"
    yield f"answers lost         {unknown_answers(history):6}  (tried once only)"
    yield f"integrity check      {history.integrity:>6}"


def _kinds(history: History) -> str:
    return _counted(Counter(kind for update in history.updates for kind in update if kind != "update_id"))


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _kills(history: History) -> Iterator[str]:
    doubled = doubled_per_kill(history)
    yield "kill  point      at hit  texts on their way  doubled  first job of the next process after"
    for number, death in enumerate(history.deaths):
        next_life = history.lives[number + 1]
        after = f"{next_life.first_job_after:.2f} s" if next_life.first_job_after else "-"
        yield (
            f"{number + 1:4}  {death.kill.point:<9}  {death.kill.passages:6}  {death.texts_on_their_way:18}"
            f"  {doubled[number]:7}  {after}"
        )
    yield f"texts doubled: {doubled.total()} by {len(history.deaths)} kills"


def _verdict(faults: list[str]) -> Iterator[str]:
    yield f"{len(faults)} faults" if faults else "nothing lost, nothing done twice"
    yield from faults
