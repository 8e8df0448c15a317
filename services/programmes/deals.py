"""Deals of the portal: one for each programme of a submission."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.bitrix24.commands import Command, Reference
from services.bitrix24.matching import ORIGINATOR, is_ours, origin_params
from services.bitrix24.questions import MOST, Question, lowest, number_of, rows_of
from services.programmes.model import LONGEST_TITLE, PollForm, Programme, origin_of
from settings import Programmes as ProgrammeSettings

ADD, LIST, UPDATE = "crm.deal.add", "crm.deal.list", "crm.deal.update"


@dataclass(frozen=True, slots=True)
class MadeDeal:
    """A deal that an earlier try made. Its contact is nobody, or anybody, when that was lost on the way."""

    id: int
    contact_id: int | None


@dataclass(frozen=True, slots=True)
class DealTerms:
    """What all deals of one submission have in common."""

    submission_id: str
    name: str
    form: PollForm
    comments: str


class Deals:
    """Writes them as the settings say."""

    def __init__(self, settings: ProgrammeSettings) -> None:
        self._category = settings.deal_category_id
        self._programme_parent = f"PARENT_ID_{settings.program_entity_type_id}"
        self._form_parent = f"PARENT_ID_{settings.poll_form_entity_type_id}"

    def add_command(self, terms: DealTerms, programme: Programme, contact: int | Reference) -> Command:
        """Makes a deal; `contact` may be what an earlier command of the same batch makes."""
        fields: dict[str, Any] = {
            "TITLE": f"{programme.title} — {terms.name}"[:LONGEST_TITLE],
            "CATEGORY_ID": self._category,
            "CONTACT_ID": contact,
            "SOURCE_DESCRIPTION": terms.form.title,
            "ORIGINATOR_ID": ORIGINATOR,
            "ORIGIN_ID": origin_of(terms.submission_id, programme),
            self._programme_parent: programme.id,
            self._form_parent: terms.form.id,
        }
        if terms.comments:
            fields["COMMENTS"] = terms.comments
        return Command(ADD, {"fields": fields})


def link_command(deal_id: int, contact: int | Reference) -> Command:
    """Gives a deal its contact."""
    return Command(UPDATE, {"id": deal_id, "fields": {"CONTACT_ID": contact}})


def origin_questions(
    submission_id: str, programmes: Sequence[Programme]
) -> list[Question[dict[str, MadeDeal]]]:
    """Which deals earlier tries for this submission made, by ORIGIN_ID."""
    origins = [origin_of(submission_id, each) for each in programmes]
    return [_question(origins[start : start + MOST]) for start in range(0, len(origins), MOST)]


def _question(origins: list[str]) -> Question[dict[str, MadeDeal]]:
    def read(result: Any) -> dict[str, MadeDeal]:
        rows = rows_of(result)
        ours = {origin: lowest([row for row in rows if is_ours(row, origin)], "ID") for origin in origins}
        return {
            origin: MadeDeal(number_of(row["ID"]), number_of(row.get("CONTACT_ID") or 0) or None)
            for origin, row in ours.items()
            if row
        }

    return Question(Command(LIST, origin_params(origins, "CONTACT_ID")), read)
