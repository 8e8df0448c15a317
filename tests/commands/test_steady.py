"""What `serve` changes about its interpreter, in one of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from commands.serve import SWITCH
from tests.chaos.hub import KEPT, ROOT

PROGRAM = """
import asyncio, gc, os, sys
from commands.serve import serve
from settings import load_settings
code = asyncio.run(serve(load_settings(os.environ, None, serving=True)))
print("ended", code, gc.get_freeze_count() > 10_000, sys.getswitchinterval())
"""


def test_what_is_there_after_the_start_is_left_out_of_every_search_and_threads_change_sooner(
    tmp_path: Path,
) -> None:
    variables = {
        "TELEGRAM_BOT_TOKEN": "123456:a-token-of-nobody-at-all-000000000",
        "TELEGRAM_API_URL": "http://127.0.0.1:9",  # nobody is there, and it is not waited for
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/hub.db",
        "HTTP_PORT": "0",
        "BACKUP_INTERVAL_HOURS": "0",
    }
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=kept | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        lines = iter(process.stdout)
        assert any("hub.ready" in line for line in lines)
        process.send_signal(signal.SIGTERM)
        assert [line.split() for line in lines][-1] == ["ended", "0", "True", str(SWITCH)]
