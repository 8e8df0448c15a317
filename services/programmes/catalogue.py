"""Poll forms and educational programmes as the portal knows them, through the cache."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.bitrix24.client import Portal
from services.bitrix24.commands import Command
from services.engine.cache import MISS, Region
from services.engine.errors import Unavailable
from services.programmes.model import PollForm, Programme, collapsed, key_of, pattern_of
from services.programmes.questions import Question, ask, lowest, number_of, rows_of
from settings import Programmes as ProgrammeSettings

LIST = "crm.item.list"  # https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-list.html
TITLES = 20  # in one command: were each of them there twice, a page would still hold them


class Catalogue:
    """Answers what there is. "Not there" is remembered for a short time, an outage never is."""

    def __init__(
        self,
        portal: Portal,
        settings: ProgrammeSettings,
        forms: Region[str, PollForm],
        programmes: Region[str, Programme],
    ) -> None:
        self._portal = portal
        self._form_type = settings.poll_form_entity_type_id
        self._programme_type = settings.program_entity_type_id
        self._form_field = settings.poll_form_id_field
        self._forms = forms
        self._programmes = programmes

    async def find_poll_form(self, poll_id: int) -> PollForm | None:
        """The form of a poll: by POLL_FORM_ID_FIELD, or by its item's number when that is empty.

        While the portal is away what was known before is told. Raises Unavailable, PortalRefused.
        """

        async def load() -> PollForm | None:
            (found,) = await ask(self._portal, [self.form_question(poll_id)], urgent=True)
            return found

        return (await self._forms.look_up(str(poll_id), load)).value

    async def find_educational_programs(self, titles: Sequence[str]) -> dict[str, Programme | None]:
        """The programmes by the titles as given; in any case, and however many blanks are between words.

        One request for all that are not cached. While the portal is away what was known before is told;
        Unavailable when that is not all of them. Raises PortalRefused.
        """
        keys = list(dict.fromkeys(map(key_of, titles)))
        known = self.known_programmes(keys)
        missing = [key for key in keys if key not in known]
        try:
            questions = [self.programme_question(key) for key in missing]
            answers = await ask(self._portal, questions, urgent=True)
        except Unavailable as error:
            known |= {key: await self._before(key, error) for key in missing}
        else:
            known |= self.learn_programmes(dict(zip(missing, answers, strict=True)))
        return {title: known[key_of(title)] for title in titles}

    async def look_everywhere(self, keys: Collection[str]) -> dict[str, Programme | None]:
        """Those of the keys that there are, past the cache and by a look at every title.

        What the portal itself compares may differ from how titles are compared here, as for blanks before
        the first word. Raises Unavailable, PortalRefused.
        """
        found: dict[str, Programme | None] = {}
        params = {"entityTypeId": self._programme_type, "select": ["id", "title"]}
        async for row in self._portal.list_all(LIST, params, key="id"):
            key = key_of(str(row.get("title")))
            if key in keys and key not in found:
                found[key] = Programme(number_of(row.get("id")), str(row["title"]))
        return found

    def known_form(self, poll_id: int) -> PollForm | None:
        """The form if it is cached."""
        return self._forms.get(str(poll_id))

    def known_programmes(self, keys: Sequence[str]) -> dict[str, Programme | None]:
        """Those of the keys that are cached, None for what is known not to exist."""
        found = {key: self._programmes.get(key, MISS) for key in keys}
        return {key: value for key, value in found.items() if value is not MISS}

    def learn_form(self, poll_id: int, form: PollForm | None) -> None:
        """Keep an answer."""
        self._forms.set(str(poll_id), form)

    def learn_programmes(self, answers: Mapping[str, Programme | None]) -> Mapping[str, Programme | None]:
        """Keep answers, and give them back."""
        for key, programme in answers.items():
            self._programmes.set(key, programme)
        return answers

    def form_question(self, poll_id: int) -> Question[PollForm | None]:
        """Which form belongs to a poll; what the portal finds is compared once more."""
        field = self._form_field or "id"
        params: dict[str, Any] = {
            "entityTypeId": self._form_type,
            "select": list(dict.fromkeys(("id", "title", field))),
            "filter": {field: poll_id},
            "order": {"id": "ASC"},
        }
        if field.upper().startswith("UF_"):
            params["useOriginalUfNames"] = "Y"

        def read(result: Any) -> PollForm | None:
            rows = [row for row in rows_of(result, "items") if _holds(row.get(field), poll_id)]
            row = lowest(rows, "id")
            return PollForm(number_of(row["id"]), str(row.get("title") or "")) if row else None

        return Question(Command(LIST, params), read)

    def programme_question(self, key: str) -> Question[Programme | None]:
        """Which programme has a title of this key; of several the first that was made."""
        params = {
            "entityTypeId": self._programme_type,
            "select": ["id", "title"],
            "filter": {"=%title": pattern_of(key)},
            "order": {"id": "ASC"},
        }

        def read(result: Any) -> Programme | None:
            rows = [row for row in rows_of(result, "items") if key_of(str(row.get("title"))) == key]
            row = lowest(rows, "id")
            return Programme(number_of(row["id"]), str(row["title"])) if row else None

        return Question(Command(LIST, params), read)

    def titles_question(self, titles: Mapping[str, str]) -> Question[dict[str, Programme]]:
        """Which programmes bear these titles (by key), with one command for all of them; at most `TITLES`.

        The portal compares whole titles, taking no case but each blank: `look_everywhere` finds the rest.
        """
        params = {
            "entityTypeId": self._programme_type,
            "select": ["id", "title"],
            "filter": {"@title": [collapsed(title) for title in titles.values()]},
            "order": {"id": "ASC"},
        }

        def read(result: Any) -> dict[str, Programme]:
            rows = reversed(rows_of(result, "items"))  # of several of one title the first that was made
            found = {key_of(str(row.get("title"))): row for row in rows}
            return {
                key: Programme(number_of(row.get("id")), str(row["title"]))
                for key, row in found.items()
                if key in titles
            }

        return Question(Command(LIST, params), read)

    async def _before(self, key: str, error: Unavailable) -> Programme | None:
        async def fail() -> Programme | None:
            raise error

        return (await self._programmes.look_up(key, fail)).value


def _holds(value: Any, poll_id: int) -> bool:
    """Whether a field of one or several values holds the number, however the portal writes it."""
    values = value if isinstance(value, list) else [value]
    return str(poll_id) in {str(each).strip().removesuffix(".0") for each in values}
