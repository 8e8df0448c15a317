"""`run.py forget` beside a running hub: who wrote to it and handed a form in is forgotten."""

import asyncio

import pytest

from tests.commands.test_run import Result, Run, run
from tests.e2e.operating import hurry
from tests.e2e.poll_forms import MATHS, a_form, at_work, hand_in, standing
from tests.storage.forgetting_rows import dump
from tests.town import BORIS, CHEN, GROUP, UNLISTED, Outside, Town

__all__ = ["run"]

PHONE = "+7 916 123-45-67"
TRACES = ("1234567", "123-45-67", "смирнова", "anna.smirnova", "boris", "борис", str(BORIS))


async def forget(run: Run, outside: Outside, *arguments: str) -> Result:
    """The command beside the hub of this folder."""
    url = f"sqlite+aiosqlite:///{outside.folder}/hub.db"
    return await asyncio.to_thread(run, "forget", *arguments, DATABASE_URL=url)


async def traces(town: Town) -> list[str]:
    """The tables in which the person still is."""
    dumped = await dump(town.switchboard.hub.database)
    return sorted(
        {name for name, rows in dumped.items() if any(each in str(rows).lower() for each in TRACES)}
    )


async def live(town: Town) -> None:
    """Boris writes in private and in a group, adds a set, sends a contact, and hands a form in."""
    await town.says(BORIS, "/start")
    await town.says(BORIS, f"перезвоните на {PHONE}")
    await town.sends(BORIS, UNLISTED, GROUP)
    await town.presses(BORIS, town.last(GROUP))
    contact = {"phone_number": "79161234567", "first_name": "Борис", "user_id": BORIS}
    chat = {"id": BORIS, "type": "private", "first_name": "Борис", "username": "boris"}
    sender = {"id": BORIS, "is_bot": False, "first_name": "Борис", "username": "boris"}
    message = {"message_id": 900, "date": 0, "chat": chat, "from": sender, "contact": contact}
    await town.gets({"message": message})
    form = a_form("s-1", MATHS, email="anna.smirnova@example.org", answers={"Телефон": "89161234567"})
    assert (await hand_in(town, form)).status_code == 200


async def test_everything_that_a_person_left_is_pseudonymised(run: Run, outside: Outside) -> None:
    async with at_work(outside) as town:
        await live(town)
        assert len(await traces(town)) > 5
        region = town.switchboard.hub.cache.regions["contact"]
        assert region.get("79161234567") is not None
        counted = await forget(run, outside, str(BORIS), "--dry-run")
        assert (counted.returncode, counted.stderr) == (0, "")
        assert "rows would change\nnot reached from here: the portals" in counted.stdout
        for words in ("@Boris", PHONE):
            done = await forget(run, outside, words)
            assert (done.returncode, done.stderr) == (0, "")
            assert "rows changed" in done.stdout
        assert await traces(town) == []
        await town.clock.advance(3)  # type: ignore[attr-defined]
        await town.settle()
        assert region.get("79161234567") is None
        for words in ("@Boris", PHONE):
            gone = await forget(run, outside, words)
            assert (gone.returncode, gone.stdout.split("\n")[0]) == (0, "nothing is stored about this person")


async def test_who_writes_again_is_known_again_and_what_is_of_others_goes_on(
    run: Run, outside: Outside
) -> None:
    async with at_work(outside) as town:
        await live(town)
        before = len(town.sent(BORIS))
        assert (await forget(run, outside, str(BORIS))).returncode == 0
        await town.says(CHEN, "/start")
        await town.says(BORIS, "/start")
        assert len(town.sent(BORIS)) == before + 1
        assert await town.scalar("SELECT count(*) FROM people WHERE user_id = :id", id=BORIS) == 1
        assert await town.scalar("SELECT count(*) FROM people WHERE name LIKE 'forgotten-%'") == 1


async def test_a_form_that_still_waits_is_not_brought_to_the_portal_any_more(
    run: Run, outside: Outside
) -> None:
    async with at_work(outside, WEBHOOK_WAIT_SECONDS="0") as town:
        outside.portal.faults.plan("html", times=None)
        await hand_in(town, a_form("s-1", MATHS))
        await town.clock.advance(120)  # type: ignore[attr-defined]
        assert (await forget(run, outside, PHONE)).returncode == 0
        outside.portal.faults.clear()
        await hurry(town, "submissions")
        await town.clock.advance(90)  # type: ignore[attr-defined]
        await town.settle()
        assert outside.portal.contacts == {}
        assert (await standing(town, "s-1")).status_code == 404
        [(state, reason)] = await town.rows("SELECT state, reason FROM jobs WHERE topic = 'submissions'")
        assert (state, reason) == ("dead", "Refused: the submission is gone")


@pytest.mark.parametrize("words", ["nobody", "@", "12-34", "9161112233"])
async def test_words_that_mean_nobody_are_wrong_usage(run: Run, outside: Outside, words: str) -> None:
    async with at_work(outside):
        refused = await forget(run, outside, words)
        assert refused.returncode == 2
        assert refused.stderr.startswith("switchboard: ")
        assert refused.stderr.count("\n") == 1


def test_without_a_database_it_fails_in_one_line(run: Run) -> None:
    told = run("forget", PHONE)
    assert told.returncode == 1
    assert told.stderr.startswith("switchboard: there is no database")
    assert run("forget").returncode == 2
