"""Handing poll forms in to a hub that works with the portal's stand-in."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from sandbox.bitrix24.doubles import doubles
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.seed import POLL_FORMS, PROGRAMMES
from tests.town import API_KEY, Outside, Town, TownClock, go_on, portal_settings

FORM, MATHS, PHYSICS, CHESS = "Анкета выпускника", "Математика база", "Физика", "Шахматы"
PATH = "/api/v1/integration/poll-form"


def at_work(outside: Outside, **more: str) -> AbstractAsyncContextManager[Town]:
    """A hub with the home portal, one form and three programmes there."""
    portal = outside.portal
    if not portal.items[POLL_FORMS]:
        portal.add_item(POLL_FORMS, TITLE=FORM)
        for title in (MATHS, PHYSICS, CHESS):
            portal.add_item(PROGRAMMES, TITLE=title)
    return outside.hub(**portal_settings(portal, outside.sandbox), **more)  # type: ignore[arg-type]


def number_of(portal: Portal, kind: int, title: str) -> int:
    """The number of an item of the portal."""
    return next(number for number, row in portal.items[kind].items() if row["TITLE"] == title)


def a_form(submission_id: str = "s-1", *programs: str, **more: Any) -> dict[str, Any]:
    """What a form's page sends; `more` are fields of the contact, `poll_id` and `answers`."""
    form: dict[str, Any] = {
        "submission_id": submission_id,
        "poll_id": more.pop("poll_id", 1),
        "programs": list(programs),
    }
    if "answers" in more:
        form["answers"] = more.pop("answers")
    contact = {"name": "Анна", "last_name": "Смирнова", "phone": "+7 916 123-45-67"} | more
    form["contact"] = {name: value for name, value in contact.items() if value is not None}
    return form


async def answer_of(town: Town, request: "asyncio.Task[httpx.Response]") -> httpx.Response:
    """The answer to a request under way, while the hub's time goes on."""
    async with asyncio.timeout(60):
        while not request.done():
            await town.rest()
            if not request.done():
                await go_on(town.clock)
            await asyncio.sleep(0)
    return request.result()


async def hand_in(town: Town, form: Any) -> httpx.Response:
    """Hand a form in and wait for the answer."""
    async with httpx.AsyncClient(base_url=town.address, headers={"X-API-Key": API_KEY}) as client:
        kind = {"content": form} if isinstance(form, bytes) else {"json": form}
        return await answer_of(town, asyncio.create_task(client.post(PATH, **kind, timeout=60)))


async def standing(town: Town, submission_id: str) -> httpx.Response:
    """Ask how one stands."""
    async with httpx.AsyncClient(base_url=town.address, headers={"X-API-Key": API_KEY}) as client:
        return await answer_of(town, asyncio.create_task(client.get(f"{PATH}/{submission_id}", timeout=60)))


def requests(portal: Portal) -> int:
    """How many requests came since the last time; then counting begins anew."""
    count = portal.ledger.requests
    portal.ledger.clear()
    return count


def sound(portal: Portal) -> bool:
    """Nothing is there twice. Raises with what is."""
    assert doubles(portal) == []
    return True


async def finished(town: Town, seconds: float = 3600.0) -> None:
    """Let time go on until no submission waits for anything, for so long at most."""
    for _ in range(int(seconds / 5)):
        if not await town.scalar(
            "SELECT count(*) FROM jobs WHERE topic = 'submissions' AND state IN ('waiting', 'claimed')"
        ):
            return
        assert isinstance(town.clock, TownClock)
        await town.clock.advance(5.0)
