"""/errors: grouped, one in detail, and never a secret or a traceback in a chat."""

import pytest

from tests.e2e.operating import answer
from tests.e2e.wording import words
from tests.town import ADMIN, API_KEY, CHEN, Town

PLANTED = (
    "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX",
    "+79161234567",
    "s3cr3t-bearer-token-of-somebody",
    "hunter2pass",
    API_KEY,
)
SAMPLE = (
    f"HTTP 401 at https://bob:{PLANTED[3]}@crm.example/rest with Authorization: Bearer {PLANTED[2]} "
    f"for {PLANTED[1]} by bot{PLANTED[0]} and {API_KEY}"
)
TRACEBACK = (
    'Traceback (most recent call last):\n  File "/srv/hub.py", line 3, in f\n'
    f'    x = "{PLANTED[3]}"\nValueError: wrong'
)


async def test_errors_are_grouped_with_their_numbers(town: Town) -> None:
    faults = town.switchboard.hub.faults
    for _ in range(3):
        await faults.record("gallery.unavailable", "HTTP 503")
    shown = answer(town, await town.says(ADMIN, "/errors")).text
    number = await town.scalar("SELECT id FROM faults WHERE kind = 'gallery.unavailable'")
    assert f"№ {number}. gallery.unavailable – 3 times" in shown


async def test_one_is_told_in_detail_with_what_helps(town: Town) -> None:
    await town.switchboard.hub.faults.record("job.backup.BackupError", "no room left")
    number = await town.scalar("SELECT id FROM faults")
    shown = answer(town, await town.says(ADMIN, f"/errors {number}")).text
    for part in ("job.backup.BackupError", "once", "no room left", words("errors-help-backup")):
        assert part in shown


@pytest.mark.parametrize("wanted", ["99999999999999999999", "0", "-1", "abc", "77"])
async def test_a_number_that_no_error_has_is_told(town: Town, wanted: str) -> None:
    shown = answer(town, await town.says(ADMIN, f"/errors {wanted}")).text
    assert shown == words("errors-no-such", number=wanted)


@pytest.mark.parametrize("sample", [SAMPLE, TRACEBACK, f"first line\n{TRACEBACK}", SAMPLE + TRACEBACK])
async def test_no_secret_and_no_traceback_comes_into_a_chat(town: Town, sample: str) -> None:
    faults = town.switchboard.hub.faults
    await faults.record("planted.fault", sample)
    # As if an earlier version had stored it as it was.
    await town.switchboard.hub.database.write(
        lambda tx: tx.exec_driver_sql("UPDATE faults SET sample = ?", (sample,))
    )
    number = await town.scalar("SELECT id FROM faults")
    for command in ("/errors", f"/errors {number}"):
        shown = answer(town, await town.says(ADMIN, command)).text
        assert not [secret for secret in PLANTED if secret in shown]
        assert "Traceback" not in shown
        assert "hub.py" not in shown


async def test_no_secret_in_a_kind_comes_into_a_chat(town: Town) -> None:
    await town.switchboard.hub.faults.record(f"job.{PLANTED[0]}.ValueError", "no number")
    number = await town.scalar("SELECT id FROM faults")
    for command in ("/errors", f"/errors {number}"):
        shown = answer(town, await town.says(ADMIN, command)).text
        assert "no number" in shown
        assert PLANTED[0] not in shown


async def test_others_are_refused(town: Town) -> None:
    await town.says(CHEN, "/errors 1")
    assert town.last(CHEN).text == words("error-not-allowed")
