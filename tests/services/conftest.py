"""What the tests of outside systems' clients share."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from services.engine.observability import configure_logging


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """Everything the hub and its libraries log, unmasked."""
    root, stream = logging.getLogger(), StringIO()
    handlers, level = root.handlers, root.level
    configure_logging("DEBUG", "json", [], stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
