"""What the doctor asks the database and the disks."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.engine.health import Health, Told
from services.engine.storage_probe import FULL, SCARCE, StorageProbe, register_disk
from storage.sqlite import READERS
from tests.clock import HandClock
from tests.storage.files import new_file, opened


async def test_a_database_in_order_tells_what_it_is(tmp_path: Path) -> None:
    async with opened(new_file(tmp_path)) as database:
        (told,) = await StorageProbe(database, HandClock()).probe()
    assert told.level == "ok"
    assert told.what.startswith("SQLite 3.")
    assert ", schema 0" in told.what


async def test_a_database_that_takes_no_writes_has_failed(tmp_path: Path) -> None:
    async with opened(new_file(tmp_path)) as database:
        await database.write(lambda tx: tx.exec_driver_sql("PRAGMA query_only=ON"))
        (told,) = await StorageProbe(database, HandClock()).probe()
    assert told.level == "failed"
    assert "takes no writes: attempt to write a readonly database" in told.what


async def test_a_database_that_may_forget_is_a_warning(tmp_path: Path) -> None:
    async with opened(new_file(tmp_path)) as database:
        for _ in range(READERS):
            await database.read(lambda tx: tx.exec_driver_sql("PRAGMA synchronous=NORMAL"))
        (told,) = await StorageProbe(database, HandClock()).probe()
    assert told.level == "warning"
    assert "synchronous is 1: a crash can lose what was accepted" in told.what


async def test_a_server_whose_clock_is_another_is_a_warning(postgres_url: str) -> None:
    now = datetime.now(UTC)
    async with opened(postgres_url) as database:
        (alone,) = await StorageProbe(database, HandClock(now)).probe()
        _, clock = await StorageProbe(database, HandClock(now.replace(year=now.year - 1))).probe()
    assert "clock" not in alone.what
    assert clock.level == "warning"
    assert "behind that of the database" in clock.what


@pytest.mark.parametrize(
    ("free", "level"),
    [(FULL - 1, "failed"), (FULL, "warning"), (SCARCE - 1, "warning"), (SCARCE, "ok")],
)
async def test_a_disk_that_fills_up_warns_before_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": free}))
    health = Health(HandClock())
    # Two folders on one disk are one disk; one that is not there yet will be on its parent's.
    register_disk(health, [tmp_path, tmp_path / "backups"])
    ((name, told),) = await health.examine()
    assert (name, told.level) == ("disk", level)
    assert isinstance(told, Told)


async def test_a_folder_that_cannot_be_has_no_disk(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    health = Health(HandClock())
    register_disk(health, [Path("/proc/none"), tmp_path / "file" / "backups", tmp_path])
    ((_, told),) = await health.examine()
    assert told.what.endswith(f"MiB free in {tmp_path}")
