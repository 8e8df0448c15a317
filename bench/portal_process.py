"""The outside world in a process of its own: `python -m bench.portal_process TERMS`, with Terms as JSON.

It writes one line when it listens and ends with its standard input.
"""

import asyncio
import sys
from dataclasses import dataclass

import msgspec
import uvloop

from sandbox.bitrix24.portal import WEBHOOK_CODE, WEBHOOK_USER, Portal
from sandbox.bitrix24.seed import POLL_FORMS, PROGRAMMES
from sandbox.bitrix24.standin import Bitrix24
from sandbox.clock import SystemClock
from sandbox.server import build_sandbox, serving
from sandbox.telegram.world import World

HOST = "127.0.0.1"  # the portal's domain too: clients that name it as their host come here
PROGRAMMES_A_FORM = 3


@dataclass(frozen=True, slots=True)
class Terms:
    """How the portal is and what is in it. Seconds; `rate` None: no limit of requests."""

    latency: float = 0.0
    command_latency: float = 0.0
    rate: float | None = 2.0
    deals: int = 0
    forms: int = 0  # poll forms, each with programmes of its own


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the stand-ins are, and a bot's token there."""

    address: str
    token: str

    @property
    def webhook(self) -> str:
        """The portal's address as a client is given it."""
        return f"{self.address}/rest/{WEBHOOK_USER}/{WEBHOOK_CODE}/"


def form_title(number: int) -> str:
    """Of the poll form with this number, from 1 on."""
    return f"Анкета {number}"


def programme_titles(number: int) -> list[str]:
    """Of the programmes that only this form's people choose."""
    return [f"Программа {number}-{place}" for place in range(1, PROGRAMMES_A_FORM + 1)]


def _furnish(portal: Portal, terms: Terms) -> None:
    for number in range(1, terms.deals + 1):
        portal.add_deal(TITLE=f"Сделка {number}", OPPORTUNITY=number)
    portal.add_smart_process(POLL_FORMS, "Анкеты")
    portal.add_smart_process(PROGRAMMES, "Программы")
    for number in range(1, terms.forms + 1):
        portal.add_item(POLL_FORMS, TITLE=form_title(number))
        for title in programme_titles(number):
            portal.add_item(PROGRAMMES, TITLE=title)


async def _serve(terms: Terms) -> None:
    clock = SystemClock()
    world, bitrix24 = World(clock), Bitrix24(clock)
    options = {"rate": terms.rate, "latency": terms.latency, "command_latency": terms.command_latency}
    _furnish(bitrix24.add_portal(HOST, **options), terms)
    async with serving(build_sandbox(clock, world=world, bitrix24=bitrix24)) as address:
        sys.stdout.write(msgspec.json.encode(Listening(address, world.token)).decode() + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(_serve(msgspec.json.decode(sys.argv[1], type=Terms)))
