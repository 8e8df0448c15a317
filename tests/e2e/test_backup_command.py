"""/backup: one message tells how it goes and ends as a receipt; one is made at a time."""

from pathlib import Path

from storage.archive import BackupError
from tests.e2e.operating import answer, steps
from tests.e2e.wording import words
from tests.town import ADMIN, CHEN, GROUP, Outside, Town


def made_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.backup")) if folder.exists() else []


async def test_the_receipt_tells_name_place_size_and_time_and_never_shows_the_file(
    town: Town, outside: Outside
) -> None:
    receipt = answer(town, await town.says(ADMIN, "/backup"))
    assert receipt.text == words("backup-begun")
    await steps(town, 3)
    [file] = made_in(outside.folder / "backups")
    size = f"{file.stat().st_size / 1e6:.2f}"
    told = words("backup-done", file=file.name, folder=file.parent, size=size, took="1 second")
    assert receipt.text == told
    assert not [message for message in town.sent(ADMIN) if "document" in message.content]
    journal = await town.rows("SELECT actor, action, kind, key FROM journal WHERE kind = 'backup'")
    assert journal == [(f"user:{ADMIN}", "backup", "backup", file.name)]


async def test_a_second_joins_the_one_on_its_way(town: Town, outside: Outside) -> None:
    first = town.world.send_text(ADMIN, ADMIN, "/backup")
    second = town.world.send_text(GROUP, ADMIN, f"/backup@{town.world.bot.username}")
    await town.settle()
    await steps(town, 3)
    [file] = made_in(outside.folder / "backups")
    for asked in (first, second):
        assert file.name in answer(town, asked).text
    assert len(await town.rows("SELECT key FROM journal WHERE kind = 'backup'")) == 1


async def test_one_that_fails_is_told_with_its_reason_and_hurried_by_the_next(outside: Outside) -> None:
    (outside.folder / "taken").write_text("")
    async with outside.hub(BACKUP_DIR=f"{outside.folder}/taken") as town:
        told = answer(town, await town.says(ADMIN, "/backup"))
        await steps(town, 3)
        assert told.text.startswith(words("backup-later", reason="BackupError: cannot make"))
        assert BackupError.__name__ in told.text
        (outside.folder / "taken").unlink()
        again = answer(town, await town.says(ADMIN, "/backup"))
        assert again.text == words("backup-begun")
        await steps(town, 3)
        [file] = made_in(outside.folder / "taken")
        for receipt in (told, again):
            assert file.name in receipt.text


async def test_without_a_folder_it_says_what_is_missing(outside: Outside, postgres_url: str) -> None:
    async with outside.hub(DATABASE_URL=postgres_url) as town:
        told = answer(town, await town.says(ADMIN, "/backup"))
        assert told.text == words("backup-nowhere")


async def test_the_schedules_backup_is_joined_too(outside: Outside) -> None:
    async with outside.hub(BACKUP_INTERVAL_HOURS="24") as town:
        told = answer(town, await town.says(ADMIN, "/backup"))
        await steps(town, 3)
        assert len(made_in(outside.folder / "backups")) == 1
        assert "switchboard-" in told.text


async def test_others_are_refused(town: Town, outside: Outside) -> None:
    await town.says(CHEN, "/backup")
    assert town.last(CHEN).text == words("error-not-allowed")
    assert made_in(outside.folder / "backups") == []
