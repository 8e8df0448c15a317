"""The kinds of notices about how the hub itself is doing.

The texts of a kind are named by it: `notice-<name>` tells the cause (chosen by {count}), with {since} and the
parameters of the cause; `notice-<name>-over` its end, with {ended} and {lasted} too; `button-notice-<name>`
stands on its switch.
"""

from dataclasses import dataclass

from services.flow.items import Action


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """A sort of cause. `action` is the one button that helps.

    `recovers`: its end is told, too. `urgent`: it does not wait for the end of quiet hours, because only a
    person can help and people wait for what it is about.
    """

    name: str
    action: Action | None = None
    recovers: bool = True
    urgent: bool = False


_DOCTOR = Action("button-run-doctor", "run:doctor", role="admin")

HIT_RATE = NoticeKind("hit-rate", Action("button-show-stats", "show:stats", role="admin"))
EMPTY_CACHE = NoticeKind("empty-cache", _DOCTOR)
JOB_AGE = NoticeKind("job-age", _DOCTOR)
DEAD_JOBS = NoticeKind(
    "dead-jobs", Action("button-show-failed", "show:failed", role="admin"), recovers=False, urgent=True
)
OLD_KEYS = NoticeKind("old-keys", recovers=False)
BACKUP = NoticeKind("backup", Action("button-run-backup", "run:backup", role="admin"))
GALLERY = NoticeKind("gallery", _DOCTOR)
PORTAL = NoticeKind("portal", _DOCTOR)
SILENCE = NoticeKind("silence", _DOCTOR)
MISSING_FIELD = NoticeKind("missing-field", _DOCTOR)
WAITING_DEALS = NoticeKind("waiting-deals", _DOCTOR)

KINDS = (
    GALLERY,
    PORTAL,
    SILENCE,
    MISSING_FIELD,
    DEAD_JOBS,
    JOB_AGE,
    WAITING_DEALS,
    HIT_RATE,
    EMPTY_CACHE,
    BACKUP,
    OLD_KEYS,
)
