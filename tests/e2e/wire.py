"""A wire between hub and stand-in that can be cut: connections are then refused, as by a dead machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Wire:
    """Passes bytes on from a port of its own."""

    def __init__(self, target: str) -> None:
        """`target` is the address (http://host:port/path) at the far end."""
        parts = urlsplit(target)
        self._host, self._far, self._path = str(parts.hostname), parts.port, parts.path
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def address(self) -> str:
        """What the hub is told to call."""
        return f"http://{self._host}:{self._port}{self._path}"

    async def join(self) -> None:
        """Take connections again, on the same port as before."""
        self._server = await asyncio.start_server(self._carry, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Close every connection and refuse new ones."""
        if self._server:
            self._server.close()
        for end in self._ends:
            end.transport.abort()
        self._server = None

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._host, self._far)
        self._ends |= {writer, far_writer}
        async with asyncio.TaskGroup() as group:
            group.create_task(_pass(reader, far_writer))
            group.create_task(_pass(far_reader, writer))
        self._ends -= {writer, far_writer}


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def new_wire(target: str, *, joined: bool = True) -> AsyncIterator[Wire]:
    """A wire for as long as the block lasts."""
    wire = Wire(target)
    await wire.join()
    if not joined:
        await wire.cut()
    try:
        yield wire
    finally:
        await wire.cut()
        await asyncio.sleep(0)
