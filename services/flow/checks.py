"""Check → propose: what somebody who asks about an item gets to see."""

from services.engine.work import Work
from services.flow.items import Item, Items, Recognised
from services.flow.messages import Content, Messages, Text
from services.flow.places import Asker, Place
from services.flow.proposals import Proposals
from storage.database import Transaction


class Checks:
    """Answers "is it there?" in the manner of the place: words in private, quietly in groups."""

    def __init__(self, items: Items, proposals: Proposals, messages: Messages) -> None:
        self._items = items
        self._proposals = proposals
        self._messages = messages

    async def check(self, wanted: Recognised, asker: Asker, place: Place, work: Work) -> None:
        """Show the item, or propose to add it. Raises Unavailable, NoSuchItem, NotAllowed."""
        kind = self._items.kind(wanted.kind)
        item = await kind.find(wanted.key)
        if item:
            work.write(lambda tx: self._show(tx, work, item, place))
        elif await self._proposals.is_welcome(wanted.kind, wanted.key, place):
            proposal = await kind.propose(wanted.key, asker, place)
            work.write(lambda tx: self._proposals.show(tx, work, proposal, asker, place))

    def _show(self, tx: Transaction, work: Work, item: Item, place: Place) -> None:
        if place.private:
            links = (item.card.link,) if item.card.link else ()
            content = Content((Text("listed"),), item.card, links)
            self._messages.text(tx, work.job, place, content, name="listed")
        elif place.message_id is not None:
            self._messages.react(tx, work.job, place, "exists", message_id=place.message_id)
