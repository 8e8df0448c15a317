"""What admins look up."""

from functools import partial

from tests.e2e.matrix.actors import ASKER, OWNER, Spot
from tests.e2e.matrix.stage import Stage
from tests.e2e.matrix.trial import Prepare, Ready, Trial
from tests.e2e.operating import plant


def saying(words: str, *keys: str) -> Prepare:
    """A command whose answer shows one of these texts."""

    async def prepare(stage: Stage, spot: Spot) -> Ready:
        return Ready(
            lambda: stage.says(spot, words),
            lambda traces: any(traces.shows(key, spot.chat_id) for key in keys),
        )

    return prepare


def turning(words: str, data: str, *keys: str) -> Prepare:
    """A button below the answer to a command: then one of these texts is shown."""

    async def prepare(stage: Stage, spot: Spot) -> Ready:
        shown = await stage.surface(spot, words)
        return Ready(
            lambda: stage.presses(spot, shown, f"v1:{data}"),
            lambda traces: any(traces.shows(key, spot.chat_id) for key in keys),
        )

    return prepare


async def _dead(then: Prepare, stage: Stage, spot: Spot) -> Ready:
    """There is a dead job."""
    await plant(stage.town, ASKER.user_id)
    return await then(stage, spot)


async def _dead_job(stage: Stage, spot: Spot) -> Ready:
    number = await plant(stage.town, ASKER.user_id, reason=f"Reason {stage.number()}: unheard of")
    return await turning("/failed", f"dead-job:{number}", "failed-detail")(stage, spot)


async def _dead_number(stage: Stage, spot: Spot) -> Ready:
    number = await plant(stage.town, ASKER.user_id)
    return await saying(f"/failed {number}", "failed-detail")(stage, spot)


async def _story(stage: Stage, spot: Spot) -> Ready:
    """Somebody has done something that the journal tells of."""
    actor = f"user:{OWNER.user_id}"
    if not await stage.town.scalar("SELECT count(*) FROM journal WHERE actor = :actor", actor=actor):
        await stage.asks(Spot(OWNER, "private"), f"/staff add {stage.new_person()}")
    return await turning(f"/audit user {OWNER.user_id}", "audit:1", "audit-title")(stage, spot)


READS = partial(Trial, needs="admin")
TRIALS = (
    READS("command", "stats", saying("/stats", "stats-title")),
    READS("command", "stats", saying("/stats stickerset", "stats-region"), case="of a region"),
    READS("command", "errors", saying("/errors", "errors-none", "errors-title")),
    READS("command", "errors", saying("/errors 12", "errors-no-such"), case="of a number"),
    READS("command", "failed", partial(_dead, saying("/failed", "failed-title"))),
    READS("command", "failed", _dead_number, case="of a number"),
    READS("press", "dead-job", _dead_job),
    READS("press", "dead", partial(_dead, turning("/failed", "dead:1", "failed-title"))),
    READS("command", "audit", saying("/audit", "audit-latest", "audit-empty")),
    READS("press", "audit", _story),
    READS("command", "staff", saying("/staff", "staff-admin")),
    READS("command", "notices", saying("/notices", "notices-home", "notices-elsewhere")),
    READS("command", "doctor", saying("/doctor", "doctor-begun")),
    READS("press", "show", turning("/version", "show:stats", "stats-title"), case="stats"),
    READS("press", "show", turning("/version", "show:errors", "errors-none", "errors-title"), case="errors"),
    READS("press", "show", partial(_dead, turning("/version", "show:failed", "failed-title")), case="failed"),
)
