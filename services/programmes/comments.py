"""What a deal says beside its fields: the answers of the form, and what stands nowhere else."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.bitrix24.matching import Person
from services.flow.messages import Text
from services.texts import Texts
from storage.submissions import Submission

LONGEST = 10_000  # characters of the answers; at most 40 kB of the 64 that the portal keeps


class Comments:
    """Words them in one language: whoever reads the portal."""

    def __init__(self, texts: Texts, language: str) -> None:
        self._texts = texts
        self._language = language

    def of_answers(self, answers: Mapping[str, Any]) -> str:
        """A line an answer, cut where they are too long, with a remark how much there was."""
        text = "\n".join(f"{question}: {self._told(answer)}" for question, answer in answers.items())
        if len(text) <= LONGEST:
            return text
        remark = self._say(Text("answers-cut", {"most": LONGEST, "length": len(text)}))
        return f"{text[:LONGEST]}…\n{remark}"

    def of_deal(self, row: Submission, person: Person, *, was_known: bool, without_email: bool) -> str:
        """The answers, after what the person gave that the contact does not say.

        `was_known`: the contact was there before, and is never changed.
        """
        given = []
        if was_known:
            given.append(Text("as-given-name", {"value": person.full_name}))
        if row.phone and (was_known or not person.phone):
            given.append(Text("as-given-phone", {"value": row.phone}))
        if row.email and (was_known or without_email or not person.email):
            given.append(Text("as-given-email", {"value": row.email}))
        lines = list(map(self._say, given))
        return "\n".join([*lines, row.comments] if row.comments else lines)

    def _told(self, answer: Any) -> str:
        match answer:
            case str():
                return answer
            case bool():
                return self._say(Text("answer-yes" if answer else "answer-no"))
            case int() | float():
                return str(answer)
            case None:
                return "–"
            case list() if not any(isinstance(each, list | dict) for each in answer):
                return ", ".join(map(self._told, answer))
        return msgspec.json.encode(answer).decode()

    def _say(self, text: Text) -> str:
        return self._texts.translate(self._language, text.key, text.params)
