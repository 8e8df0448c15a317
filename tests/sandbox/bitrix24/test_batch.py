"""`batch` with its habits."""

from urllib.parse import quote

import httpx

from sandbox.bitrix24.php import http_build_query
from sandbox.bitrix24.portal import Portal
from tests.sandbox.bitrix24.conftest import Caller


async def test_commands_run_in_order_and_may_name_what_came_before(caller: Caller, portal: Portal) -> None:
    sections = await caller.batch(
        "crm.contact.add?fields[NAME]=Anna",
        "crm.deal.add?fields[TITLE]=Course&fields[CONTACT_ID]=$result[c0]",
        "crm.deal.get?id=$result[c1]",
        halt=1,
    )
    assert (sections["result"]["c0"], sections["result"]["c1"]) == (1, 1)
    assert sections["result"]["c2"]["CONTACT_ID"] == "1"
    assert portal.deals[1]["CONTACT_ID"] == "1"


async def test_a_failed_command_stands_beside_those_that_went_well(caller: Caller) -> None:
    sections = await caller.batch(
        "crm.deal.get?id=9", "crm.deal.add?fields[TITLE]=x", "crm.item.get?entityTypeId=2&id=9"
    )
    assert sections["result"] == {"c1": 1}
    assert sections["result_error"] == {
        "c0": {"error": "", "error_description": "Not found"},
        "c2": {"error": "NOT_FOUND", "error_description": "Элемент не найден"},
    }
    assert (sections["result_total"], sections["result_next"]) == ([], [])
    assert list(sections["result_time"]) == ["c1"]


async def test_halt_leaves_the_rest_in_no_section(caller: Caller, portal: Portal) -> None:
    sections = await caller.batch(
        "crm.deal.add?fields[TITLE]=x", "crm.deal.get?id=9", "crm.deal.add", halt="N"
    )
    assert sections["result"] == {"c0": 1}
    assert list(sections["result_error"]) == ["c1"]
    assert len(portal.deals) == 1


async def test_numeric_names_become_lists(caller: Caller) -> None:
    result = await caller.ok(
        "batch", cmd={"0": "crm.deal.get?id=0", "1": "crm.deal.get?id=1", "7": "crm.deal.list"}
    )
    assert result["result_error"] == [
        {"error": "", "error_description": "ID is not defined or invalid."},
        {"error": "", "error_description": "Not found"},
    ]
    assert result["result"] == {"7": []}
    listed = await caller.ok("batch", cmd=["crm.deal.list"])
    assert (listed["result"], listed["result_total"]) == ([[]], [0])


async def test_no_more_than_fifty_commands_run(caller: Caller, portal: Portal) -> None:
    sections = await caller.batch(*["crm.contact.add?fields[NAME]=x"] * 52)
    assert len(portal.contacts) == 50
    assert sections["result_error"]["c50"]["error"] == "ERROR_BATCH_LENGTH_EXCEEDED"
    assert list(sections["result_error"]) == ["c50", "c51"]


async def test_what_is_no_text_is_passed_over_without_a_word(caller: Caller) -> None:
    result = await caller.ok("batch", cmd={"a": {"method": "crm.deal.add", "params": {}}, "b": "server.time"})
    assert list(result["result"]) == ["b"]
    assert result["result_error"] == []


async def test_a_batch_in_a_batch_is_refused(caller: Caller) -> None:
    sections = await caller.batch("batch?cmd[a]=server.time")
    assert sections["result_error"]["c0"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


async def test_a_missing_scope_is_told_per_command_without_words(caller: Caller, portal: Portal) -> None:
    portal.allow(["user"])
    sections = await caller.batch("crm.deal.list", "user.current")
    assert sections["result_error"] == {"c0": {"error": "insufficient_scope", "error_description": ""}}
    assert sections["result"]["c1"]["NAME"] == "Анна"
    assert (await caller.refused("crm.deal.list"))[:2] == (401, "insufficient_scope")


async def test_an_unresolved_reference_makes_a_deal_with_a_foreign_contact(
    caller: Caller, portal: Portal
) -> None:
    await caller.batch(
        "crm.contact.get?id=9", "crm.deal.add?fields[TITLE]=x", "crm.deal.add?fields[CONTACT_ID]=$result[c0]"
    )
    assert portal.deals[2]["CONTACT_ID"] == "1"


async def test_text_that_looks_like_a_reference_is_taken_for_one(caller: Caller, portal: Portal) -> None:
    title = quote("Course $result[c0] for all")
    await caller.batch("crm.contact.add?fields[NAME]=x", f"crm.deal.add?fields[TITLE]={title}")
    assert portal.deals[1]["TITLE"] == "Course 1 for all"
    await caller.ok("crm.deal.add", fields={"TITLE": "Course $result[c0] for all"})
    assert portal.deals[2]["TITLE"] == "Course $result[c0] for all"


async def test_pages_chain_inside_one_request(caller: Caller, portal: Portal) -> None:
    for _ in range(70):
        portal.add_deal(TITLE="x")
    page = "crm.deal.list?order[ID]=ASC&select[]=ID&start=-1&filter[>ID]="
    sections = await caller.batch(f"{page}0", f"{page}$result[c0][49][ID]")
    ids = [row["ID"] for name in ("c0", "c1") for row in sections["result"][name]]
    assert ids == [str(number) for number in range(1, 71)]


async def test_a_raw_hash_cuts_the_command(caller: Caller, portal: Portal) -> None:
    await caller.batch("crm.deal.add?fields[TITLE]=a#b&fields[COMMENTS]=lost")
    assert (portal.deals[1]["TITLE"], portal.deals[1]["COMMENTS"]) == ("a", None)


async def test_a_form_body_is_decoded_twice(client: httpx.AsyncClient, portal: Portal) -> None:
    command = "crm.deal.add?" + http_build_query({"fields": {"TITLE": "A&B + ё #1"}})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("batch", content=http_build_query({"cmd": {"c0": command}}), headers=headers)
    assert answer.json()["result"]["result"] == {"c0": 1}
    assert portal.deals[1]["TITLE"] == "A&B + ё #1"


async def test_every_command_and_the_batch_are_in_the_ledger(caller: Caller, portal: Portal) -> None:
    await caller.batch("crm.deal.add?fields[TITLE]=x", "crm.deal.get?id=7")
    assert (portal.ledger.requests, portal.ledger.commands) == (1, 2)
    [call] = portal.ledger.calls
    assert [(one.method, one.applied, one.code) for one in call.commands] == [
        ("crm.deal.add", True, None),
        ("crm.deal.get", False, ""),
    ]
