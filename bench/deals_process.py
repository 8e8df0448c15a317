"""Two portals in a process of their own: `python -m bench.deals_process TERMS`, with Terms as JSON.

It writes one line when it listens. A line with the hub's address makes somebody edit the partner's deals,
and `bench.events_process` tells the hub of each; its figures are the second line. It ends with its input.
"""

import asyncio
import sys
from dataclasses import dataclass
from random import Random

import msgspec
import uvloop

from sandbox.bitrix24 import writing
from sandbox.bitrix24.entities import DEAL
from sandbox.bitrix24.portal import WEBHOOK_USER, Portal
from sandbox.bitrix24.standin import Bitrix24
from sandbox.bitrix24.user_fields import add_user_field
from sandbox.clock import SystemClock
from sandbox.server import build_sandbox, serving
from sandbox.telegram.world import World

HOME, PARTNER = "home.bitrix24.ru", "partner1.bitrix24.ru"
MODULE = "bench.deals_process"


@dataclass(frozen=True, slots=True)
class Terms:
    """How both portals are and what the partner's has. Seconds; `rate` None: no limit of requests."""

    latency: float = 0.0
    command_latency: float = 0.0
    rate: float | None = 2.0
    deals: int = 0
    contacts: int = 1  # of whom each deal has one
    edits: int = 0
    edits_a_second: float = 100.0


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the stand-ins are, a bot's token there, and the portals' addresses as a client is given them."""

    address: str
    token: str
    home: str
    partner: str


def furnish(partner: Portal, home: Portal, terms: Terms) -> None:
    """The fields that the built-in mapping knows, and deals; the first of them have all contacts."""
    partner.dictionaries.add_funnel(1, "Обучение")
    _with_fields(partner, UF_CRM_SOURCE_ID="string", UF_CRM_CONTRACT="string")
    _with_fields(home, UF_CRM_PARTNER_ID="string", UF_CRM_ESB_CONTRACT="string", UF_CRM_IMPORT_DATE="date")
    people = [
        partner.add_contact(NAME="Анна", LAST_NAME=f"Смирнова {number}", PHONE=f"+7 916 {number:07}")
        for number in range(1, terms.contacts + 1)
    ]
    for number in range(terms.deals):
        deal = {"TITLE": f"Сделка {number}", "OPPORTUNITY": number, "CATEGORY_ID": 1, "STAGE_ID": "C1:NEW"}
        partner.add_deal(CONTACT_ID=people[number % len(people)], **deal)


def _with_fields(portal: Portal, **fields: str) -> None:
    for name, kind in fields.items():
        add_user_field(portal, {"FIELD_NAME": name, "USER_TYPE_ID": kind})


async def _edit(partner: Portal, terms: Terms, hub: str) -> str:
    """Edit deals at an even pace, and tell whoever tells the hub; what that one has measured."""
    teller = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.events_process",
        hub,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**22,  # bytes of a line
    )
    assert teller.stdin
    assert teller.stdout
    await teller.stdout.readline()  # it is ready
    random, loop = Random(1), asyncio.get_running_loop()
    numbers, begun = list(partner.deals), loop.time()
    for edit in range(terms.edits):
        await asyncio.sleep(begun + edit / terms.edits_a_second - loop.time())
        number = random.choice(numbers)
        fields = {"TITLE": f"Сделка {number}, правка {edit}", "OPPORTUNITY": edit}
        writing.update(partner, partner.entities[DEAL], number, fields, WEBHOOK_USER)
        teller.stdin.write(f"{number}\n".encode())
    teller.stdin.close()
    return (await teller.stdout.readline()).decode()


async def _serve(terms: Terms) -> None:
    clock = SystemClock()
    world, bitrix24 = World(clock), Bitrix24(clock)
    options = {"rate": terms.rate, "latency": terms.latency, "command_latency": terms.command_latency}
    home, partner = bitrix24.add_portal(HOME, **options), bitrix24.add_portal(PARTNER, **options)
    furnish(partner, home, terms)
    async with serving(build_sandbox(clock, world=world, bitrix24=bitrix24)) as address:
        _say(msgspec.json.encode(Listening(address, world.token, home.url(address), partner.url(address))))
        while hub := (await asyncio.to_thread(sys.stdin.readline)).strip():
            _say((await _edit(partner, terms, hub)).encode().strip())


def _say(line: bytes) -> None:
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(_serve(msgspec.json.decode(sys.argv[1], type=Terms)))
