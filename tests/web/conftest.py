"""What the tests of the door share."""

import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from services.engine.observability import ADOPTED, configure_logging
from tests.web.door import KEY, SECRET, Door, open_door

Lines = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """The door with everything as it is by default, webhook mode on."""
    async with open_door(tmp_path) as opened:
        yield opened


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What was logged since, at DEBUG; the fixture gives the lines of one event."""
    hook, stream = sys.excepthook, io.StringIO()
    loggers = [logging.getLogger(), *map(logging.getLogger, ADOPTED)]
    before = [(logger, logger.handlers, logger.level, logger.propagate) for logger in loggers]
    configure_logging("DEBUG", "json", [KEY, SECRET], stream)

    def of(event: str) -> list[dict[str, Any]]:
        logged = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [line for line in logged if line["event"] == event]

    yield of
    for logger, handlers, level, propagate in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)
    structlog.reset_defaults()
    sys.excepthook = hook
