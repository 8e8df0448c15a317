"""What admins do to the hub: replay, drop, pause, give roles, switch notices. What is dangerous is asked."""

from functools import partial
from typing import Any

from sandbox.bitrix24.entities import DEAL
from sandbox.telegram.messages import Message
from tests.e2e import shelf
from tests.e2e.matrix.actors import ASKER, OWNER, Spot, by_name
from tests.e2e.matrix.stage import WRITTEN, Stage
from tests.e2e.matrix.traces import Traces
from tests.e2e.matrix.trial import Effect, Prepare, Ready, Trial
from tests.e2e.operating import plant

REGION = "stickerset"


async def listed(stage: Stage) -> str:
    """A set that is in the gallery."""
    name = stage.new_set()
    await shelf.put(stage.town, [(name, f"Title of {name}")])
    return name


def asks(action: str, key: str, spot: Spot) -> Effect:
    """The question is there, for this person and in this chat."""

    def effect(traces: Traces) -> bool:
        who, chat = spot.actor.user_id, spot.chat_id
        row = traces.has("confirmations", action=action, user_id=who, chat_id=chat)
        return row and traces.shows(key, chat)

    return effect


async def dead_words(stage: Stage) -> str:
    """Has a dead job worked anew."""
    return f"/retry {await plant(stage.town, ASKER.user_id)}"


async def removing_words(stage: Stage) -> str:
    """Takes a listed set off."""
    return f"/remove {await listed(stage)}"


async def dropping_words(stage: Stage) -> str:
    """Drops a region of the cache."""
    return f"/invalidate {REGION}"


async def pausing_words(stage: Stage) -> str:
    """Has work pause."""
    await stage.at_work()
    return "/pause"


async def lacking_fields(stage: Stage) -> str:
    """Has fields made that the home portal lacks; a button asks for it."""
    deals = stage.town.portal.entities[DEAL].fields
    for name in [name for name in deals if name.startswith("UF_CRM_")]:
        del deals[name]
    return "v1:fields"


# By the action that is confirmed: what asks for it, the question, and how the journal calls what is done.
DANGEROUS = {
    "replay": (dead_words, "replay-question", "replay"),
    "remove": (removing_words, "remove-question", "remove"),
    "invalidate": (dropping_words, "invalidate-question", "invalidate"),
    "pause": (pausing_words, "pause-question", "pause"),
    "fields": (lacking_fields, "fields-question", "add"),
}


async def _command(action: str, stage: Stage, spot: Spot) -> Ready:
    words_of, key, _ = DANGEROUS[action]
    words = await words_of(stage)
    return Ready(lambda: stage.says(spot, words), asks(action, key, spot))


async def _questioned(action: str, stage: Stage, who: Spot) -> Message:
    """A question put to somebody: an earlier one as long as they may still answer it."""
    for (token,) in await stage.town.rows(
        "SELECT token FROM confirmations WHERE action = :action AND user_id = :who AND used_at IS NULL"
        " AND expires_at > :now",
        action=action,
        who=who.actor.user_id,
        now=stage.town.clock.now().strftime(WRITTEN),
    ):
        if known := stage.questions.get((str(token), who.chat_id)):
            return known
    words = await DANGEROUS[action][0](stage)
    surface = await stage.surface(who)
    async with stage.lifted(who):
        question = await (stage.asks(who, words) if words[0] == "/" else stage.finds(who, surface, words))
    token = question.buttons[0][0]["callback_data"].split(":")[-1]
    stage.questions[token, who.chat_id] = question
    return question


async def _confirm(action: str, asker: Spot | None, stage: Stage, spot: Spot) -> Ready:
    """A question put to an admin who may be none any more, or, with `asker`, to somebody else."""
    who = asker or Spot(by_name(spot.actor), spot.kind)
    question = await _questioned(action, stage, who)
    data, done = question.buttons[0][0]["callback_data"], DANGEROUS[action][-1]
    shown = question if who.chat_id == spot.chat_id else await stage.surface(spot)
    return Ready(
        lambda: stage.presses(spot, shown, data), lambda traces: traces.journaled(done, spot.actor.user_id)
    )


async def _confirm_others(stage: Stage, spot: Spot) -> Ready:
    return await _confirm("replay", Spot(OWNER, spot.kind), stage, spot)


async def _drop(own: bool, stage: Stage, spot: Spot) -> Ready:
    who = Spot(by_name(spot.actor) if own else OWNER, spot.kind)
    question = await _questioned("replay", stage, who)
    data = question.buttons[0][1]["callback_data"]
    shown = question if who.chat_id == spot.chat_id else await stage.surface(spot)

    def effect(traces: Traces) -> bool:
        used = any(row["used_at"] for row in traces.new.get("confirmations", ()))
        return used and traces.shows("cancelled", spot.chat_id)

    return Ready(lambda: stage.presses(spot, shown, data), effect)


async def _press_retry(stage: Stage, spot: Spot) -> Ready:
    number = await plant(stage.town, ASKER.user_id, reason=f"Reason {stage.number()}: unheard of")
    shown = await stage.surface(spot, "/failed")
    question = asks("replay", "replay-question", spot)
    return Ready(lambda: stage.presses(spot, shown, f"v1:retry:{number}"), question)


async def _press_retry_one(stage: Stage, spot: Spot) -> Ready:
    number = await plant(stage.town, ASKER.user_id)
    shown = await stage.surface(spot, f"/failed {number}")
    question = asks("replay", "replay-question", spot)
    return Ready(lambda: stage.presses(spot, shown, f"v1:retry-one:{number}"), question)


async def _press_remove(stage: Stage, spot: Spot) -> Ready:
    """The button stands below what is listed, in private chats alone."""
    words = f"/check {await listed(stage)}" if spot.is_private else "/version"
    shown = await stage.surface(spot, words)
    question = asks("remove", "remove-question", spot)
    return Ready(lambda: stage.presses(spot, shown, "v1:remove"), question)


async def _invalidate_key(stage: Stage, spot: Spot) -> Ready:
    key = f"Key{stage.number()}"

    def effect(traces: Traces) -> bool:
        return traces.has("invalidations", key=key) and traces.journaled("invalidate", spot.actor.user_id)

    return Ready(lambda: stage.says(spot, f"/invalidate {REGION} {key}"), effect)


async def _resume(stage: Stage, spot: Spot) -> Ready:
    """Work is paused: still, if whoever tried before did not end that."""
    if not await stage.is_paused():
        question = await stage.asks(Spot(OWNER, "admins"), await pausing_words(stage))
        stage.presses(Spot(OWNER, "admins"), question, question.buttons[0][0]["callback_data"])
        await stage.rest()

    def effect(traces: Traces) -> bool:
        on = traces.has("switches", is_on=False) and traces.journaled("resume", spot.actor.user_id)
        return on and traces.shows("resumed", spot.chat_id)

    return Ready(lambda: stage.says(spot, "/resume"), effect)


def _begins(topic: str, key: str, spot: Spot) -> Effect:
    return lambda traces: traces.has("jobs", topic=topic) and traces.shows(key, spot.chat_id)


async def _backup(stage: Stage, spot: Spot) -> Ready:
    await stage.town.settle()
    return Ready(lambda: stage.says(spot, "/backup"), _begins("backup.receipt", "backup-begun", spot))


async def _run(name: str, topic: str, stage: Stage, spot: Spot) -> Ready:
    await stage.town.settle()
    shown = await stage.surface(spot)
    return Ready(lambda: stage.presses(spot, shown, f"v1:run:{name}"), _begins(topic, f"{name}-begun", spot))


async def _staff(verb: str, stage: Stage, spot: Spot) -> Ready:
    whom = stage.new_person()
    if verb == "remove":
        await stage.asks(Spot(OWNER, "private"), f"/staff add {whom}")
    role = "staff" if verb == "add" else None

    def effect(traces: Traces) -> bool:
        return traces.has("people", user_id=whom, role=role) and traces.journaled("role", spot.actor.user_id)

    return Ready(lambda: stage.says(spot, f"/staff {verb} {whom}"), effect)


async def _loud(stage: Stage, spot: Spot) -> None:
    """Nothing is chosen for the chat."""
    query = "UPDATE chats SET quiet_from = NULL, quiet_until = NULL WHERE chat_id = :chat"
    await stage.executes(query, chat=spot.chat_id)
    await stage.executes("DELETE FROM chat_notices WHERE chat_id = :chat", chat=spot.chat_id)


def _changes(table: str, spot: Spot, **values: Any) -> Effect:
    def effect(traces: Traces) -> bool:
        changed = traces.has(table, chat_id=spot.chat_id, **values)
        return changed and traces.journaled("change", spot.actor.user_id)

    return effect


async def _notices_quiet(stage: Stage, spot: Spot) -> Ready:
    await _loud(stage, spot)
    quiet = _changes("chats", spot, quiet_from=22 * 60, quiet_until=8 * 60)
    return Ready(lambda: stage.says(spot, "/notices quiet 22:00-08:00"), quiet)


async def _press_quiet(stage: Stage, spot: Spot) -> Ready:
    await _loud(stage, spot)
    shown = await stage.surface(spot, "/notices")
    quiet = _changes("chats", spot, quiet_from=22 * 60, quiet_until=8 * 60)
    return Ready(lambda: stage.presses(spot, shown, "v1:quiet:1320-480"), quiet)


async def _press_notices(stage: Stage, spot: Spot) -> Ready:
    await _loud(stage, spot)
    shown = await stage.surface(spot, "/notices")
    off = _changes("chat_notices", spot, kind="dead-jobs", wanted=False)
    return Ready(lambda: stage.presses(spot, shown, "v1:notices:off-dead-jobs"), off)


def _confirming(action: str) -> Prepare:
    return partial(_confirm, action, None)


DOES = partial(Trial, needs="admin", changes=True)
TRIALS = (
    DOES("command", "retry", partial(_command, "replay")),
    DOES("command", "remove", partial(_command, "remove")),
    DOES("command", "invalidate", partial(_command, "invalidate"), case="a region"),
    DOES("command", "invalidate", _invalidate_key, case="a key"),
    DOES("command", "pause", partial(_command, "pause")),
    # While work is paused only the chats of admins are listened to.
    DOES("command", "resume", _resume, works_in=("private", "admins"), late_in=("private", "group", "forum")),
    DOES("command", "backup", _backup),
    DOES("press", "run", partial(_run, "backup", "backup.receipt"), case="backup"),
    DOES("press", "run", partial(_run, "doctor", "doctor"), case="doctor"),
    DOES("press", "retry", _press_retry),
    DOES("press", "retry-one", _press_retry_one),
    DOES("press", "remove", _press_remove, works_in=("private",)),
    DOES("command", "staff", partial(_staff, "add"), case="add"),
    DOES("command", "staff", partial(_staff, "remove"), case="remove"),
    DOES("command", "notices", _notices_quiet, case="quiet"),
    DOES("press", "notices", _press_notices),
    DOES("press", "quiet", _press_quiet),
    *(
        Trial("press", "sure", _confirming(each), each, needs="asked", changes=True, by_service=True)
        for each in DANGEROUS
    ),
    Trial("press", "sure", _confirm_others, "of another", needs="nobody", changes=True, by_service=True),
    Trial("press", "drop", partial(_drop, True), needs="everyone", changes=True, by_service=True),
    Trial("press", "drop", partial(_drop, False), "of another", needs="nobody", by_service=True),
)
