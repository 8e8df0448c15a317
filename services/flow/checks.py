"""Check → propose: what somebody who asks about an item, or about several at once, gets to see."""

import asyncio
from collections.abc import Sequence

from services.engine.errors import HubError, NoSuchItem, Unavailable
from services.engine.work import Work
from services.flow.batches import MOST, MOST_OFFERS, Batch
from services.flow.items import OWN_WORDS, Action, Item, Items, Kind, Proposal, Recognised
from services.flow.messages import Content, Messages, Text
from services.flow.places import Asker, Place
from services.flow.proposals import Proposals
from services.flow.roles import RANK, Roles
from storage.database import Transaction

# Presses that change nothing: groups are shown them too, and each press asks for the role of whoever pressed.
READING = frozenset({"preview"})


class Checks:
    """Answers "is it there?" in the manner of the place: words in private, quietly in groups."""

    def __init__(self, items: Items, proposals: Proposals, messages: Messages, roles: Roles) -> None:
        self._roles = roles
        self._items = items
        self._proposals = proposals
        self._messages = messages

    async def check(
        self, wanted: Recognised, asker: Asker, place: Place, work: Work, *, in_words: bool = False
    ) -> None:
        """Show the item, or propose to add it; with `in_words` an item is shown in a group too.

        Raises Unavailable, NoSuchItem, NotAllowed.
        """
        kind = self._items.kind(wanted.kind)
        await self._roles.require(asker, kind.role, place, changes=False)
        item = await kind.find(wanted.key)
        if item and (in_words or place.private):
            actions = await self._actions(item, asker, place)
            work.write(lambda tx: self._tell(tx, work, item, place, actions))
        elif item:
            work.write(lambda tx: self._react(tx, work, place))
        elif await self._proposals.is_welcome(wanted.kind, wanted.key, place):
            proposal = await kind.propose(wanted.key, asker, place)
            work.write(lambda tx: self._proposals.show(tx, work, proposal, asker, place))

    async def check_many(
        self, kind_name: str, keys: Sequence[str], asker: Asker, place: Place, work: Work
    ) -> None:
        """The same for several keys, which differ in more than case: one answer, or one proposal, for all.

        Raises Unavailable when any of them cannot be told, NotAllowed.
        """
        kind, wanted = self._items.kind(kind_name), keys[:MOST]
        found = await kind.find_many(wanted)
        listed = tuple(item for key in wanted if (item := found[key]))
        missing = [key for key in wanted if not found[key]]
        if not place.private and not missing:
            work.write(lambda tx: self._react(tx, work, place))
            return
        missing = await self._proposals.welcome(kind_name, missing, place)
        offers, unknown, rest = await self._propose_some(kind, missing, asker, place)
        if not place.private and len(offers) == 1 and not rest:
            work.write(lambda tx: self._proposals.show(tx, work, offers[0], asker, place))
            return
        known = (listed, tuple(unknown)) if place.private else ((), ())
        batch = Batch(*known, tuple(rest), left_out=len(keys) - len(wanted))
        work.write(lambda tx: self._proposals.show_batch(tx, work, batch, offers, asker, place))

    async def _propose_some(
        self, kind: Kind, keys: Sequence[str], asker: Asker, place: Place
    ) -> tuple[list[Proposal], list[str], list[str]]:
        """As many proposals as one message takes; what does not exist; and what was not asked about."""
        offers: list[Proposal] = []
        unknown: list[str] = []
        rest = list(keys)
        while rest and (room := MOST_OFFERS - len(offers)):
            asked, rest = rest[:room], rest[room:]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_proposed(kind, key, asker, place)) for key in asked]
            for key, answer in zip(asked, (task.result() for task in tasks), strict=True):
                match answer:
                    case Proposal():
                        offers.append(answer)
                    case NoSuchItem():
                        unknown.append(key)
                    case _:
                        raise answer
        return offers, unknown, rest

    async def _actions(self, item: Item, asker: Asker, place: Place) -> tuple[Action, ...]:
        """What this person may do with it here, as far as anybody can tell now."""
        offered = [each for each in item.card.actions if place.private or each.press in READING]
        if not offered:
            return ()
        try:
            rank = RANK[await self._roles.of(asker.user_id)]
        except Unavailable:
            rank = RANK["everyone"]
        return tuple(each for each in offered if RANK[each.role] <= rank)

    def _tell(
        self, tx: Transaction, work: Work, item: Item, place: Place, actions: tuple[Action, ...]
    ) -> None:
        head = f"listed-{item.kind}" if item.kind in OWN_WORDS else "listed"
        links = (item.card.link,) if item.card.link else ()
        content = Content((Text(head),), item.card, links, actions)
        self._messages.text(tx, work.job, place, content, name="listed")

    def _react(self, tx: Transaction, work: Work, place: Place) -> None:
        if place.message_id is not None:
            self._messages.react(tx, work.job, place, "exists", message_id=place.message_id)


async def _proposed(kind: Kind, key: str, asker: Asker, place: Place) -> Proposal | HubError:
    """The proposal, or why there is none, so that one task does not stop the others."""
    try:
        return await kind.propose(key, asker, place)
    except HubError as error:
        return error
