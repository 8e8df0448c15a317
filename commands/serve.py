"""`run.py serve`: the hub until it is told to stop."""

import asyncio
import gc
import signal
import sys

import structlog

from commands.assembly import running
from commands.check_settings import report_mapping
from services.deals.mapping.faults import MappingFaults
from services.deals.mapping.reading import read_file
from services.engine.observability import configure_logging
from services.version import VERSION
from settings import Settings
from storage.errors import DatabaseRefused, StorageUnavailable

SWITCH = 0.001  # seconds

log = structlog.get_logger(__name__)


async def serve(settings: Settings) -> int:
    """Run until SIGINT or SIGTERM. The answer is the exit code: 1 when the hub cannot start, 2 when what
    MAPPING_FILE names is no mapping.
    """
    configure_logging(settings.logs.level, settings.logs.format, settings.secrets())
    stop = stop_signal()
    try:
        read_file(settings.deals.mapping_path)  # also while no source needs it yet
        async with running(settings) as switchboard:
            be_steady()
            log.info("hub.ready", details={"version": VERSION, "address": switchboard.address})
            await stop.wait()
            log.info("hub.stopping")
    except MappingFaults as error:
        return report_mapping(error, sys.stderr)
    except (DatabaseRefused, StorageUnavailable, OSError) as error:
        sys.stderr.write(f"switchboard: {error}\n")
        return 1
    log.info("hub.stopped")
    return 0


def be_steady() -> None:
    """Let answers not wait for Python itself (docs/decisions/0011); for a process that has just started up.

    The writer's thread gets its turn after a millisecond, not after five. What the start has made stays for
    ever: looking for garbage in all of it would hold up everything for a fifth of a second.
    """
    sys.setswitchinterval(SWITCH)
    gc.collect()
    gc.freeze()


def stop_signal() -> asyncio.Event:
    """An event that Ctrl-C or a service manager's SIGTERM sets."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
