"""Inquiries: asked once, a few of a kind at a time, answered once, and over when nobody needs an answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.engine.errors import StaleButton
from services.flow.inquiries import Answered, Ask, Choice
from services.flow.items import Link
from services.flow.messages import Content, Text
from services.flow.places import Asker, Place, Press
from storage import chats, people
from tests.services.flow.conftest import ADMIN, BORIS, House, Row, new_house
from tests.storage.files import rows, scalar

KIND = "colour"
WON, LOST = Choice("C1:WON", "Sales: Won"), Choice("C1:LOSE", "Sales: Lost")
NEITHER = Choice("", text=Text("cancelled"))
DAY = 86400.0
OFFICE = -900


def ask(key: str = "k", **more: Any) -> Ask:
    return replace(Ask(KIND, key, (Text("page", {"page": 1, "pages": 2}),), (WON, LOST, NEITHER)), **more)


class Asking:
    """A house in which one kind asks, and what it was answered."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.hub = house.hub
        self.answers: list[Answered] = []
        self.hub.inquiries.register(KIND, lambda tx, work, answered: self.answers.append(answered))

    async def asks(self, *asks: Ask) -> None:
        """Ask about each, in a job of its own."""
        audience = await self.hub.inquiries.audience()
        for each in asks:
            work = self.house.work()
            work.write(partial(self.hub.inquiries.ask, work=work, ask=each, audience=audience))
            await self.house.finish(work)
            await self.house.clock.advance(1)  # so that each is older than the next

    async def settles(self, key: str) -> None:
        work = self.house.work()
        work.write(lambda tx: self.hub.inquiries.settle(tx, work, KIND, key))
        await self.house.finish(work)

    async def tends(self) -> None:
        """The minute's job."""
        work = self.house.work()
        await self.hub.inquiry_upkeep.tend(work.job, work)
        await self.house.finish(work)

    async def press(self, token: str, chosen: int, who: int = ADMIN, *, version: int = 1) -> list[Row]:
        """Somebody presses a choice; what is said then."""
        before = {row.id for row in await self.house.outbox()}
        work, press = self.house.work(), Press(Asker(who, "Alice"), Place(ADMIN, True, "en", None, 5), "p")
        await self.hub.inquiry_presses.pick(token, version, chosen, press, work)
        await self.house.finish(work)
        return [row for row in await self.house.outbox() if row.id not in before]

    async def all(self) -> dict[str, str]:
        """How every inquiry stands, by its key."""
        found = await rows(self.house.database, "SELECT key, state FROM inquiries ORDER BY created_at, key")
        return dict(found)

    async def token(self, key: str = "k") -> str:
        return str(
            await scalar(
                self.house.database, f"SELECT token FROM inquiries WHERE key = '{key}' AND state <> 'expired'"
            )
        )

    async def cards(self, key: str = "k") -> list[Content]:
        """What the messages that show it were written to show, oldest first."""
        token = await self.token(key)
        found = []
        for row in await self.house.outbox():
            where = f"SELECT count(*) FROM inquiry_cards WHERE token = '{token}' AND shown_row IN "
            if row.kind in {"text", "edit"} and await scalar(
                self.house.database, f"{where} ({row.id}, {row.target_row or 0})"
            ):
                found.append(row.shown)
        return found


@pytest.fixture
async def asking(tmp_path: Path) -> AsyncIterator[Asking]:
    async with new_house(tmp_path) as house:
        yield Asking(house)


def labels(content: Content) -> list[str]:
    """What the buttons say, as far as it is data."""
    return [each.params.get("label", each.label) for each in content.actions]


async def test_what_is_asked_comes_to_each_admin_once_with_its_choices(asking: Asking) -> None:
    link = Link("button-open", "https://a.example/deal/7")
    await asking.asks(ask(link=link), ask(link=link), ask(link=link))
    [card] = await asking.cards()
    assert [text.key for text in card.texts] == ["page"]
    assert labels(card) == ["Sales: Won", "Sales: Lost", "cancelled"]
    assert card.links == (link,)
    assert await rows(asking.house.database, "SELECT actor, action, kind, key FROM journal") == [
        ("inquiries", "inquire", KIND, "k")
    ]


async def test_an_answer_does_what_its_kind_does_and_is_told_and_journaled(asking: Asking) -> None:
    await asking.asks(ask(details={"deal": 7}))
    said = await asking.press(await asking.token(), 0)
    [answered] = asking.answers
    assert (answered.value, answered.actor, answered.name) == ("C1:WON", f"user:{ADMIN}", "Alice")
    assert (answered.inquiry.key, answered.inquiry.details) == ("k", {"deal": 7})
    assert [row.kind for row in said] == ["edit", "answer"]
    ended = (await asking.cards())[-1]
    assert [text.key for text in ended.texts] == ["inquiry-ended-answered", "page"]
    assert ended.texts[0].params["answer"] == "Sales: Won"
    assert not ended.actions
    journal = await rows(
        asking.house.database, "SELECT actor, action, after FROM journal WHERE action='answer'"
    )
    assert journal == [(f"user:{ADMIN}", "answer", '{"answer":"C1:WON"}')]


async def test_of_two_admins_at_the_same_moment_one_answers_and_the_other_hears_what(asking: Asking) -> None:
    await asking.asks(ask())
    token = await asking.token()
    at = asking.house.clock.now()
    await asking.house.database.write(
        lambda tx: people.give_role(tx, BORIS, "admin", name="Boris", by=None, at=at)
    )
    both = await asyncio.gather(asking.press(token, 0), asking.press(token, 1, BORIS))
    assert len(asking.answers) == 1
    said = {row.id: row.content for part in both for row in part if row.kind == "answer"}
    heard = [content["text"]["key"] for content in said.values()]
    assert sorted(heard) == ["inquiry-ended-answered", "inquiry-taken"]
    [late] = [content for content in said.values() if content["text"]["key"] == "inquiry-ended-answered"]
    assert late["alert"]
    assert late["text"]["params"]["answer"] in {"Sales: Won", "Sales: Lost"}


async def test_what_changed_meanwhile_changes_its_card_and_makes_buttons_shown_before_stale(
    asking: Asking,
) -> None:
    await asking.asks(ask())
    token = await asking.token()
    await asking.asks(ask(choices=(LOST, WON)))
    before, now = await asking.cards()
    assert labels(before) == ["Sales: Won", "Sales: Lost", "cancelled"]
    assert labels(now) == ["Sales: Lost", "Sales: Won"]
    [answer] = await asking.press(token, 0)
    assert answer.content["text"]["key"] == "inquiry-changed"
    assert not asking.answers
    await asking.press(token, 0, version=2)
    assert [each.value for each in asking.answers] == ["C1:LOSE"]


@pytest.mark.parametrize("more", [{"details": {"ours": "5"}}, {"texts": (Text("cancelled"),)}])
async def test_a_card_about_other_values_than_there_are_now_decides_nothing(
    asking: Asking, more: dict[str, Any]
) -> None:
    await asking.asks(ask(details={"ours": "4"}), ask(**{"details": {"ours": "4"}} | more))
    assert len(await asking.cards()) == 2
    await asking.press(await asking.token(), 0)
    assert not asking.answers


async def test_what_json_cannot_tell_apart_is_no_change(asking: Asking) -> None:
    """Or every transfer would edit every card."""
    same = ask(details={"values": ("a", "b"), "by": {1: "x"}, "half": "\ud83d"})
    await asking.asks(same, same)
    assert len(await asking.cards()) == 1


async def test_more_than_ten_of_a_kind_wait_for_their_turn_and_others_do_not(asking: Asking) -> None:
    asking.hub.inquiries.register("other", lambda tx, work, answered: None, most_open=1)
    await asking.asks(*(ask(f"k{number:02}") for number in range(12)), replace(ask("o"), kind="other"))
    found = await asking.all()
    assert [key for key, state in found.items() if state == "queued"] == ["k10", "k11"]
    assert not await asking.cards("k10")
    await asking.press(await asking.token("k03"), 0)
    assert (await asking.all())["k10"] == "open"
    assert len(await asking.cards("k10")) == 1
    await asking.settles("k05")
    assert (await asking.all())["k11"] == "queued"  # nobody was at hand who knew where cards go
    await asking.tends()
    assert set((await asking.all()).values()) == {"answered", "settled", "open"}
    assert len(await asking.cards("k11")) == 1


async def test_one_that_waits_for_its_turn_takes_what_changed_and_can_be_settled(asking: Asking) -> None:
    asking.hub.inquiries.register(KIND, lambda tx, work, answered: None, most_open=0)
    await asking.asks(ask("a"), ask("a", choices=(LOST,)), ask("b"))
    await asking.settles("b")
    assert await asking.all() == {"a": "queued", "b": "settled"}
    asking.hub.inquiries.register(KIND, lambda tx, work, answered: asking.answers.append(answered))
    await asking.tends()
    [card] = await asking.cards("a")
    assert labels(card) == ["Sales: Lost"]
    await asking.press(await asking.token("a"), 0, version=2)
    assert [each.value for each in asking.answers] == ["C1:LOSE"]


async def test_what_nobody_needs_to_answer_any_more_is_closed_on_its_cards(asking: Asking) -> None:
    await asking.asks(ask())
    token = await asking.token()
    await asking.settles("k")
    await asking.settles("k")
    assert [text.key for text in (await asking.cards())[-1].texts] == ["inquiry-ended-settled", "page"]
    [answer] = await asking.press(token, 0)
    assert answer.content["text"]["key"] == "inquiry-ended-settled"
    assert not asking.answers
    assert await scalar(asking.house.database, "SELECT count(*) FROM journal WHERE action = 'settle'") == 1


async def test_settling_what_nobody_asked_about_writes_nothing(asking: Asking) -> None:
    await asking.settles("k")
    for table in ("inquiries", "journal", "messages"):
        assert await scalar(asking.house.database, f"SELECT count(*) FROM {table}") == 0


async def test_whether_somebody_is_asked_is_known_while_it_waits(asking: Asking) -> None:
    async def is_asked() -> bool:
        return await asking.house.database.read(lambda tx: asking.hub.inquiries.is_asked(tx, KIND, "k"))

    assert not await is_asked()
    await asking.asks(ask())
    assert await is_asked()
    await asking.press(await asking.token(), 2)
    assert not await is_asked()


async def test_after_a_week_it_is_over_and_may_be_asked_again(asking: Asking) -> None:
    await asking.asks(ask())
    token = await asking.token()
    await asking.house.clock.advance(7 * DAY - 61)
    await asking.tends()
    assert await asking.all() == {"k": "open"}
    await asking.house.clock.advance(60)
    [answer] = await asking.press(token, 0)  # too late already, though nobody has closed it yet
    assert answer.content["text"]["key"] == "inquiry-ended-expired"
    await asking.tends()
    assert await asking.all() == {"k": "expired"}
    await asking.asks(ask())
    assert await scalar(asking.house.database, "SELECT count(*) FROM inquiries WHERE state = 'open'") == 1
    assert not asking.answers


async def test_a_chat_that_got_no_card_gets_it_by_the_minute(tmp_path: Path) -> None:
    async with new_house(tmp_path, ADMIN_CHAT_ID=str(OFFICE)) as house:
        asking = Asking(house)
        at = house.clock.now()
        await house.database.write(lambda tx: chats.note(tx, OFFICE, type_="group", title="Office", at=at))
        work = house.work()
        work.write(lambda tx: house.hub.inquiries.ask(tx, work, ask(), ()))
        await house.finish(work)
        assert await asking.cards() == []
        for _ in range(3):
            await asking.tends()
        assert len(await asking.cards()) == 1


async def test_an_answer_to_a_kind_that_is_switched_off_is_not_taken(asking: Asking) -> None:
    await asking.asks(ask())
    token = await asking.token()
    asking.hub.inquiries._known.clear()
    with pytest.raises(StaleButton):
        await asking.press(token, 0)
    await asking.house.clock.advance(7 * DAY)
    await asking.tends()
    assert await asking.all() == {"k": "expired"}
