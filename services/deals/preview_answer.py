"""A preview for the chat: what differs, a line each, and how much does not."""

from typing import Any

from services.deals.looking import COMPANY, CONTACTS, ROWS
from services.deals.model import DealKey
from services.deals.preview import Line, Plan, Preview
from services.engine.errors import NoSuchItem
from services.flow.excerpts import Excerpt
from services.flow.messages import Content, Text

MOST = 15  # fields that are told
VALUE = 80  # characters of a value
NAMES = 300  # characters of the names of fields
_BOUND = {CONTACTS: Text("bound-contacts"), COMPANY: Text("bound-company"), ROWS: Text("bound-rows")}


class PreviewAnswer:
    """Says what a transfer would write; nothing is written."""

    def __init__(self, preview: Preview, excerpt: Excerpt) -> None:
        self._preview = preview
        self._excerpt = excerpt

    async def of(self, key: DealKey) -> Content:
        """For a source's deal. Raises NoSuchItem, and what portals raise."""
        plan = await self._preview.of(key)
        if plan is None:
            raise NoSuchItem(key.text, user_text="error-no-deal")
        news = plan.news
        texts = [Text("preview-head", {"key": key.text, "label": plan.label}), _twin(plan)]
        texts += map(self._line, news[:MOST])
        if len(news) > MOST:
            texts.append(Text("preview-more", {"count": len(news) - MOST}))
        if plan.bound:
            texts += [Text("preview-bound"), *(_BOUND[name] for name in sorted(plan.bound))]
        if plan.passed_by:
            names = self._excerpt(", ".join(plan.passed_by), NAMES)
            texts.append(Text("preview-passed-by", {"names": names}))
        texts.append(Text("preview-others", {"count": len(plan.lines) - len(news)}))
        return Content((*texts, Text("preview-nothing-written")))

    def _line(self, line: Line) -> Text:
        params: dict[str, Any] = {
            "field": line.field,
            "before": self._excerpt(line.present, VALUE) or "–",
            "after": self._excerpt(line.planned, VALUE) or "–",
        }
        if line.verdict == "left_out":
            params["value"] = self._excerpt(line.source, VALUE) or "–"
            params["why"] = {"text": f"left-out-{line.why}"}
        return Text(f"preview-{line.verdict}", params)


def _twin(plan: Plan) -> Text:
    if plan.gone is not None:
        return Text("preview-gone", {"number": plan.gone})
    if plan.twin is None:
        return Text("preview-new")
    name = "preview-twin" if plan.writes or plan.bound else "preview-same"
    return Text(name, {"number": plan.twin})
