"""Holds a history against the rules. Every check answers with what it found wrong, a line each."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal

from sandbox.telegram.ledger import Call
from tests.chaos.driver import PRESS
from tests.chaos.history import History, Json, MessageRow, ProposalRow

PER_HOUR = 5  # proposals in one group
ACCEPTED = ["edit", "reaction added", "text"]  # what an accepted proposal says, besides the press's answer
EMOJI = {"exists": "👌", "added": "👍"}  # as configured by default, ✅ being none that Telegram permits

Place = tuple[int, int]  # chat, message
Check = Callable[[History], Iterable[str]]
Listed = Literal["yes", "no", "perhaps"]


def jobs_are_done_once(history: History) -> Iterator[str]:
    """Every update is one job, and every job is done."""
    expected = Counter(history.dedup_id(update["update_id"]) for update in history.updates)
    found = Counter(job.dedup_id for job in history.jobs)
    for dedup_id in expected | found:
        if found[dedup_id] != 1 or not expected[dedup_id]:
            yield f"update {dedup_id}: {found[dedup_id]} jobs for {expected[dedup_id]} updates"
    for job in history.jobs:
        if job.state != "done":
            yield f"job {job.id} is {job.state}"
    known = {job.id for job in history.jobs}
    for message in history.messages:
        if message.job_id not in known:
            yield f"message {message.id} belongs to no job"


def updates_are_stored_before_they_are_confirmed(history: History) -> Iterator[str]:
    """Telegram is never told that we have what is not in the inbox yet."""
    if history.gap > 0:
        yield f"{history.gap} updates were confirmed and not stored"


def acknowledged_updates_are_stored(history: History) -> Iterator[str]:
    """A 200 is never a false yes."""
    for number in sorted(history.acknowledged - set(history.job_of)):
        yield f"update {number} was acknowledged and is not there"


def stickers_have_one_effect(history: History) -> Iterator[str]:
    """Each sticker has the effect that the rules name, in the order of its chat, and no other."""
    shown: defaultdict[int, list[str]] = defaultdict(list)
    proposals = {proposal.shown_row: proposal for proposal in history.proposals}
    for update in history.of_kind("message"):
        message, job = update["message"], history.job_of.get(update["update_id"])
        if job is None or "sticker" not in message:
            continue  # told by jobs_are_done_once, or by chatter_has_no_effect
        chat_id, name = message["chat"]["id"], message["sticker"]["set_name"].lower()
        rows = history.effects.get(job.id, [])
        found = sorted(row.word for row in rows)
        allowed = _allowed(chat_id > 0, _listed(history, update), shown[chat_id], name)
        if history.outages:
            allowed.append(["excuse"])
        if found not in allowed:
            yield f"sticker {_place(message)} of {name}: {found}, not one of {allowed}"
        for row in rows:
            yield from _belongs(row, message["message_id"], proposals)
        if "proposal" in found:
            shown[chat_id].append(name)


def chatter_has_no_effect(history: History) -> Iterator[str]:
    """What people say to each other is nothing to the hub."""
    for update in history.of_kind("message"):
        job = history.job_of.get(update["update_id"])
        if job and "sticker" not in update["message"] and (rows := history.effects.get(job.id)):
            yield f"the message of update {update['update_id']} has the effects {rows}"


def _listed(history: History, update: Json) -> Listed:
    """Whether the sticker's set was listed when it was worked, as far as an onlooker can tell."""
    message = update["message"]
    name = message["sticker"]["set_name"].lower()
    if name in history.listed_at_start or _place(message) in history.known_listed:
        return "yes"
    added_at, finished_at = history.added_at.get(name), history.job_of[update["update_id"]].finished_at
    return "no" if added_at is None or (finished_at or "") < added_at else "perhaps"


def _allowed(private: bool, listed: Listed, shown: list[str], name: str) -> list[list[str]]:
    is_answer = ["text"] if private else ["reaction exists"]
    has_room = private or (name not in shown and len(shown) < PER_HOUR)
    proposal = (["proposal"] if private else ["delete", "proposal"]) if has_room else []
    return {"yes": [is_answer], "no": [proposal], "perhaps": [is_answer, proposal]}[listed]


def _belongs(row: MessageRow, message_id: int, proposals: dict[int, ProposalRow]) -> Iterator[str]:
    if row.kind == "text" and row.reply_to != message_id:
        yield f"text {row.id} replies to {row.reply_to}, not to {message_id}"
    if row.kind == "reaction" and row.target != message_id:
        yield f"reaction {row.id} is put on {row.target}, not on {message_id}"
    if row.word == "proposal":
        shown = proposals.get(row.id)
        if shown is None or (shown.chat_id, shown.source_message) != (row.chat_id, message_id):
            yield f"the proposal that message {row.id} shows is {shown}"


def presses_have_one_effect(history: History) -> Iterator[str]:
    """Of all presses and 👍 on one proposal exactly one accepts it; every press is answered."""
    jobs = _jobs_by_token(history)
    for proposal in history.proposals:
        pressing = jobs.get(proposal.token, [])
        accepting = [job for job in pressing if _accepts(history, job)]
        if len(accepting) != bool(pressing) or (proposal.state == "added") != bool(pressing):
            yield f"{proposal} was pressed by the jobs {pressing} and accepted by {accepting}"
        for job in accepting:
            yield from _closes(history, job, proposal)
    pressed = set(_job_ids(history, "callback_query"))
    for job in (each for of_token in jobs.values() for each in of_token):
        words = sorted(row.word for row in history.effects.get(job, []))
        answer = ["answer"] if job in pressed else []
        if words not in ([*answer], [*answer, *ACCEPTED]):
            yield f"press job {job} has the effects {words}"


def _jobs_by_token(history: History) -> dict[str, list[int]]:
    """The jobs of presses and reactions, by the proposal they are for."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for job, query in _job_ids(history, "callback_query").items():
        found[query["data"].removeprefix(PRESS)].append(job)
    shown = {
        (proposal.chat_id, history.message[proposal.shown_row].sent_id): proposal.token
        for proposal in history.proposals
        if proposal.shown_row in history.message
    }
    for job, reaction in _job_ids(history, "message_reaction").items():
        # A message that shows no proposal of ours: whatever its job did is then told as a fault.
        token = shown.get((reaction["chat"]["id"], reaction["message_id"]), "none")
        found[token].append(job)
    return dict(found)


def _job_ids(history: History, kind: str) -> dict[int, Json]:
    """The jobs of all updates of a kind, each with what the update says; a lost one is told elsewhere."""
    return {
        job.id: update[kind]
        for update in history.of_kind(kind)
        if (job := history.job_of.get(update["update_id"]))
    }


def _accepts(history: History, job: int) -> bool:
    return any(row.kind == "edit" for row in history.effects.get(job, []))


def _closes(history: History, job: int, proposal: ProposalRow) -> Iterator[str]:
    for row in history.effects[job]:
        about = {"edit": row.target_row, "text": row.reply_to, "reaction": row.target}.get(row.kind)
        wanted = proposal.shown_row if row.kind == "edit" else proposal.source_message
        if row.kind != "answer" and (row.chat_id, about) != (proposal.chat_id, wanted):
            yield f"{row.word} {row.id} of job {job} is about {about}, not about {wanted}"


def sets_are_added_once(history: History) -> Iterator[str]:
    """The gallery and the journal hold every accepted set once, and nothing else."""
    accepted = {each.key.lower() for each in history.proposals if each.state == "added"}
    for name, count in Counter(row.name.lower() for row in history.sets).items():
        if count != 1 or name not in accepted | history.listed_at_start:
            yield f"set {name} is listed {count} times"
    for name in (accepted | history.listed_at_start) - set(history.added_at):
        yield f"set {name} is not listed"
    additions = Counter(row.key.lower() for row in history.journal if row.action == "add")
    for name in set(additions) | (accepted - history.listed_at_start):
        if additions[name] != 1 or name not in accepted:
            yield f"the journal has {additions[name]} additions of {name}"
    for entry in history.journal:
        if not _accepts(history, entry.job_id):
            yield f"journal: {entry} was written by a job that accepted nothing"


def messages_are_sent(history: History) -> Iterator[str]:
    """Nothing said is lost: each row ended as sent, and the stand-in has applied it.

    Answers to presses are tried once only, so a kill may cost one; deletions are due in a day.
    """
    applied = applied_by_row(history)
    accepted = {each.shown_row for each in history.proposals if each.state == "added"}
    for row in history.messages:
        if row.kind == "delete":
            allowed = {"dropped"} if row.target_row in accepted else {"waiting"}
        else:
            allowed = {"sent", "unknown"} if row.kind == "answer" and history.deaths else {"sent"}
        if row.state not in allowed:
            yield f"{row.word} {row.id} is {row.state}"
        if row.state == "sent" and not applied[row.id]:
            yield f"{row.word} {row.id} was never applied"
        if row.kind == "text" and row.sent_id not in {_sent_id(call) for call in applied[row.id]}:
            yield f"{row.word} {row.id} is known as {row.sent_id}, which was no answer"
    if (lost := unknown_answers(history)) > len(history.deaths):
        yield f"{lost} answers to presses lost by {len(history.deaths)} kills"


def unknown_answers(history: History) -> int:
    """Answers to presses of which nobody knows whether they arrived."""
    return sum(row.kind == "answer" and row.state == "unknown" for row in history.messages)


def nothing_else_was_said(history: History) -> Iterator[str]:
    """Each applied call that people can see has its row."""
    known = {call.n for calls in applied_by_row(history).values() for call in calls}
    for call in history.calls:
        if call.applied and call.method in _KEYS and call.n not in known:
            yield f"call {call.n} {call.method} has no row: {call.params}"


def texts_are_doubled_once_a_kill(history: History) -> Iterator[str]:
    """A kill doubles one text at most."""
    per_kill = doubled_per_kill(history)
    for number, count in per_kill.items():
        if count > 1 or not 0 <= number < len(history.deaths):
            yield f"kill {number + 1} doubled {count} texts"
    for number, death in enumerate(history.deaths):
        if death.texts_on_their_way > 1:
            yield f"kill {number + 1} left {death.texts_on_their_way} texts in doubt"


def texts_are_repeated_once_and_counted(history: History) -> Iterator[str]:
    """A text is applied again only when its outcome was in doubt, and that is counted in its row."""
    for row_id, calls in applied_by_row(history).items():
        row = history.message[row_id]
        if row.kind == "text" and (len(calls) > 1 + row.doubts or row.doubts > 1):
            yield f"{row.word} {row.id} was applied {len(calls)} times and has {row.doubts} doubts"


def doubled_per_kill(history: History) -> Counter[int]:
    """How many texts were applied once more because of each kill (by its place in `deaths`)."""
    found: Counter[int] = Counter()
    for row_id, calls in applied_by_row(history).items():
        if history.message[row_id].kind == "text":
            for call in calls[1:]:
                found[sum(death.last_call < call.n for death in history.deaths) - 1] += 1
    return found


Key = tuple[object, ...]
_KEYS: dict[str, Callable[[Call], Key]] = {
    "sendMessage": lambda call: (
        "text",
        call.params["chat_id"],
        (call.params.get("reply_parameters") or {}).get("message_id"),
        "callback_data" in str(call.params.get("reply_markup")),
    ),
    "editMessageText": lambda call: ("edit", call.params["chat_id"], call.params["message_id"]),
    "setMessageReaction": lambda call: (
        "reaction",
        call.params["chat_id"],
        call.params["message_id"],
        *(each["emoji"] for each in call.params["reaction"]),
    ),
    "answerCallbackQuery": lambda call: ("answer", call.params["callback_query_id"]),
}


def applied_by_row(history: History) -> dict[int, list[Call]]:
    """The calls that the stand-in applied, by the row of the outbox they were made for."""
    calls: defaultdict[Key, list[Call]] = defaultdict(list)
    for call in history.calls:
        if call.applied and call.method in _KEYS:
            calls[_KEYS[call.method](call)].append(call)
    return {row.id: calls.get(_key_of(history, row), []) for row in history.messages}


def _key_of(history: History, row: MessageRow) -> Key:
    match row.kind:
        case "text":
            return "text", row.chat_id, row.reply_to, row.word == "proposal"
        case "edit":
            return "edit", row.chat_id, history.message[row.target_row or 0].sent_id
        case "reaction":
            return "reaction", row.chat_id, row.target, EMOJI[row.content["purpose"]]
        case "answer":
            return "answer", row.content["press_id"]
        case _:
            return (row.kind, row.id)


def database_is_sound(history: History) -> Iterator[str]:
    """What the database finds when it is asked about itself."""
    if history.integrity != "ok":
        yield f"integrity check: {history.integrity}"


CHECKS: tuple[Check, ...] = (
    jobs_are_done_once,
    updates_are_stored_before_they_are_confirmed,
    acknowledged_updates_are_stored,
    stickers_have_one_effect,
    chatter_has_no_effect,
    presses_have_one_effect,
    sets_are_added_once,
    messages_are_sent,
    nothing_else_was_said,
    texts_are_doubled_once_a_kill,
    texts_are_repeated_once_and_counted,
    database_is_sound,
)


def faults_of(history: History, *, leaving_out: Collection[Check] = ()) -> list[str]:
    """Everything that is wrong with a history, each fault after the name of its check."""
    checks = [check for check in CHECKS if check not in leaving_out]
    return [f"{check.__name__}: {fault}" for check in checks for fault in check(history)]


def _place(message: Json) -> Place:
    return message["chat"]["id"], message["message_id"]


def _sent_id(call: Call) -> int | None:
    found: int | None = call.answer["result"]["message_id"]
    return found
