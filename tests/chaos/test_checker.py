"""The checker of histories sees what it is there for: each fault planted in a sound history is told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.telegram.ledger import Call
from tests.chaos.checker import faults_of
from tests.chaos.driver import Death
from tests.chaos.history import (
    EXCUSE,
    History,
    JobRow,
    JournalRow,
    MessageRow,
    ProposalRow,
    SetRow,
)
from tests.chaos.program import Kill

Plant = Callable[[History], History]

PERSON, GROUP = 7, -8
BUTTON = {"inline_keyboard": [[{"text": "Add", "callback_data": "v1:add:token"}]]}


def sticker(update_id: int, chat: int, message_id: int, name: str) -> dict[str, Any]:
    message = {"message_id": message_id, "chat": {"id": chat}, "sticker": {"set_name": name}}
    return {"update_id": update_id, "message": message}


def chatter(update_id: int, chat: int, message_id: int) -> dict[str, Any]:
    message = {"message_id": message_id, "chat": {"id": chat}, "text": "Good morning!"}
    return {"update_id": update_id, "message": message}


def press(update_id: int) -> dict[str, Any]:
    return {"update_id": update_id, "callback_query": {"id": f"q{update_id}", "data": "v1:add:token"}}


def said(row_id: int, kind: str, chat: int, job: int, **more: Any) -> MessageRow:
    fields: dict[str, Any] = {
        "reply_to": None,
        "target": None,
        "target_row": None,
        "content": None,
        "sent_id": None,
    }
    fields |= {"doubts": 0, "state": "sent"}
    return MessageRow(id=row_id, kind=kind, chat_id=chat, job_id=job, **(fields | more))


def call(n: int, method: str, sent_id: int | None = None, **params: Any) -> Call:
    return Call(n, float(n), method, params, 200, {"result": {"message_id": sent_id}}, applied=True)


def shown(n: int, sent_id: int) -> Call:
    reply = {"message_id": 3}
    return call(n, "sendMessage", sent_id, chat_id=PERSON, reply_parameters=reply, reply_markup=BUTTON)


# A listed sticker in a group; an unlisted one in private, whose proposal is doubled by a kill and then
# pressed twice.
SOUND = History(
    bot_id=1,
    updates=[
        sticker(11, GROUP, 2, "Cats"),
        sticker(12, PERSON, 3, "Dogs"),
        press(13),
        press(14),
        chatter(15, GROUP, 8),
    ],
    calls=[
        call(1, "setMessageReaction", chat_id=GROUP, message_id=2, reaction=[{"emoji": "👌"}]),
        shown(2, 4),
        shown(3, 5),
        call(4, "answerCallbackQuery", callback_query_id="q13"),
        call(5, "editMessageText", chat_id=PERSON, message_id=5),
        call(6, "sendMessage", 6, chat_id=PERSON, reply_parameters={"message_id": 3}),
        call(7, "setMessageReaction", chat_id=PERSON, message_id=3, reaction=[{"emoji": "👍"}]),
        call(8, "answerCallbackQuery", callback_query_id="q14"),
    ],
    jobs=[JobRow(n, f"1:{10 + n}", "done", 1, 0, f"2026-01-01T00:00:0{n}Z") for n in (1, 2, 3, 4, 5)],
    messages=[
        said(1, "reaction", GROUP, 1, target=2, content={"purpose": "exists"}),
        said(2, "text", PERSON, 2, reply_to=3, content={"actions": ["add"]}, sent_id=5, doubts=1),
        said(3, "answer", PERSON, 3, content={"press_id": "q13"}),
        said(4, "edit", PERSON, 3, target_row=2),
        said(5, "text", PERSON, 3, reply_to=3, content={"actions": []}, sent_id=6),
        said(6, "reaction", PERSON, 3, target=3, content={"purpose": "added"}),
        said(7, "answer", PERSON, 4, content={"press_id": "q14"}),
    ],
    proposals=[ProposalRow("token", "Dogs", "added", PERSON, 3, 2)],
    sets=[SetRow("Cats", "2025-01-01T00:00:00Z"), SetRow("Dogs", "2026-01-01T00:00:03Z")],
    journal=[JournalRow("add", "Dogs", 3)],
    integrity="ok",
    listed_at_start=frozenset({"cats"}),
    known_listed=frozenset(),
    acknowledged=frozenset({11, 12, 13, 14}),
    deaths=[Death(Kill("sending", 1, 0), texts_on_their_way=1, last_call=2)],
)


def with_row(rows: str, place: int, **changes: Any) -> Plant:
    """One row of a table is another."""
    return lambda history: _changed(history, rows, lambda row: [replace(row, **changes)], place)


def without(rows: str, place: int) -> Plant:
    """One row is lost."""
    return lambda history: _changed(history, rows, lambda row: [], place)


def again(rows: str, place: int, **changes: Any) -> Plant:
    """One row is there twice, the copy a little different."""
    return lambda history: _changed(history, rows, lambda row: [row, replace(row, **changes)], place)


def _changed(history: History, rows: str, change: Callable[[Any], list[Any]], place: int) -> History:
    found = list(getattr(history, rows))
    found[place : place + 1] = change(found[place])
    changes: dict[str, Any] = {rows: found}
    return replace(history, **changes)


def excused(history: History) -> History:
    """The listed sticker got an excuse, which is all right only when there was an outage."""
    said_so = call(9, "sendMessage", 9, chat_id=GROUP, reply_parameters={"message_id": 2})
    texts = {"texts": [{"key": EXCUSE}], "actions": []}
    row = said(1, "text", GROUP, 1, reply_to=2, content=texts, sent_id=9)
    return replace(history, messages=[row, *history.messages[1:]], calls=[*history.calls[1:], said_so])


def test_a_sound_history_has_no_faults() -> None:
    assert faults_of(SOUND) == []


@pytest.mark.parametrize(
    ("plant", "check"),
    [
        (without("jobs", 0), "jobs_are_done_once"),
        (again("jobs", 0, id=9), "jobs_are_done_once"),
        (with_row("jobs", 0, state="dead"), "jobs_are_done_once"),
        (again("messages", 0, id=9, job_id=9), "jobs_are_done_once"),
        (without("messages", 0), "stickers_have_one_effect"),
        (again("messages", 0, id=9), "stickers_have_one_effect"),
        (with_row("messages", 0, target=1), "stickers_have_one_effect"),
        (with_row("proposals", 0, source_message=1), "stickers_have_one_effect"),
        (with_row("sets", 1, added_at="2026-01-01T00:00:01Z"), None),
        (with_row("messages", 1, content={"actions": []}), "stickers_have_one_effect"),
        (with_row("proposals", 0, state="open"), "presses_have_one_effect"),
        (without("messages", 3), "presses_have_one_effect"),
        (without("messages", 6), "presses_have_one_effect"),
        (again("messages", 3, id=9, job_id=4), "presses_have_one_effect"),
        (with_row("messages", 5, target=2), "presses_have_one_effect"),
        (without("sets", 1), "sets_are_added_once"),
        (again("sets", 1), "sets_are_added_once"),
        (without("journal", 0), "sets_are_added_once"),
        (again("journal", 0), "sets_are_added_once"),
        (with_row("journal", 0, job_id=4), "sets_are_added_once"),
        (with_row("messages", 4, state="unknown"), "messages_are_sent"),
        (with_row("messages", 4, sent_id=4), "messages_are_sent"),
        (with_row("messages", 2, state="unknown"), None),
        (with_row("messages", 2, state="waiting"), "messages_are_sent"),
        (without("calls", 0), "messages_are_sent"),
        (with_row("calls", 5, applied=False), "messages_are_sent"),
        (again("calls", 0, n=9), None),
        (again("calls", 5, n=9), "texts_are_doubled_once_a_kill"),
        (with_row("messages", 1, doubts=0), "texts_are_repeated_once_and_counted"),
        (with_row("messages", 1, doubts=2), "texts_are_repeated_once_and_counted"),
        (without("deaths", 0), "texts_are_doubled_once_a_kill"),
        (with_row("deaths", 0, texts_on_their_way=2), "texts_are_doubled_once_a_kill"),
        (again("calls", 5, n=9, params={"chat_id": PERSON}), "nothing_else_was_said"),
        (lambda history: replace(history, gap=1), "updates_are_stored_before_they_are_confirmed"),
        (without("jobs", 1), "acknowledged_updates_are_stored"),
        (lambda history: replace(history, acknowledged=frozenset({16})), "acknowledged_updates_are_stored"),
        (again("messages", 0, id=9, job_id=5), "chatter_has_no_effect"),
        (with_row("messages", 4, content={"texts": [{"key": EXCUSE}]}), "presses_have_one_effect"),
        (excused, "stickers_have_one_effect"),
        (lambda history: replace(excused(history), outages=1), None),
        (lambda history: replace(history, integrity="row 5 missing"), "database_is_sound"),
    ],
)
def test_each_planted_fault_is_told_and_what_is_allowed_is_not(plant: Plant, check: str | None) -> None:
    told = {fault.split(":")[0] for fault in faults_of(plant(SOUND))}

    assert check in told if check else not told
