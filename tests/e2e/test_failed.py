"""/failed: one job in all that helps – what it is about, what it was told, what it failed of, what to do."""

import json
from collections.abc import AsyncIterator

import pytest

from sandbox.telegram.messages import Message
from services.bitrix24.errors import PortalMisconfigured, PortalNotFound, PortalRefused
from services.bitrix24.outcomes import (
    AWAY,
    BUCKET_FULL,
    LEFT_ALONE,
    METHOD_PAUSED,
    Failed,
    NotRun,
    Unknown,
    error_of,
)
from services.engine.errors import HubError
from tests.e2e.operating import answer, confirm, plant, steps
from tests.e2e.partner import PARTNER, exchanging, new_partner, transferred
from tests.e2e.wording import press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, Outside, Town, TownClock


@pytest.fixture
async def town(outside: Outside) -> AsyncIterator[Town]:
    """A hub that may have dead jobs in the end."""
    async with outside.hub() as hub:
        await hub.rest()
        yield hub


async def asked(town: Town, words_: str) -> Message:
    return answer(town, await town.says(ADMIN, words_))


async def states(town: Town, *numbers: int) -> list[object]:
    return [await town.scalar("SELECT state FROM jobs WHERE id = :id", id=number) for number in numbers]


async def test_one_job_is_told_with_its_payload_masked(town: Town) -> None:
    payload = {
        "phone": "+7 916 123-45-67",
        "contact": {"first_name": "Анна", "LAST_NAME": "Петрова", "EMAIL": [{"VALUE": "anna@example.org"}]},
        "text": "write to anna@example.org or 8 916 123-45-67",
        "application_token": "a-token-that-nobody-may-see",
        "title": "Курс",
    }
    number = await plant(town, CHEN, payload=json.dumps(payload), reason="Refused: no <b>such</b> thing")
    told = await asked(town, f"/failed {number}")
    for hidden in ("123-45", "Анна", "Петрова", "anna@", "nobody-may-see"):
        assert hidden not in told.text
    assert '"title": "Курс"' in told.text
    assert "Refused: no <b>such</b> thing" in told.text
    assert f"№ {number}. telegram: chat:{CHEN}" in told.text
    assert words("why-refused") in told.text
    assert words("helps-refused") in told.text
    assert press_buttons(told) == [f"v1:retry-one:{number}", "v1:dead:1"]


async def test_a_long_payload_is_cut_and_one_that_is_no_json_is_shown_as_it_is(town: Town) -> None:
    long = await plant(town, CHEN, payload=json.dumps({"text": "x" * 5000}))
    assert len((await asked(town, f"/failed {long}")).text) < 1500
    odd = await plant(town, CHEN, payload="not json: +7 916 123-45-67, bob@example.org")
    told = (await asked(town, f"/failed {odd}")).text
    assert "not json: ***67, ***" in told


async def test_the_lists_button_turns_to_the_job_and_back_and_its_button_retries_it_alone(town: Town) -> None:
    numbers = [await plant(town, who) for who in (CHEN, BORIS)]
    listed = await asked(town, "/failed")
    await town.presses(ADMIN, listed, f"v1:dead-job:{numbers[1]}")
    assert f"№ {numbers[1]}. telegram" in listed.text
    await town.presses(ADMIN, listed, "v1:dead:1")
    assert words("failed-title") in listed.text
    await town.presses(ADMIN, listed, f"v1:dead-job:{numbers[1]}")
    await town.presses(ADMIN, listed, f"v1:retry-one:{numbers[1]}")
    question = town.last(ADMIN)
    assert words("replay-question", count=1) in question.text
    await confirm(town, question)
    await steps(town, 4)
    assert await states(town, *numbers) == ["dead", "done"]
    pressed = await town.presses(ADMIN, listed, f"v1:retry-one:{numbers[1]}")
    assert pressed
    assert pressed.text == words("error-stale-failed")


@pytest.mark.parametrize("wanted", ["12345", "0", "abc", "9" * 30])
async def test_a_number_that_nothing_failed_has_is_told(town: Town, wanted: str) -> None:
    assert (await asked(town, f"/failed {wanted}")).text == words("retry-no-such", number=wanted)


GET = "crm.deal.get"


def of(outcome: Failed | NotRun | Unknown) -> str:
    """The reason that is stored of a job when a call of it ended so."""
    error = error_of(GET, outcome)
    return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        (of(NotRun("no answer in 30 s", code=AWAY)), "portal-away"),
        (of(NotRun("left alone, it failed", 30.0, LEFT_ALONE)), "portal-away"),
        (of(NotRun(f"{BUCKET_FULL} Too many requests", code=BUCKET_FULL)), "portal-limits"),
        (of(NotRun(f"{METHOD_PAUSED} Method is blocked", 300.0, METHOD_PAUSED)), "portal-limits"),
        (of(Unknown("no answer in 30 s")), "portal-unknown"),
        (of(Failed(PortalMisconfigured(GET, "INVALID_CREDENTIALS"))), "portal-credentials"),
        (of(Failed(PortalNotFound(GET, "NOT_FOUND"))), "portal-not-found"),
        (of(Failed(PortalRefused(GET, "ERROR_CORE"))), "portal-refused"),
        ("Refused: partner9.bitrix24.ru is no source of deals", "no-source"),
        ("Refused: there is no poll form for poll 7", "no-poll-form"),
        ("Refused: the submission is gone", "submission-gone"),
        ("Refused: anything else", "refused"),
        ("ContactGone: bitrix24: the contact is gone", "portal-away"),
        ("Unavailable: gallery: gives no answer", "gallery"),
        ("Unavailable: telegram: no answer", "away"),
        ("Held: leases: somebody else is at it", "away"),
        ("NoSuchItem: Cats", "gone"),
        ("Anonymous", "not-allowed"),
        ("its worker died five times", "lapsed"),
        ("backup of 2026-01-01: may have been done since", "restored"),
        ("KeyError: 'x'", "unforeseen"),
        ("", "unforeseen"),
    ],
)
async def test_each_kind_of_error_has_its_help(town: Town, reason: str, name: str) -> None:
    number = await plant(town, CHEN, reason=reason)
    told = (await asked(town, f"/failed {number}")).text
    assert words(f"why-{name}") in told
    assert words(f"helps-{name}") in told


async def test_the_operating_limit_is_told_as_a_limit_whoever_refuses(outside: Outside) -> None:
    """The portal does so once; from then on the hub itself refuses until the method may be called again."""
    partner = new_partner(outside)
    async with exchanging(outside, partner, DEALS_SYNC_INTERVAL="86400") as town:
        assert isinstance(town.clock, TownClock)
        partner.faults.plan("operating", method=GET)
        for title in ("A", "B"):
            partner.add_deal(TITLE=title)
            await town.clock.advance(5)
        of_deals = "topic = 'deals' AND reason IS NOT NULL"
        failed = await town.rows(f"SELECT DISTINCT key, reason FROM jobs WHERE {of_deals}")
        assert partner.ledger.of(GET) == [], "it would have answered a second question"
        against = town.switchboard.hub.remedies.against
        assert [against(str(reason)) for _, reason in failed] == ["portal-limits"] * 2


async def test_every_error_of_the_hub_is_told_as_something_that_was_foreseen(town: Town) -> None:
    def family(error: type[HubError]) -> list[type[HubError]]:
        return [each for child in error.__subclasses__() for each in (child, *family(child))]

    against = town.switchboard.hub.remedies.against
    passing = {"LostClaim", "ChatMoved"}  # no job dies of it: nothing is written; it is asked of the new chat
    product = [each for each in family(HubError) if each.__module__.startswith("services.")]
    unforeseen = {each.__name__ for each in product if against(f"{each.__name__}: x") == "unforeseen"}
    assert unforeseen <= passing


async def test_a_part_of_a_key_or_a_reason_chooses_what_is_retried(town: Town) -> None:
    mine = await plant(town, CHEN, reason="Refused: partner1.bitrix24.ru is away")
    other = await plant(town, BORIS, reason="Refused: partner_.bitrix24.ru is away")
    nothing = await asked(town, "/retry telegram 100%")
    assert nothing.text == words("retry-none-with", topic="telegram", part="100%")
    await confirm(town, await asked(town, "/retry telegram PARTNER1.bitrix24.ru is"))
    await steps(town, 4)
    assert await states(town, mine, other) == ["done", "dead"]
    question = await asked(town, f"/retry telegram chat:{BORIS}")
    assert words("replay-question", count=1) in question.text
    assert words("replay-question", count=1) in (await asked(town, "/retry telegram")).text


async def test_a_long_word_chooses_as_a_whole_and_is_cut_where_it_is_shown(town: Town) -> None:
    alike = "p" * 47
    longest, other = f"{alike}a.bitrix24.ru", f"{alike}b.bitrix24.ru"
    mine, _ = [await plant(town, CHEN, reason=f"Refused: {domain} is away") for domain in (longest, other)]
    assert len(longest) == 60
    await confirm(town, await asked(town, f"/retry telegram {longest}"))
    await steps(town, 4)
    assert await town.rows("SELECT id FROM jobs WHERE state = 'done' AND replays = 1") == [(mine,)]
    nothing = await asked(town, f"/retry telegram {longest}")
    assert nothing.text == words("retry-none-with", topic="telegram", part=f"{'p' * 39}…")


async def test_a_deals_job_is_named_as_people_write_the_deal(outside: Outside) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner) as town:
        partner.faults.plan("credentials", times=None)
        deal = partner.add_deal(TITLE="Курс")
        await transferred(town)
        number = await town.scalar("SELECT max(id) FROM jobs WHERE topic = 'deals' AND state = 'dead'")
        told = (await asked(town, f"/failed {number}")).text
        assert f"deals: {PARTNER}/{deal}" in told
        assert words("helps-portal-credentials") in told
        question = await asked(town, f"/retry deals {PARTNER}")
        assert words("replay-question", count=1) in question.text
