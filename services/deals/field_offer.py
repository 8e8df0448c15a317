"""The doctor's offer to make the fields that the home portal lacks: a button, a question, what came of it."""

from typing import Any

from services.deals.fields import Fields, Made, Missing
from services.engine.errors import NoSuchItem
from services.engine.work import Work
from services.flow.confirmations import Confirmations, Confirmed
from services.flow.excerpts import Excerpt
from services.flow.items import Action
from services.flow.journal import actor_of
from services.flow.messages import Content, Text
from services.flow.places import Asker, Place

FIELDS = "fields"  # what the button below the doctor's answer carries
ACTION = "fields"
OFFER = Action("button-fields", FIELDS, role="admin")
REASON = 200  # characters of one


class FieldOffer:
    """Asks, and has made what was confirmed."""

    def __init__(self, fields: Fields, confirmations: Confirmations, excerpt: Excerpt) -> None:
        self._fields = fields
        self._confirmations = confirmations
        self._excerpt = excerpt
        confirmations.register(ACTION, self._make)

    async def ask(self, asker: Asker, place: Place, work: Work) -> None:
        """Put the question. Raises NoSuchItem when none is missing any more, and what portals raise."""
        missing = await self._fields.missing()
        found = [each for each in missing if each.given is not None]
        if not found:
            raise NoSuchItem("no field", user_text="error-no-missing-field")
        names = [each.name for each in found]
        texts = [Text("fields-question", {"count": len(found)}), *map(_line, found)]
        self._confirmations.ask(work, place, asker, ACTION, {"names": names}, Content(tuple(texts)))

    async def _make(self, params: dict[str, Any], confirmed: Confirmed) -> Content:
        """Twice is once: what an earlier try of this job has made is there."""
        names, work, actor = list(params["names"]), confirmed.work, actor_of(confirmed.by)
        missing = await self._fields.missing(names)
        made = await self._fields.make(missing)
        lacking = {each.name for each in missing}
        there = [Made(name, "", "there") for name in names if name not in lacking]
        work.write(lambda tx: self._fields.record(tx, work.job, actor, [*made, *there]))
        return Content(tuple(map(self._told, [*made, *there])))

    def _told(self, made: Made) -> Text:
        return Text(
            f"field-{made.outcome}", {"field": made.name, "reason": self._excerpt(made.reason, REASON)}
        )


def _line(field: Missing) -> Text:
    return Text("field-line", {"field": field.name, "type": field.type})
