"""What a portal does with its events, in a process of its own: `python -m bench.events_process HUB`.

Each line that comes in is a deal's number: the hub is told at once, and how long its answer took is noted.
At the end of the input one line of JSON says so; the first line says that it is ready.
"""

import asyncio
import sys
from dataclasses import dataclass, field
from time import perf_counter, time
from urllib.parse import urlencode, urlsplit

import msgspec
import uvloop

from bench.deals_process import PARTNER

TOKEN = "a-token-of-the-partners-portal-01"
PATIENCE = 30.0  # seconds that a portal waits
_HEAD = (
    "POST /webhook/deal HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
)


@dataclass(slots=True)
class Told:
    """What came of all events: the seconds of each answer, and how many were not `accepted`."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0


async def _tell(host: str, port: int, number: int, told: Told) -> None:
    """One event over a connection of its own, as portals do; a client that pools is slower than the hub."""
    body = urlencode(
        {
            "event": "ONCRMDEALUPDATE",
            "data[FIELDS][ID]": number,
            "ts": int(time()),
            "auth[domain]": PARTNER,
            "auth[application_token]": TOKEN,
        }
    )
    begun = perf_counter()
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(_HEAD.format(host=host, port=port, length=len(body)).encode() + body.encode())
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        told.refused += not (answer.startswith(b"HTTP/1.1 200 ") and b'"status":"accepted"' in answer)
    except (OSError, TimeoutError):
        told.refused += 1
    told.seconds.append(perf_counter() - begun)


async def _lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


async def _run(hub: str) -> None:
    told, lines, address = Told(), await _lines(), urlsplit(hub)
    _say(b"{}")
    async with asyncio.TaskGroup() as group:
        while line := await lines.readline():
            group.create_task(_tell(address.hostname or "", address.port or 80, int(line), told))
    _say(msgspec.json.encode(told))


def _say(line: bytes) -> None:
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(_run(sys.argv[1]))
