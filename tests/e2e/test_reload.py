"""/reload: the mapping's file is read again, and a bad one is refused."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.deals.mapping.reading import DEFAULT, read
from services.deals.mapping.reloading import KIND, MOST
from storage import invalidations
from tests.e2e.conftest import Log
from tests.e2e.operating import answer
from tests.e2e.reconciling import at_work
from tests.e2e.wording import words
from tests.town import ADMIN, CHEN, Outside, Town, TownClock

NEW = "version = 2\n[fields.TITLE]\nsource = 'TITLE'\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "mapping.toml"
    found.write_bytes(DEFAULT.read_bytes())
    return found


@pytest.fixture
async def reading(outside: Outside, path: Path) -> AsyncIterator[Town]:
    """A hub with a partner and a mapping's file of its own."""
    async with at_work(outside, MAPPING_FILE=str(path)) as town:
        yield town


def label(town: Town) -> str:
    return town.switchboard.hub.mappings.current.label


async def journaled(town: Town) -> list[tuple[object, ...]]:
    return await town.rows("SELECT actor, kind, before, after FROM journal WHERE action = 'reload'")


async def test_an_edited_file_holds_once_an_admin_says_so(reading: Town, path: Path) -> None:
    before = label(reading)
    path.write_text(NEW, "utf-8")
    assert label(reading) == before
    told = answer(reading, await reading.says(ADMIN, "/reload"))
    after = read(NEW.encode()).label
    assert told.text == words("mapping-reloaded", label=after, count=1)
    assert label(reading) == after
    [(actor, kind, *labels)] = await journaled(reading)
    assert (actor, kind) == (f"user:{ADMIN}", "mapping")
    assert [before in str(labels[0]), after in str(labels[1])] == [True, True]


async def test_the_same_file_is_told_and_not_journaled(reading: Town) -> None:
    told = answer(reading, await reading.says(ADMIN, "/reload"))
    assert told.text == words("mapping-same", label=label(reading))
    assert await journaled(reading) == []


async def test_a_bad_file_is_refused_with_all_that_is_wrong(reading: Town, path: Path) -> None:
    before = label(reading)
    path.write_text("version = 0\n[fields.'<b>']\nsource = 'x'\n", "utf-8")
    told = answer(reading, await reading.says(ADMIN, "/reload"))
    assert told.text.startswith(words("mapping-refused", label=before))
    for place in ("version: ", "fields.<b>: ", "fields.<b>.source: "):
        assert place in told.text
    assert label(reading) == before
    assert await journaled(reading) == []


async def test_many_faults_are_told_up_to_a_number(reading: Town, path: Path) -> None:
    path.write_text("version = 1\n" + "".join(f"x{n} = 1\n" for n in range(MOST + 2)), "utf-8")
    told = answer(reading, await reading.says(ADMIN, "/reload"))
    assert told.text.endswith(words("mapping-faults-more", count=3))  # and that there are no fields


async def as_another_process(town: Town, told: Callable[[], object]) -> None:
    """Somebody said /reload to a process that shares this one's database; wait until this one has told."""
    now = town.clock.now()
    await town.switchboard.hub.database.write(lambda tx: invalidations.add(tx, KIND, None, at=now))
    assert isinstance(town.clock, TownClock)
    await town.clock.advance(2)
    await town.until(lambda: bool(told()))


async def test_what_another_process_was_told_is_read_here_too(reading: Town, path: Path, log: Log) -> None:
    path.write_text(NEW, "utf-8")
    await as_another_process(reading, lambda: log.events("mapping.read"))
    assert label(reading) == read(NEW.encode()).label


async def test_a_file_that_is_bad_here_changes_nothing_whatever_others_were_told(
    reading: Town, path: Path, log: Log
) -> None:
    before = label(reading)
    path.write_text("version = 0\n", "utf-8")
    await as_another_process(reading, lambda: log.events("mapping.refused"))
    assert label(reading) == before


async def test_others_are_refused(reading: Town) -> None:
    await reading.says(CHEN, "/reload")
    assert reading.last(CHEN).text == words("error-not-allowed")


async def test_without_sources_there_is_no_such_command(town: Town) -> None:
    told = answer(town, await town.says(ADMIN, "/reload"))
    assert "mapping" not in told.text
