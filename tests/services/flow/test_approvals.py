"""Approvals: who has to ask, and what happens when many ask or decide at the same moment."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.engine.errors import Refused
from services.engine.work import Work
from services.flow.approvals import Decider
from services.flow.places import Asker, Place, Press
from services.flow.retention import Retention
from storage import people
from storage.records import Job
from tests.services.flow.conftest import ADMIN, ANN, BORIS, GROUP, House, new_house
from tests.storage.files import rows, scalar

BY_ANN, BY_BORIS, BY_ADMIN, NAMELESS = (
    Asker(ANN, "Ann"),
    Asker(BORIS, "Boris"),
    Asker(ADMIN, "Alice"),
    Asker(None, "Sticker Fans"),
)


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[House]:
    """A house where who is no admin has to ask."""
    async with new_house(tmp_path, GALLERY_APPROVAL="auto") as house:
        yield house


@pytest.mark.parametrize(
    ("mode", "admins", "asking"),
    [
        ("direct", str(ADMIN), []),
        ("auto", "", []),
        ("auto", str(ADMIN), [BY_ANN, NAMELESS]),
        ("review", str(ADMIN), [BY_ANN, BY_ADMIN, NAMELESS]),
    ],
)
async def test_who_has_to_ask_says_the_mode(
    tmp_path: Path, mode: str, admins: str, asking: list[Asker]
) -> None:
    async with new_house(tmp_path, GALLERY_APPROVAL=mode, ADMIN_IDS=admins) as house:
        everyone = (BY_ANN, BY_ADMIN, NAMELESS)
        must = [who for who in everyone if await house.hub.approvals.must_ask("stickerset", who)]
        assert must == asking


async def test_with_the_first_claimed_admin_others_have_to_ask(tmp_path: Path) -> None:
    async with new_house(tmp_path, GALLERY_APPROVAL="auto", ADMIN_IDS="") as house:
        at = house.clock.now()
        await house.database.write(
            lambda tx: people.give_role(tx, BORIS, "admin", name="Boris", by=None, at=at)
        )
        assert await house.hub.approvals.must_ask("stickerset", BY_ANN)
        assert not await house.hub.approvals.must_ask("stickerset", BY_BORIS)


async def test_who_asks_for_the_same_at_the_same_moment_joins(strict: House) -> None:
    places = [Place(-100 - number, private=False, language="en", message_id=10) for number in range(6)]
    shown = [await strict.propose(place=place) for place in places]
    works = [strict.work() for _ in places]
    for work, place, proposal in zip(works, places, shown, strict=True):
        assert proposal
        there = Place(place.chat_id, False, "en", message_id=proposal[1])
        await strict.hub.proposals.accept_press(proposal[0], Press(BY_ANN, there, "p"), work)
    await asyncio.gather(*map(strict.finish, works))
    assert await scalar(strict.database, "SELECT count(*) FROM approvals") == 1
    assert await scalar(strict.database, "SELECT count(*) FROM approval_requests") == 6
    assert await scalar(strict.database, "SELECT count(*) FROM approval_cards") == 1


async def test_of_decisions_at_the_same_moment_one_counts_and_each_hears_which(strict: House) -> None:
    found = await strict.propose()
    assert found
    work, there = strict.work(), Place(GROUP.chat_id, False, "en", message_id=found[1])
    await strict.hub.proposals.accept_press(found[0], Press(BY_ANN, there, "p"), work)
    await strict.finish(work)
    token = await scalar(strict.database, "SELECT token FROM approvals")
    heard: list[tuple[str | None, bool]] = []
    works = [strict.work() for _ in range(8)]
    for number, each in enumerate(works):
        decider = Decider(f"user:{number}", f"P{number}")
        strict.hub.approvals.decide(
            each, token, number % 2 == 0, decider, lambda tx, now, won: heard.append((now.decided_by, won))
        )
    await asyncio.gather(*map(strict.finish, works))
    assert sorted(won for _, won in heard) == [False] * 7 + [True]
    assert len({by for by, _ in heard}) == 1
    approved = await scalar(strict.database, "SELECT state FROM approvals") == "approved"
    jobs = await rows(strict.database, "SELECT topic, key, dedup_id FROM jobs")
    assert jobs == ([("decisions", "stickerset:cats_by_bot", token)] if approved else [])


async def approved(strict: House) -> Job:
    """Ann asks, the admin says yes: the job that carries it out."""
    found = await strict.propose()
    assert found
    asking, there = strict.work(), Place(GROUP.chat_id, False, "en", message_id=found[1])
    await strict.hub.proposals.accept_press(found[0], Press(BY_ANN, there, "p"), asking)
    await strict.finish(asking)
    deciding, token = strict.work(), str(await scalar(strict.database, "SELECT token FROM approvals"))
    decider = Decider("user:500", "Alice")
    strict.hub.approvals.decide(deciding, token, True, decider, lambda tx, approval, won: None)
    await strict.finish(deciding)
    return replace(strict.work().job, topic="decisions", payload=json.dumps({"token": token}))


async def test_what_admins_read_of_a_failure_holds_no_secret_and_is_one_line(strict: House) -> None:
    job = await approved(strict)
    work = Work(job)
    error = Refused("gallery: https://g.example/?key=secret says no\nTraceback (most recent call last)")
    await strict.hub.decisions.last_word(job, work, error)
    await strict.finish(work)
    [shown] = [row.shown for row in await strict.outbox() if row.kind == "text" and row.chat_id == ADMIN][-1:]
    assert shown.texts[0].params["reason"] == "gallery: https://g.example/?key=*** says no"


@pytest.mark.parametrize(("state", "kept"), [("dead", 1), ("waiting", 1), ("done", 0)])
async def test_what_was_approved_is_kept_until_it_is_carried_out(
    strict: House, state: str, kept: int
) -> None:
    job = await approved(strict)
    await strict.database.write(
        lambda tx: tx.exec_driver_sql(f"UPDATE jobs SET state = '{state}' WHERE topic = 'decisions'")
    )
    await strict.clock.advance(40 * 86400.0)
    retention = Retention(strict.database, strict.clock, days=30, ticking=lambda: [])
    await retention.retain(job, Work(job))
    assert await scalar(strict.database, "SELECT count(*) FROM approvals") == kept
    assert await scalar(strict.database, "SELECT count(*) FROM approval_requests") == kept


async def test_a_decision_whose_approval_is_gone_is_no_success(strict: House) -> None:
    job = replace(strict.work().job, topic="decisions", payload='{"token": "nothing"}')
    with pytest.raises(Refused):
        await strict.hub.decisions.carry_out(job, Work(job))
