"""What operators see: the answer to a command, its question confirmed, and dead jobs as tests plant them."""

import json
from itertools import count

from sqlalchemy import insert, update

from sandbox.telegram.messages import Message
from sandbox.telegram.queries import CallbackAnswer
from storage.tables import jobs
from tests.e2e.wording import press_buttons
from tests.town import ADMIN, Town

_numbers = count(900_000)


def answer(town: Town, to: Message) -> Message:
    """The bot's only answer to a message: notices may come at any time."""
    [found] = answers(town, to)
    return found


def answers(town: Town, to: Message) -> list[Message]:
    """All that the bot replied to a message."""
    return [each for each in town.sent(to.chat.id) if each.reply_to is to]


async def confirm(town: Town, question: Message, who: int = ADMIN) -> CallbackAnswer | None:
    """Press yes below a question."""
    return await town.presses(who, question, press_buttons(question)[0])


async def steps(town: Town, seconds: float) -> None:
    """Let time go on, and everything come to rest."""
    await town.clock.advance(seconds)  # type: ignore[attr-defined]
    await town.settle()


async def hurry(town: Town, topic: str) -> None:
    """Have what waits of a topic tried again within seconds, however long it would have waited."""
    late = update(jobs).where(jobs.c.topic == topic, jobs.c.state == "waiting")
    await town.switchboard.hub.database.write(lambda tx: tx.execute(late.values(due_at=town.clock.now())))


async def plant(
    town: Town,
    who: int,
    words: str = "/version",
    *,
    reason: str = "NetworkError: the cable was cut",
    topic: str = "telegram",
    age: float = 60.0,
    payload: str | None = None,
) -> int:
    """Store a dead job: a message of somebody in private, unless `payload` is another. Its number."""
    update_id, now = next(_numbers), town.clock.now()
    accepted = now.timestamp() - age
    message = {
        "message_id": 1,
        "date": int(accepted),
        "chat": {"id": who, "type": "private", "first_name": "X"},
        "from": {"id": who, "is_bot": False, "first_name": "X", "language_code": "en"},
        "text": words,
        "entities": [{"type": "bot_command", "offset": 0, "length": len(words.split(maxsplit=1)[0])}],
    }
    row = {
        "topic": topic,
        "key": f"chat:{who}",
        "dedup_id": f"planted:{update_id}",
        "payload": payload or json.dumps({"update_id": update_id, "message": message}),
        "state": "dead",
        "due_at": now,
        "attempts": 3,
        "reason": reason,
        "correlation_id": f"planted-{update_id}",
        "accepted_at": type(now).fromtimestamp(accepted, now.tzinfo),
        "first_failed_at": now,
        "finished_at": now,
    }
    stored = await town.switchboard.hub.database.write(
        lambda tx: tx.execute(insert(jobs).values(row).returning(jobs.c.id)).scalar_one()
    )
    return int(stored)
