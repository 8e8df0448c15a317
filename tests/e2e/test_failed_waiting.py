"""Deals that wait for a portal are one notice, whose count follows them and which ends with them."""

from sandbox.telegram.messages import Message
from tests.e2e.operating import hurry
from tests.e2e.partner import OTHER, PARTNER, edit, exchanging, new_partner, transferred
from tests.e2e.test_notices import MINUTE, notices, passes
from tests.e2e.wording import words
from tests.town import ADMIN, Outside, Town

SELDOM = "86400"  # seconds: events alone tell of deals here


def told(town: Town) -> list[Message]:
    """The notices about waiting deals, without their ends."""
    return [each for each in notices(town) if "wait" in each.text.split("\n")[0] and "🟡" in each.text]


async def test_deals_that_wait_are_one_notice_that_is_edited_and_ends(outside: Outside) -> None:
    partners = new_partner(outside), new_partner(outside, OTHER)
    async with exchanging(outside, *partners, DEALS_SYNC_INTERVAL=SELDOM) as town:
        await town.says(ADMIN, "/version")
        deals = [partners[0].add_deal(TITLE="A"), partners[0].add_deal(TITLE="B")]
        await transferred(town)
        for partner in partners:
            partner.faults.plan("html", times=None)
        for deal in deals:
            edit(partners[0], deal, TITLE="changed")
        await passes(town, 5 * MINUTE)
        assert told(town) == []  # what waits a little is nobody's worry
        partners[1].add_deal(TITLE="C")
        await passes(town, 7 * MINUTE)
        [notice] = told(town)
        assert "2 deals wait since 15:" in notice.text
        assert f"{PARTNER} (2)" in notice.text
        assert words("why-portal-away") in notice.text
        await passes(town, 9 * MINUTE)
        assert told(town) == [notice]
        assert "3 deals wait" in notice.text
        assert f"{PARTNER} (2), {OTHER} (1)" in notice.text
        for partner in partners:
            partner.faults.clear()
        await hurry(town, "deals")
        await passes(town, 8 * MINUTE)
        assert await town.scalar("SELECT state FROM notices WHERE kind = 'waiting-deals'") == "told"
        assert [each for each in notices(town) if each.text.startswith("🟢 No deal waits")]
