"""Poll forms and educational programmes as the portal knows them, through the cache."""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

from services.bitrix24.client import Portal
from services.bitrix24.commands import Command
from services.bitrix24.questions import Question, ask, lowest, number_of, rows_of
from services.bitrix24.values import mapping
from services.engine.cache import MISS, Region
from services.engine.errors import Unavailable
from services.programmes.model import PollForm, Programme, collapsed, key_of
from settings import Programmes as ProgrammeSettings

LIST = "crm.item.list"  # https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-list.html
TITLES = 20  # in one command: were each of them there twice, a page would still hold them
_WHOLE = re.compile(r"\.0+$")  # after a number that a portal keeps as a fraction


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

        One request for all that are not cached; those that it does not find are looked for everywhere. While
        the portal is away what was known before is told; Unavailable when that is not all of them. Raises
        PortalRefused.
        """
        asked = {key_of(title): title for title in titles}
        known = self.known_programmes(list(asked))
        missing = {key: title for key, title in asked.items() if key not in known}
        try:
            known |= self.learn_programmes(await self._find(missing))
        except Unavailable as error:
            known |= {key: await self._before(key, error) for key in missing}
        return {title: known[key_of(title)] for title in titles}

    async def _find(self, titles: Mapping[str, str]) -> dict[str, Programme | None]:
        found: dict[str, Programme | None] = {}
        for answer in await ask(self._portal, self.titles_questions(titles), urgent=True):
            found |= answer
        unseen = [key for key, programme in found.items() if programme is None]
        return found | await self.look_everywhere(unseen) if unseen else found

    async def look_everywhere(self, keys: Collection[str]) -> dict[str, Programme | None]:
        """Those of the keys that there are, past the cache and by a look at every title.

        What the portal itself compares may differ from how titles are compared here, as for blanks before
        the first word. Raises Unavailable, PortalRefused.
        """
        found: dict[str, Programme | None] = {}
        params = {"entityTypeId": self._programme_type, "select": ["id", "title"]}
        async for row in self._portal.list_all(LIST, params, key="id"):
            key = key_of(str(row.get("title") or ""))
            if key and key in keys and key not in found:
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
        field = "id" if self._form_field.lower() in ("", "id") else self._form_field
        params: dict[str, Any] = {
            "entityTypeId": self._form_type,
            "select": list(dict.fromkeys(("id", "title", field))),
            "filter": {field: poll_id},
            "order": {"id": "ASC"},
        }
        if field.upper().startswith("UF_"):
            params["useOriginalUfNames"] = "Y"

        def read(result: Any) -> PollForm | None:
            rows = [row for row in rows_of(result, "items") if _holds(_value(row, field), poll_id)]
            row = lowest(rows, "id")
            return PollForm(number_of(row["id"]), str(row.get("title") or "")) if row else None

        return Question(Command(LIST, params), read)

    def titles_questions(self, titles: Mapping[str, str]) -> list[Question[dict[str, Programme | None]]]:
        """Which programmes bear these titles (by key): a command for `TITLES` of them, an answer for each."""
        parts = iter(titles.items())
        return [self._titles_question(part) for part in iter(lambda: dict(islice(parts, TITLES)), {})]

    def _titles_question(self, titles: Mapping[str, str]) -> Question[dict[str, Programme | None]]:
        """Portals compare whole titles, taking no case but each blank: `look_everywhere` finds the rest."""
        params = {
            "entityTypeId": self._programme_type,
            "select": ["id", "title"],
            "filter": {"@title": [collapsed(title) for title in titles.values()]},
            "order": {"id": "ASC"},
        }

        def read(result: Any) -> dict[str, Programme | None]:
            found: dict[str, Programme | None] = dict.fromkeys(titles)
            # Of several of one title the first that was made.
            for row in sorted(rows_of(result, "items"), key=_number, reverse=True):
                if (key := key_of(str(row.get("title") or ""))) in found:
                    found[key] = Programme(_number(row), str(row["title"]))
            return found

        return Question(Command(LIST, params), read)

    async def _before(self, key: str, error: Unavailable) -> Programme | None:
        async def fail() -> Programme | None:
            raise error

        return (await self._programmes.look_up(key, fail)).value


def _number(row: Mapping[str, Any]) -> int:
    return number_of(row.get("id"))


def _value(row: Mapping[str, Any], field: str) -> Any:
    """A field of one's own by its name: portals may write it otherwise than it was asked for (ufCrm5Poll)."""
    return next((value for name, value in row.items() if _plain(name) == _plain(field)), None)


def _plain(name: str) -> str:
    return name.replace("_", "").casefold()


def _holds(value: Any, poll_id: int) -> bool:
    """Whether a field of one or several values holds the number, however the portal writes it."""
    values = mapping(value).values() if isinstance(value, dict | list) else [value]
    return any(_WHOLE.sub("", str(each).strip()) == str(poll_id) for each in values)
