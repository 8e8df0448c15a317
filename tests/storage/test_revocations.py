"""A key that was revoked after the backup was made does not open anything again by a restore."""

from pathlib import Path

import pytest

from storage import archive, keys, restoring
from storage.archive import BackupError
from storage.database import Transaction
from storage.restoring import Terms
from storage.revocations import Revocations
from storage.steps import Steps
from tests.postgres import PostgresServer
from tests.storage.backups import LATER, backup_of, programs, restored_to, target_at
from tests.storage.files import Home, WatchedDatabase, new_file, opened, rows
from tests.storage.rows import NOON, at
from tests.storage.test_restoring import file, place

__all__ = ["file", "place", "programs"]

REVOKED = "SELECT name FROM keys WHERE revoked_at IS NOT NULL ORDER BY id"


def _add(tx: Transaction, *names: str) -> None:
    for name in names:
        keys.add(tx, name=name, hint="swb_abcd", digest=f"{name:x>64}", scope="read", at=NOON)


async def test_a_key_revoked_after_the_backup_stays_revoked(
    database: WatchedDatabase, home: Home, file: Path
) -> None:
    await database.write(lambda tx: _add(tx, "good", "revoked before", "leaked"))
    await database.write(lambda tx: keys.revoke(tx, 2, at=at(1)))
    await backup_of(home, file)
    await database.write(lambda tx: keys.revoke(tx, 3, at=at(5)))
    await database.close()

    done = await restored_to(home, file)

    assert done.settled.keys == Revocations(kept=1, doubtful=0)
    async with opened(home) as found:
        assert await rows(found, REVOKED) == [("revoked before",), ("leaked",)]
        leaked = await found.read(lambda tx: keys.by_id(tx, 3))
        assert leaked
        assert leaked.revoked_at == at(5)
        assert await found.read(lambda tx: keys.by_digest(tx, f"{'good':x>64}"))


async def test_in_an_empty_place_nobody_knows_and_the_good_keys_are_counted(
    database: WatchedDatabase, home: Home, place: Home, file: Path
) -> None:
    await database.write(lambda tx: _add(tx, "good", "revoked before", "leaked"))
    await database.write(lambda tx: keys.revoke(tx, 2, at=at(1)))
    await backup_of(home, file)

    done = await restored_to(place, file)

    assert done.settled.keys == Revocations(kept=0, doubtful=2)
    async with opened(place) as found:
        assert await rows(found, REVOKED) == [("revoked before",)]


async def test_keys_are_told_apart_by_what_they_are_not_by_their_number(
    database: WatchedDatabase, home: Home, place: Home, file: Path
) -> None:
    await database.write(lambda tx: _add(tx, "good"))
    await backup_of(home, file)
    async with opened(place) as other:
        await other.write(lambda tx: _add(tx, "another"))
        await other.write(lambda tx: keys.revoke(tx, 1, at=at(1)))

    done = await restored_to(place, file)

    assert done.settled.keys == Revocations(kept=0, doubtful=1)
    async with opened(place) as found:
        assert await rows(found, REVOKED) == []


async def test_a_file_that_cannot_be_read_tells_nothing(tmp_path: Path, file: Path) -> None:
    home = new_file(tmp_path)
    async with opened(home) as database:
        await database.write(lambda tx: _add(tx, "good"))
    await backup_of(home, file)
    home.write_bytes(b"\xff" * 8192)

    done = await restored_to(home, file, force=True)

    assert done.settled.keys == Revocations(kept=0, doubtful=1)


async def test_what_a_restore_that_was_cut_off_left_is_not_taken_for_knowledge(
    postgres_url: str, postgres_server: PostgresServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(postgres_server.bin), prepend=":")
    async with opened(postgres_url) as database:
        await database.write(lambda tx: _add(tx, "leaked"))
        await backup_of(postgres_url, file)
        await database.write(lambda tx: keys.revoke(tx, 1, at=at(5)))

    def end(stage: str, _done: int, _total: int) -> None:
        if stage == "settle":
            raise InterruptedError

    with pytest.raises(BackupError):
        await restoring.restore(target_at(postgres_url), file, Terms(), Steps(end), now=LATER)

    done = await restored_to(postgres_url, file)

    assert done.settled.keys == Revocations(kept=0, doubtful=1)
    kept = next(file.parent.glob("before-restore-*.backup"))
    with archive.opened(kept, Steps()) as former:  # what was known is in there
        assert former.manifest.rows["keys"] == 1
