"""What helps against the errors of submissions, and what a job is about; see services/flow/remedies.py."""

from services.engine.errors import Refused
from services.flow.remedies import Remedy

REMEDIES = (
    Remedy("no-poll-form", Refused, "there is no poll form"),
    Remedy("submission-gone", Refused, "the submission is gone"),
)


def named(key: str) -> str | None:
    """The submission, as whoever handed it in calls it."""
    kind, _, submission = key.partition(":")
    return submission if kind == "submission" else None
