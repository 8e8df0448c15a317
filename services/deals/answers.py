"""Putting deals' questions to people, and doing what they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import msgspec

from services.deals.asking import ANEW, CONFLICT, DELETE, DELETED, GONE, MAPPING, TAKE, value_key
from services.deals.looking import LEFT_OUT
from services.deals.model import Order, Ruled, Verdict
from services.deals.orders import Orders
from services.deals.sources import Sources
from services.deals.transfer import Outcome
from services.engine.clock import Clock
from services.engine.inbox import Inbox, Offer, Topic
from services.engine.retry import OUTSIDE
from services.engine.work import Work
from services.flow.inquiries import Answered, Ask, Inquiries
from services.flow.items import Link
from services.flow.messages import Text
from services.flow.places import Place
from storage import deal_links, inquiries, mapping_answers
from storage.database import Database, Transaction
from storage.mapping_answers import MappingAnswer
from storage.records import Job

TOPIC = "deals.answers"  # of the inbox: deals that an answer is about are looked at anew
PAGE = 500  # links that are read together


class Value(msgspec.Struct, frozen=True):
    """What an answer was about: a value of a source that goes into the twin's field."""

    domain: str
    field: str
    value: str


class Asking:
    """Asks what a transfer has found, in its transaction."""

    def __init__(self, room: Inquiries, orders: Orders) -> None:
        self._room = room
        self._orders = orders

    async def audience(self, outcome: Outcome) -> tuple[Place, ...]:
        """Who is asked, when there is something to ask."""
        return await self._room.audience() if outcome.asks else ()

    def write(self, work: Work, order: Order, outcome: Outcome, audience: Sequence[Place]) -> None:
        """Ask, and settle what is no question any more."""
        for ask in outcome.asks:
            work.write(partial(self._ask, work=work, order=order, ask=ask, audience=audience))
        for kind, key in outcome.settled:
            work.write(partial(self._room.settle, work=work, kind=kind, key=key))

    def _ask(self, tx: Transaction, work: Work, order: Order, ask: Ask, audience: Sequence[Place]) -> None:
        if ask.kind != MAPPING:
            self._room.ask(tx, work, ask, audience)
            return
        # Who answers at this moment waits for us, or we for them: nobody's answer passes a deal by.
        known = inquiries.waiting_for(tx, ask.kind, ask.key, change=True)
        about = msgspec.convert(ask.details, Value)
        now = mapping_answers.of_value(tx, about.domain, about.field, about.value)
        if now != ask.details["outdated"]:
            self._orders.take_in(tx, work, [Order(order.domain, order.id)])
            return
        if known:  # of many deals the first one is named
            texts, link = msgspec.convert((known.texts, known.link), tuple[tuple[Text, ...], Link | None])
            ask = replace(ask, texts=texts, link=link)
        self._room.ask(tx, work, ask, audience)


class DealAnswers:
    """Does what people answer."""

    def __init__(
        self, sources: Sources, database: Database, clock: Clock, inbox: Inbox, orders: Orders
    ) -> None:
        self._sources = sources
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._orders = orders

    def register(self, room: Inquiries) -> None:
        """Make the kinds of questions known."""
        room.register(MAPPING, self._map)
        room.register(CONFLICT, self._rule)
        room.register(DELETED, self._delete)
        room.register(GONE, self._bring_back)

    def topic(self, concurrency: int) -> Topic:
        """The row that the inbox needs."""
        return Topic(TOPIC, self.handle, concurrency, OUTSIDE)

    async def handle(self, job: Job, work: Work) -> dict[str, Any]:
        """Have each deal looked at whose twin lacks the value; twice is once."""
        about = msgspec.json.decode(job.payload, type=Value)
        wanted, after, ordered = [about.field, about.value], 0, 0
        while rows := await self._links(about.domain, after):
            found = [number for number, values in rows if wanted in values.get(LEFT_OUT, ())]
            await self._orders.take_all([Order(about.domain, number) for number in found])
            after, ordered = rows[-1][0], ordered + len(found)
        return {"ordered": ordered}

    async def _links(self, domain: str, after: int) -> list[tuple[int, Mapping[str, Any]]]:
        """The next ones; none of what is no source any more."""
        if domain not in self._sources.portals:
            return []
        return await self._database.read(lambda tx: deal_links.page(tx, domain, after=after, limit=PAGE))

    def _map(self, tx: Transaction, work: Work, answered: Answered) -> None:
        about, now = msgspec.convert(answered.inquiry.details, Value), self._clock.now()
        row = MappingAnswer(about.domain, about.field, about.value, answered.value, answered.actor, now)
        mapping_answers.put(tx, row)
        key = value_key(about.domain, about.field, about.value)
        offer = Offer(f"{MAPPING}:{key}", None, msgspec.json.encode(about).decode())
        self._inbox.accept_in(tx, TOPIC, offer, correlation_id=work.job.correlation_id)
        work.afterwards(lambda: self._inbox.wake(TOPIC))

    def _rule(self, tx: Transaction, work: Work, answered: Answered) -> None:
        details = answered.inquiry.details
        choice: Literal["take", "keep"] = "take" if answered.value == TAKE else "keep"
        self._order(tx, work, answered, Verdict(choice, details["field"], details["shown"]))

    def _delete(self, tx: Transaction, work: Work, answered: Answered) -> None:
        if answered.value == DELETE:
            self._order(tx, work, answered, Verdict("delete"))

    def _bring_back(self, tx: Transaction, work: Work, answered: Answered) -> None:
        details = answered.inquiry.details
        if answered.value == ANEW:
            self._orders.take_in(tx, work, [Order(details["domain"], details["id"], asked=True)])
        else:
            deal_links.leave_lost(tx, details["domain"], details["id"])

    def _order(self, tx: Transaction, work: Work, answered: Answered, verdict: Verdict) -> None:
        details = answered.inquiry.details
        self._orders.take_in(tx, work, [Ruled(details["domain"], details["id"], verdict=verdict)])
