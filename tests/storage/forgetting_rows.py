"""Somebody who was everywhere, and somebody else of the same first name: what is to be forgotten."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from sqlalchemy import insert, select

from commands.forget import PARTS
from services.engine.clock import Clock, SystemClock
from services.flow.forgetting import Forgetting
from storage.database import Database, Transaction
from storage.tables import (
    approvals,
    chats,
    deal_links,
    faults,
    invalidations,
    jobs,
    journal,
    leases,
    members,
    messages,
    metadata,
    notices,
    people,
    submission_programmes,
    submissions,
    switches,
)
from tests.storage.rows import NOON

Planted = Iterator[tuple[Any, dict[str, Any]]]

ANN, OTHER = 700_200_300, 700_200_301
PHONE, EMAIL = "79161234567", "anna.petrova@example.org"
SPELLINGS = (
    "+7 916 123-45-67",
    "8 (916) 123 45 67",
    "89161234567",
    "9161234567",
    "+79161234567",
    "007 916 123.45.67",
    "%2B7%20916%20123-45-67",
)
# How it would show if anything were left: in whatever spelling, the digits at the end of the number.
LEFT = ("1234567", "123-45-67", "123 45 67", "123.45.67", "petrova", "Петрова", "ann_petrova", str(ANN))


def update_of(user: int, words: str, **more: Any) -> str:
    """An update as Telegram sends it."""
    person = {
        "id": user,
        "is_bot": False,
        "first_name": "Анна",
        "last_name": "Петрова",
        "username": "ann_petrova",
    }
    chat = {"id": user, "type": "private", "first_name": "Анна"}
    message = {"message_id": 5, "from": person, "chat": chat, "text": words, "entities": [{"offset": 0}]}
    return json.dumps({"update_id": 7, "message": message | more})


def a_job(key: str, payload: str, topic: str = "telegram", **more: Any) -> dict[str, Any]:
    row = {"topic": topic, "key": key, "payload": payload, "state": "done", "due_at": NOON}
    return {**row, "correlation_id": "c", "accepted_at": NOON, "finished_at": NOON, **more}


def a_submission(number: str, phone: str, email: str, **more: Any) -> dict[str, Any]:
    row = {"id": number, "digest": "d" * 64, "poll_id": 17, "name": "Анна", "last_name": "Петрова"}
    said = {"phone": phone, "email": email, "comments": f"Звонить: {phone}", "job_id": 1, "in_doubt": False}
    return {**row, **said, "accepted_at": NOON, **more}


async def put(database: Database, *rows: tuple[Any, dict[str, Any]]) -> None:
    """Rows as they are, of any tables."""

    def unit(tx: Transaction) -> None:
        for table, row in rows:
            tx.execute(insert(table).values(row))

    await database.write(unit)


async def plant(database: Database) -> None:
    """Both of them, in every table that may name somebody."""
    await put(database, *_met(), *_work(), *_sent(), *_decided(), *_handed_in(), *_dealt(), *_operated())


def _met() -> Planted:
    ann = {"user_id": ANN, "name": "Анна Петрова", "username": "ann_petrova", "role": "staff"}
    yield people, {**ann, "seen_at": NOON}
    yield people, {"user_id": OTHER, "name": "Анна", "seen_at": NOON, "role_by": ANN}
    for chat_id, title in ((ANN, "Анна Петрова"), (-100, "Группа")):
        yield chats, {"chat_id": chat_id, "type": "x", "title": title, "active": True, "seen_at": NOON}
    yield members, {"chat_id": -100, "user_id": ANN, "status": "member", "checked_at": NOON}


def _work() -> Planted:
    spelled = json.dumps({"update_id": 8, "message": {"text": " ; ".join(SPELLINGS)}})
    card = json.dumps({"phone": int(PHONE), "NAME": "Анна", "mail": EMAIL.upper()})
    reason = f"no {EMAIL}"
    yield jobs, a_job(f"chat:{ANN}", update_of(ANN, f"мой телефон {SPELLINGS[0]}"))
    yield jobs, a_job("chat:-100", update_of(ANN, "/check x", chat={"id": -100, "type": "group"}))
    yield jobs, a_job(f"chat:{OTHER}", spelled)
    yield jobs, a_job("x:1", card, "x")
    of_form = a_job("submission:s-1", '{"submission":"s-1"}', "submissions", state="dead", reason=reason)
    yield jobs, of_form
    deal = json.dumps({"domain": "p.bitrix24.ru", "id": OTHER})
    yield jobs, a_job(f"deal:p.bitrix24.ru:{OTHER}", deal, "deals")


def _sent() -> Planted:
    params = {"name": "Анна Петрова", "note": f"@ann_petrova {SPELLINGS[1]}"}
    shown = {"texts": [{"key": "k", "params": params}]}
    sent = {"language": "en", "content": shown, "correlation_id": "c", "created_at": NOON, "due_at": NOON}
    waiting = {"kind": "text", "chat_id": ANN, "state": "waiting", "dedup_id": f"a.{ANN}.1"}
    yield messages, {**waiting, **sent}
    yield messages, {"kind": "text", "chat_id": -100, "state": "sent", **sent}


def _decided() -> Planted:
    asked = {"action": "add", "kind": "stickerset", "key": "k", "card": {}, "details": {}}
    names = {"asker_name": "Анна Петрова", "decided_by": f"user:{ANN}", "decided_name": "ann_petrova"}
    moments = dict.fromkeys(("proposed_at", "created_at", "expires_at"), NOON)
    said = {"token": "t", "chat_id": ANN, "asker": ANN, "state": "approved", "reason": f"пишите на {EMAIL}"}
    yield approvals, {**asked, **names, **moments, **said}
    entry = {"at": NOON, "action": "add", "kind": "contact", "key": "12"}
    name = {"NAME": "Анна", "LAST_NAME": "Петрова"}
    new = {**name, "PHONE": [{"VALUE": SPELLINGS[2]}], "EMAIL": [{"VALUE": EMAIL}]}
    yield journal, {**entry, "actor": f"user:{ANN}", "after": new}
    of_user = {"actor": "transfer", "kind": "user", "key": str(ANN), "before": {"who": "Анна Петрова"}}
    yield journal, {**entry, **of_user}


def _handed_in() -> Planted:
    yield submissions, a_submission("s-1", SPELLINGS[0], EMAIL, contact_id=12)
    yield submissions, a_submission(f"by-{EMAIL}", "", EMAIL.upper())
    yield submissions, a_submission("s-3", "+7 495 000-00-00", "other@example.org", last_name="Ким")
    for key, deal_id in (("физика", 31), ("химия", None)):
        wanted = {"submission_id": "s-1", "key": key, "title": key, "position": 1, "deal_id": deal_id}
        yield submission_programmes, wanted


def a_link(source: dict[str, Any], target: dict[str, Any], deal: int = ANN) -> tuple[Any, dict[str, Any]]:
    """A deal and its twin, and what they held."""
    known = {"source_values": source, "source_fingerprint": "f"}
    held = {"target_values": target, "target_fingerprint": "f", "mapping_version": "1"}
    numbers = {"source_domain": "p.bitrix24.ru", "source_deal_id": deal, "target_deal_id": deal + 5}
    return deal_links, {**numbers, **known, **held, "created_at": NOON, "updated_at": NOON}


def _dealt() -> Planted:
    yield a_link({"TITLE": f"Петрова Анна {PHONE}"}, {})


def _operated() -> Planted:
    sample = f"user {ANN}: {EMAIL}"
    yield faults, {"kind": "k", "count": 1, "first_at": NOON, "last_at": NOON, "sample": sample}
    told = {"kind": "k", "subject": "", "state": "told", "count": 1, "since": NOON}
    yield notices, {**told, "params": {"x": " ; ".join(SPELLINGS)}}
    yield invalidations, {"region": "contact", "key": PHONE, "at": NOON}
    for spelled in (EMAIL, PHONE):  # one person by two names
        yield leases, {"name": f"contact:{spelled}", "owner": "o", "until": NOON}
    switched = {"name": "paused", "is_on": False, "by": f"user:{ANN}", "by_name": "Анна Петрова"}
    yield switches, {**switched, "at": NOON}


async def dump(database: Database) -> dict[str, list[str]]:
    """Every row of every table, as text."""

    def read(tx: Transaction) -> dict[str, list[str]]:
        return {
            table.name: [str([str(value) for value in row]) for row in tx.execute(select(table))]
            for table in metadata.sorted_tables
        }

    return await database.read(read)


def left(dumped: dict[str, list[str]]) -> list[tuple[str, str]]:
    """What still names the person; a deal that bears the same number as the person is no person."""
    rows = [(name, row) for name, found in dumped.items() for row in found]
    of_deals = {("deal_links", str(ANN))}
    return [
        (name, row)
        for name, row in rows
        for trace in LEFT
        if trace.casefold() in row.casefold() and (name, trace) not in of_deals
    ]


def room(database: Database, clock: Clock | None = None) -> Forgetting:
    """What forgets, as the command has it."""
    return Forgetting(database, clock or SystemClock(), Random(1), PARTS)


async def forget(database: Database, *people_: str) -> None:
    """One after the other."""
    for words in people_:
        await room(database).forget(await room(database).known(words), "command line")
