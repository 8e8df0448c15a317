"""`python -m sandbox --port 8021`: the stand-ins by themselves."""

import argparse
import asyncio
import signal
import sys

from sandbox.clock import SystemClock
from sandbox.server import build_sandbox, serve_sandbox


async def _main(host: str, port: int) -> None:
    app = build_sandbox(SystemClock())
    token = app.state.telegram.world.token

    def started(address: str) -> None:
        sys.stdout.write(f"Sandbox:  {address}/\nChat page: {address}/telegram/\n")
        sys.stdout.write(f"Bot API:  {address}/telegram/bot{token}/getMe\n")
        sys.stdout.write(f"Portals:  {address}/portal/\n")
        for portal in app.state.bitrix24.portals.values():
            sys.stdout.write(f"Webhook:  {portal.url(address)}\n")
        sys.stdout.flush()

    async with asyncio.TaskGroup() as group:
        server = group.create_task(serve_sandbox(app, host, port, started=started))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, server.cancel)


def main() -> None:
    """Read the arguments and serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Stand-ins for the outside world.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8021)
    arguments = parser.parse_args()
    asyncio.run(_main(arguments.host, arguments.port))


if __name__ == "__main__":
    main()
