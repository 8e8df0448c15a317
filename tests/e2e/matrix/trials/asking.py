"""What everybody may ask for, and what a chat's own administrators choose."""

from functools import partial
from typing import Any

from services.flow.claims import digest_of
from tests.e2e import shelf
from tests.e2e.matrix.actors import Spot
from tests.e2e.matrix.stage import WRITTEN, Stage
from tests.e2e.matrix.traces import Traces
from tests.e2e.matrix.trial import Prepare, Ready, Trial
from tests.e2e.matrix.trials.reading import saying, turning

PAGES = 25  # sets: more than one page


async def _start_with_a_code(stage: Stage, spot: Spot) -> Ready:
    """The code was made when there was no admin; by now there is one, so it makes nobody one."""
    code = f"code-{stage.number()}"
    await stage.executes(
        "INSERT INTO claims (digest, created_at) VALUES (:digest, :now)",
        digest=digest_of(code),
        now=stage.town.clock.now().strftime(WRITTEN),
    )

    def effect(traces: Traces) -> bool:
        return traces.shows("start", spot.chat_id) and not {"people", "claims"} & {*traces.new, *traces.gone}

    return Ready(lambda: stage.says(spot, f"/start {code}"), effect)


async def _no_language(stage: Stage, spot: Spot) -> None:
    who, chat = spot.actor.user_id, spot.chat_id
    await stage.executes("UPDATE people SET language = NULL WHERE user_id = :who", who=who)
    await stage.executes(
        "UPDATE chats SET language = NULL, proposals = true WHERE chat_id = :chat", chat=chat
    )


async def _lang(stage: Stage, spot: Spot) -> Ready:
    """Of somebody anonymous nobody knows who reads what, so they are asked."""
    await _no_language(stage, spot)

    def effect(traces: Traces) -> bool:
        if spot.actor.anonymous:
            return traces.shows("language-question", spot.chat_id)
        chosen = traces.has("people", user_id=spot.actor.user_id, language="ru")
        return chosen and traces.shows("language-chosen", spot.chat_id)

    return Ready(lambda: stage.says(spot, "/lang ru"), effect)


async def _press_language(stage: Stage, spot: Spot) -> Ready:
    await _no_language(stage, spot)
    question = await stage.surface(spot, "/lang")
    return Ready(
        lambda: stage.presses(spot, question, "v1:lang:ru"),
        lambda traces: traces.has("people", user_id=spot.actor.user_id, language="ru"),
    )


async def _page(stage: Stage, spot: Spot) -> Ready:
    if not await stage.town.scalar("SELECT count(*) FROM sticker_sets WHERE name = 'Set_00'"):
        await shelf.fill(stage.town, PAGES)
    return await turning("/gallery", "page:2", "gallery-found")(stage, spot)


async def _choose(choice: str, stage: Stage, spot: Spot) -> Ready:
    """In private it is one's own language, in a group the chat's."""
    await _no_language(stage, spot)
    shown = await stage.surface(spot, "/settings")
    what, _, value = choice.partition("-")
    chosen: dict[str, Any] = {what: False if value == "off" else value}

    def effect(traces: Traces) -> bool:
        who, chat = spot.actor.user_id, spot.chat_id
        if spot.is_private:
            return traces.has("people", user_id=who, **chosen)
        return traces.has("chats", chat_id=chat, **chosen) and traces.journaled("settings", who)

    return Ready(lambda: stage.presses(spot, shown, f"v1:set:{choice}"), effect)


def _choosing(choice: str) -> Prepare:
    return partial(_choose, choice)


CHATS = partial(Trial, needs="chat")
GROUPS: Any = ("group", "forum", "admins")
TRIALS = (
    Trial("command", "start", saying("/start", "start")),
    Trial("command", "start", _start_with_a_code, case="with a code"),
    Trial("command", "help", saying("/help", "help")),
    Trial("command", "lang", saying("/lang", "language-question")),
    Trial("command", "lang", _lang, case="with a language"),
    Trial("command", "whoami", saying("/whoami", "whoami", "whoami-anonymous")),
    Trial("command", "version", saying("/version", "version")),
    Trial("command", "search", saying("/search something", "search-none")),
    Trial("command", "gallery", saying("/gallery", "gallery-none", "gallery-found")),
    Trial("message", "unknown command", saying("/frobnicate", "unknown-command"), works_in=("private",)),
    Trial("press", "menu", turning("/start", "menu:help", "help"), case="help"),
    Trial("press", "menu", turning("/start", "menu:lang", "language-question"), case="language"),
    Trial("press", "lang", _press_language),
    Trial("press", "page", _page),
    Trial("press", "unknown", turning("/version", "frobnicate", "error-stale-button")),
    CHATS("command", "settings", saying("/settings", "settings-chat", "settings-own")),
    CHATS("press", "set", _choosing("language-ru"), case="a language", changes=True),
    CHATS("press", "set", _choosing("proposals-off"), case="no proposals", changes=True, exists_in=GROUPS),
)
