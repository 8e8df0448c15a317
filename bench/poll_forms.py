"""A poll form with three programmes, from its arrival at the hub to its contact and deals in the portal."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import httpx

from bench.portal_process import PROGRAMMES_A_FORM, Terms, programme_titles
from bench.portal_side import REQUESTS, FarEnd, far_end
from bench.rounds import Goal, Heading, Ran, Scale, Table, compare_runs
from commands.assembly import running
from sandbox.bitrix24.seed import POLL_FORMS, PROGRAMMES
from settings import Settings, load_settings
from tests.storage.files import new_file

COLD, WARM = "ours, cold", "ours, warm"
SINGLY = "the hub with BATCH_ENABLED=false and CACHE_ENABLED=false"
NAIVE = "naive"
DEALS = "deals made"
API_KEY = "a-key-for-the-benchmarks-of-thirty-two"
LATENCY, COMMAND_LATENCY = 0.15, 0.03

_ABOUT = """Seconds until somebody who has chosen {programmes} programmes is a contact with {programmes} deals
in a portal that needs {latency:.0f} ms for a request and {command:.0f} ms for each command in it, with no
other limit; a stand-in in another process. Requests are the portal's own count for one submission.

- Naive: a script with one open connection and one request for each: the form, every title, the phone, the
  e-mail, the contact, every deal. It keeps nothing, neither in a cache nor on a disk.
- Ours: `POST /api/v1/integration/poll-form` of a running hub on SQLite, until its answer has all ids. Cold: a
  form, programmes and a person it has not met. Warm: all of them known, under a new submission_id.
- The hub once more without batches and caches: the naive requests, and the hub's own work."""
_WHY_COLD = (
    "The naive sequence takes ten requests of 180 ms, ours two of 150 ms and eight commands: 3.3 times less, "
    "of which the hub's own work, above all keeping the form before it is worked, takes its part."
)
_GOALS = (
    Goal("a poll form, cold: ≤ 2 requests", COLD, most=2, column=REQUESTS),
    Goal("a poll form, warm: 1 request", WARM, most=1, column=REQUESTS),
    Goal("a poll form, cold: the naive sequence takes ≥ 3×", NAIVE, COLD, least=3.0, reason=_WHY_COLD),
    Goal("a poll form, warm: the naive sequence takes ≥ 5×", NAIVE, WARM, least=5.0),
)

Submit = Callable[[], Awaitable[int]]  # gives how many deals it made


async def poll_forms(scale: Scale, random: Random) -> Table:
    """Submissions, cold and warm, beside the naive sequence."""
    about = _ABOUT.format(
        programmes=PROGRAMMES_A_FORM, latency=LATENCY * 1000, command=COMMAND_LATENCY * 1000
    )
    heading = Heading("Portal: a poll form", "seconds", about, NAIVE, _GOALS, digits=3)
    terms = Terms(
        latency=LATENCY * scale.slowness,
        command_latency=COMMAND_LATENCY * scale.slowness,
        rate=None,
        forms=3 * scale.submissions + 2,
    )
    async with AsyncExitStack() as stack:
        far, other = [await stack.enter_async_context(far_end(terms)) for _ in range(2)]
        hub = await stack.enter_async_context(_hub(far))
        singly = await stack.enter_async_context(_hub(other, BATCH_ENABLED="false", CACHE_ENABLED="false"))
        script = await stack.enter_async_context(httpx.AsyncClient(base_url=far.webhook, timeout=60))
        numbers = count(1)  # of forms and people
        known = await _known(hub, next(numbers))
        runs = {
            NAIVE: partial(_ran, far, lambda: _naive(script, next(numbers))),
            COLD: partial(_ran, far, lambda: hub.submit(next(numbers))),
            WARM: partial(_ran, far, lambda: hub.submit(known)),
            SINGLY: partial(_ran, other, lambda: singly.submit(next(numbers))),
        }
        return await compare_runs(heading, runs, scale.submissions, random)


async def _ran(far: FarEnd, submit: Submit) -> Ran:
    before = await far.account()
    started = perf_counter()
    deals = await submit()
    seconds = perf_counter() - started
    return Ran(seconds, {REQUESTS: (await far.account()).requests - before.requests, DEALS: deals})


@dataclass(slots=True)
class HubDoor:
    """A running hub, and the ids that were given to its submissions."""

    client: httpx.AsyncClient
    numbers: "count[int]" = field(default_factory=count)

    async def submit(self, number: int) -> int:
        """Hand in a form of this number from the person of this number; the deals it got."""
        form = {
            "submission_id": f"submission-{next(self.numbers)}",
            "poll_id": number,
            "contact": _person(number),
            "programs": programme_titles(number),
            "answers": {"Когда удобно заниматься?": "По вечерам"},
        }
        answer = (
            (await self.client.post("/api/v1/integration/poll-form", json=form)).raise_for_status().json()
        )
        if answer["status"] != "success":
            raise RuntimeError(f"the form is not through: {answer}")
        return len(answer["deal_ids"])


async def _known(hub: HubDoor, number: int) -> int:
    """A number that the hub knows from now on."""
    await hub.submit(number)
    return number


def _person(number: int) -> dict[str, str]:
    return {
        "name": "Анна",
        "last_name": f"Смирнова {number}",
        "phone": f"+7 916 {number:07}",
        "email": f"anna{number}@example.com",
    }


@asynccontextmanager
async def _hub(far: FarEnd, **more: str) -> AsyncIterator[HubDoor]:
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(far, new_file(Path(folder)), more)
        headers = {"X-API-Key": API_KEY}
        async with (
            running(settings) as hub,
            httpx.AsyncClient(base_url=hub.address, headers=headers) as client,
        ):
            client.timeout = httpx.Timeout(60)
            yield HubDoor(client)


def _settings(far: FarEnd, file: Path, more: dict[str, str]) -> Settings:
    return load_settings(
        {
            "TELEGRAM_BOT_TOKEN": far.listening.token,
            "TELEGRAM_API_URL": f"{far.listening.address}/telegram",
            "DATABASE_URL": f"sqlite+aiosqlite:///{file}",
            "HTTP_PORT": "0",
            "API_KEYS": API_KEY,
            "STOP_GRACE_SECONDS": "2",
            "BACKUP_INTERVAL_HOURS": "0",
            "WEBHOOK_WAIT_SECONDS": "30",
            "BITRIX24_URL": far.webhook,
            "BITRIX24_RATE_PER_SECOND": "100",
            "BITRIX24_BURST": "1000",
            "POLL_FORM_ENTITY_TYPE_ID": str(POLL_FORMS),
            "PROGRAM_ENTITY_TYPE_ID": str(PROGRAMMES),
        }
        | more,
        None,
        serving=True,
    )


async def _naive(client: httpx.AsyncClient, number: int) -> int:
    """What a script would do: one request after the other, and nothing is kept."""
    ask = partial(_asked, client)
    person = _person(1_000_000 + number)
    form = (await ask("crm.item.get", entityTypeId=POLL_FORMS, id=number))["item"]
    programmes = [await _programme(client, title) for title in programme_titles(number)]
    for kind in ("PHONE", "EMAIL"):
        await ask("crm.duplicate.findbycomm", type=kind, values=[person[kind.lower()]], entity_type="CONTACT")
    fields: dict[str, Any] = {"NAME": person["name"], "LAST_NAME": person["last_name"]}
    fields |= {kind: [{"VALUE": person[kind.lower()], "VALUE_TYPE": "WORK"}] for kind in ("PHONE", "EMAIL")}
    contact = await ask("crm.contact.add", fields=fields)
    for programme in programmes:
        deal = {"TITLE": programme["title"], "CONTACT_ID": contact, "SOURCE_DESCRIPTION": form["title"]}
        await ask("crm.deal.add", fields=deal)
    return len(programmes)


async def _programme(client: httpx.AsyncClient, title: str) -> dict[str, Any]:
    found = await _asked(client, "crm.item.list", entityTypeId=PROGRAMMES, filter={"=title": title})
    programme: dict[str, Any] = found["items"][0]
    return programme


async def _asked(client: httpx.AsyncClient, method: str, **params: Any) -> Any:
    return (await client.post(method, json=params)).raise_for_status().json()["result"]
