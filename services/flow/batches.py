"""Batches: several items asked about at once, and the one message that tells about all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.flow.items import Action, Card, Item, Proposal
from services.flow.messages import Content, Text

MOST = 100  # items in one batch
MOST_OFFERS = 8  # buttons under one message
ROOM = 3000  # characters that all lines may take: with what stands around them they stay below 4096
LINE = 3  # characters of a line beside its title
TITLE = 64  # Telegram's own limit, for titles and names alike
LABEL = 32  # characters of a title on a button, and of a person's name in a line
MARK = "proposal"  # the parameter by which a line remembers its proposal's token


@dataclass(frozen=True, slots=True)
class Batch:
    """What is known of the items: listed, nowhere to be found, or not listed and not offered this time.

    `left_out` counts what was asked about beyond the first hundred.
    """

    listed: tuple[Item, ...] = ()
    unknown: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    left_out: int = 0

    def content(self, offers: Sequence[tuple[str, Proposal]]) -> Content:
        """The message; each offer is a proposal with the token for its button."""
        width = self._width(len(offers))
        texts = [
            *_section(
                Text("batch-listed", {"count": len(self.listed)}),
                [_line(item.card, item.key, width) for item in self.listed],
            ),
            *_section(
                Text("batch-missing", {"count": len(offers)}),
                [_line(each.card, each.key, width, {MARK: token}) for token, each in offers],
            ),
            *_section(Text("batch-rest", {"count": len(self.rest)}), _names(self.rest, width)),
            *_section(Text("batch-unknown", {"count": len(self.unknown)}), _names(self.unknown, width)),
        ]
        if self.left_out:
            texts.append(Text("batch-left-out", {"most": MOST}))
        return Content(tuple(texts), actions=tuple(_button(*offer) for offer in offers))

    def _width(self, offers: int) -> int:
        lines = len(self.listed) + len(self.unknown) + len(self.rest) + offers
        return min(TITLE, ROOM // max(lines, 1) - LINE)


def is_batch(shown: Content) -> bool:
    """Whether a message tells about a batch."""
    return any(MARK in text.params for text in shown.texts)


def after_decisions(shown: Content, decided: Mapping[str, tuple[str, str]]) -> Content:
    """The message once some of its proposals are decided: what became of each, and buttons for the open ones.

    `decided` maps tokens to the state of the proposal and the name of whoever put it there.
    """
    texts = tuple(_decided(text, decided) for text in shown.texts)
    still_open = {token for token, (state, _) in decided.items() if state == "open"}
    actions = tuple(each for each in shown.actions if each.press.removeprefix("add:") in still_open)
    return Content(texts, actions=actions)


def told(items: Sequence[Item]) -> Content:
    """What is said when several were added at once."""
    width = min(TITLE, ROOM // max(len(items), 1) - LINE)
    lines = [_line(item.card, item.key, width) for item in items]
    return Content((Text("added-several", {"count": len(items)}), *lines))


def shortened(text: str, width: int) -> str:
    """The text within a width; a character beyond the first plane, as most emoji are, counts twice."""
    used, end = 0, 0
    for index, character in enumerate(text):
        used += 1 + (character > "\uffff")
        if used < width:
            end = index + 1
        if used > width:
            return text[:end].rstrip() + "…"
    return text


def _section(head: Text, lines: Sequence[Text]) -> list[Text]:
    return [head, *lines] if lines else []


def _line(card: Card, key: str, width: int, more: Mapping[str, str] | None = None) -> Text:
    title = shortened(card.title.strip() or key, width)
    if card.link is None:
        return Text("line-plain", {"title": title, **(more or {})})
    return Text("line", {"title": title, "url": card.link.url, **(more or {})})


def _names(keys: Sequence[str], width: int) -> list[Text]:
    return [Text("line-plain", {"title": shortened(key, width)}) for key in keys]


def _button(token: str, proposal: Proposal) -> Action:
    title = shortened(proposal.card.title.strip() or proposal.key, LABEL)
    return Action("button-add-named", f"add:{token}", params={"title": title})


def _decided(text: Text, decided: Mapping[str, tuple[str, str]]) -> Text:
    state, who = decided.get(text.params.get(MARK, ""), ("open", ""))
    if state == "open" or "url" not in text.params:
        return text
    return Text(f"line-{state}", text.params | {"name": shortened(who, LABEL)})
