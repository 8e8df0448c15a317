"""Debian's pgbouncer in transaction mode before a server, as hosted databases put poolers before theirs."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import PostgresServer, as_nobody, free_port

PLACES = "/usr/sbin:/usr/bin:/usr/local/bin"  # Debian's is where only root's PATH looks


def pgbouncer() -> str | None:
    """The program, when it is installed."""
    return shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":" + PLACES)


@contextmanager
def pooler(server: PostgresServer, program: str) -> Iterator[int]:
    """A pooler in transaction mode for the block; its port. Any database of the server is behind it."""
    port = free_port()
    folder = server.folder / f"pooler-{port}"
    folder.mkdir()
    folder.chmod(0o755)
    config = folder / "pgbouncer.ini"
    config.write_text(_config(server, port), "utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(config)], stdout=log, stderr=log, **as_nobody())
    try:
        _wait_until_it_answers(server, port, process, folder / "log")
        yield port
    finally:
        process.terminate()
        process.wait()


def _config(server: PostgresServer, port: int) -> str:
    return (
        f"[databases]\n* = host=127.0.0.1 port={server.port} user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 5\nmax_client_conn = 200\n"
    )


def _wait_until_it_answers(
    server: PostgresServer, port: int, process: "subprocess.Popen[bytes]", log: Path
) -> None:
    for _ in range(200):
        if server.answers(port):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError("pgbouncer did not start:\n" + log.read_text()[-2000:])
