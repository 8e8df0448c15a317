"""Regular backups: made, thinned out, and told when they fail."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from services.engine.health import Told
from services.flow.backups import RETRY, Backups, Kept, build_backups, folder_of, superfluous
from settings import load_settings
from storage import archive
from storage.archive import BackupError
from storage.backup import SqliteSource
from storage.steps import Steps
from tests.clock import DAY, HandClock
from tests.storage.files import new_file

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 15, 12, tzinfo=UTC)


class Noted:
    """Faults as they were recorded."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    async def record(self, kind: str, sample: str) -> None:
        self.kinds.append(kind)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(START)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return new_file(tmp_path)


@pytest.fixture
def backups(file: Path, clock: HandClock) -> Backups:
    folder = file.parent / "backups"
    return Backups(SqliteSource(file), folder, clock=clock, faults=Noted(), every=24 * HOUR)


async def make(backups: Backups) -> dict[str, object]:
    return await backups.make()


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def test_a_backup_is_named_by_its_time_and_told_in_the_jobs_result(
    backups: Backups, file: Path
) -> None:
    result = await make(backups)

    made = file.parent / "backups" / "switchboard-20260115T120000Z.backup"
    assert result == {"file": made.name, "bytes": made.stat().st_size, "removed": []}
    with archive.opened(made, Steps()) as found:
        assert found.manifest.created_at == START


async def test_after_months_of_days_a_week_of_days_and_four_weeks_are_left(
    backups: Backups, file: Path, clock: HandClock
) -> None:
    for _ in range(60):
        await make(backups)
        await clock.advance(DAY)

    kept = names(file.parent / "backups")
    days = [name.removeprefix("switchboard-")[:8] for name in kept]
    assert days == [
        # the last day of each week
        *("20260215", "20260222", "20260301", "20260308"),
        *(f"202603{day}" for day in ("09", "10", "11", "12", "13", "14", "15")),
    ]


def _kept(*ages: float) -> list[Kept]:
    return [Kept(Path(f"{age}"), START - timedelta(days=age)) for age in ages]


@pytest.mark.parametrize(
    ("ages", "left"),
    [
        ([], []),
        (range(7), range(7)),
        (range(8), range(8)),
        # Hours apart: of the rest one of its week stays.
        ([hour / 24 for hour in range(12)], [hour / 24 for hour in range(8)]),
        # Thin from the beginning: nothing is lost before four weeks are behind the newest seven.
        ([day * 7 for day in range(14)], [day * 7 for day in range(11)]),
    ],
)
def test_the_newest_seven_and_one_of_each_of_four_weeks_stay(ages: list[float], left: list[float]) -> None:
    kept = _kept(*ages)
    leaving = superfluous(kept)
    assert [each for each in kept if each not in leaving] == _kept(*left)


async def test_files_of_other_names_are_none_of_its_business(backups: Backups, file: Path) -> None:
    folder = file.parent / "backups"
    folder.mkdir()
    others = [
        "notes.txt",
        "switchboard.db",
        "before-restore-20200101T000000Z.backup",
        "switchboard-20200101T000000Z.backup.keep",
        "my-switchboard-20200101T000000Z.backup",
        "switchboard-20209901T000000Z.backup",
        ".switchboard-20200101T000000Z.part",
    ]
    for name in others:
        (folder / name).write_text("mine")
    for day in range(1, 29):
        (folder / f"switchboard-202001{day:02}T000000Z.backup").write_text("an old backup")

    await make(backups)

    assert set(others) <= set(names(folder))
    assert len(names(folder)) == len(others) + 7 + 4


async def test_what_a_killed_process_left_half_made_goes_after_a_day(
    backups: Backups, file: Path, clock: HandClock
) -> None:
    half_made = file.parent / "backups" / ".switchboard-20260115T110000Z.backup.ab_1c2.part"
    half_made.mkdir(parents=True)
    (half_made / "copy").write_text("half")

    await make(backups)
    assert half_made.exists()
    await clock.advance(DAY)
    result = await make(backups)

    assert result["removed"] == [half_made.name]
    assert not half_made.exists()


async def test_a_failed_backup_is_raised_for_the_inbox_and_stays_in_the_health_until_one_succeeds(
    backups: Backups, file: Path
) -> None:
    assert await backups.check() is None
    content = file.read_bytes()
    file.write_bytes(b"no database" * 1000)

    with pytest.raises(BackupError):
        await make(backups)
    assert "the last backup failed: cannot copy" in str(await backups.check())
    assert names(file.parent / "backups") == []

    file.write_bytes(content)
    await make(backups)
    assert await backups.check() is None


async def test_a_failed_backup_removes_no_old_one(backups: Backups, file: Path) -> None:
    folder = file.parent / "backups"
    folder.mkdir()
    for day in range(1, 29):
        (folder / f"switchboard-202001{day:02}T000000Z.backup").write_text("an old backup")
    file.unlink()

    with pytest.raises(BackupError):
        await make(backups)

    assert len(names(folder)) == 28


async def test_backups_that_stop_coming_are_a_finding(backups: Backups, clock: HandClock) -> None:
    await make(backups)
    await clock.advance(49 * 3600)
    assert await backups.check() is None
    await clock.advance(60)
    assert await backups.check() == "the newest backup is 2 days old"


async def test_a_hub_that_has_no_backup_after_an_hour_says_so(backups: Backups, clock: HandClock) -> None:
    await clock.advance(3600)
    assert await backups.check() is None
    await clock.advance(1)
    assert await backups.check() == "there is no backup"


# --- the doctor's questions


async def test_the_doctor_is_told_of_the_newest_backup(
    backups: Backups, file: Path, clock: HandClock
) -> None:
    assert [told.level for told in await backups.probe()] == ["warning"]
    await make(backups)
    await clock.advance(3 * 3600)
    told = Told("ok", f"switchboard-20260115T120000Z.backup, 3 h old, in {file.parent / 'backups'}")
    assert await backups.probe() == [told]
    await clock.advance(3 * DAY)
    assert [told.level for told in await backups.probe()] == ["warning"]


async def test_the_doctor_is_told_that_no_backup_could_be_made(file: Path, clock: HandClock) -> None:
    def backups_in(folder: Path) -> Backups:
        return Backups(SqliteSource(file), folder, clock=clock, faults=Noted(), every=HOUR)

    (file.parent / "taken").write_text("")
    ((told),) = await backups_in(file.parent / "taken" / "deeper").probe()
    assert told.level == "failed"
    assert told.what.startswith("cannot write to")


def _settings(**variables: str) -> Callable[[], Backups | None]:
    settings = load_settings(variables, None)
    return lambda: build_backups(settings, HandClock(), Noted())


def test_backups_lie_beside_the_file_unless_told_otherwise() -> None:
    beside = load_settings({"DATABASE_URL": "sqlite+aiosqlite:////srv/hub.db"}, None)
    elsewhere = load_settings({"BACKUP_DIR": "/mnt/backups"}, None)
    assert folder_of(beside) == Path("/srv/backups")
    assert folder_of(elsewhere) == Path("/mnt/backups")


def test_on_postgres_there_are_none_without_a_folder() -> None:
    url = "postgresql+asyncpg://hub@db/hub"
    assert _settings(DATABASE_URL=url)() is None
    assert _settings(DATABASE_URL=url, BACKUP_DIR="/mnt")() is not None
    assert _settings(BACKUP_INTERVAL_HOURS="0")() is not None, "somebody may ask for one"
    assert _settings()() is not None


def test_a_backup_that_fails_is_tried_for_hours_not_for_seconds() -> None:
    """A disk that is full or a database that is away at the grid's moment is not to cost the day's backup."""
    retry, random = RETRY, Random(1)
    failed_at = now = START
    for failures in range(1, 8):
        due = retry.next_due(failures, failed_at, now, random)
        assert due
        now = due
    assert now - failed_at > HOUR / 2
    assert retry.next_due(7, failed_at, START + 4 * HOUR, random)
    assert retry.next_due(8, failed_at, now, random) is None
