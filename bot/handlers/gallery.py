"""/search and /gallery: what is listed, a page at a time."""

from telegram import Update

from bot.context import HubContext
from bot.paging import turn
from bot.registry import Registry, pressed_at, token_of
from bot.speech import say
from services.engine.errors import StaleButton
from services.flow.batches import TITLE, shortened
from services.flow.messages import Content, Messages, Text
from services.flow.paging import turns
from services.gallery.model import link_to
from services.gallery.pages import Page, Pages
from storage.database import Database
from storage.records import StickerSet

LONGEST = 100  # characters of a search; no name or title is longer than 64
PAGED = {"search-found", "gallery-found"}  # heads of the lists that have buttons


class GalleryHandlers:
    """Shows the gallery to everyone."""

    def __init__(self, pages: Pages, messages: Messages, database: Database) -> None:
        self._pages = pages
        self._messages = messages
        self._database = database

    def register(self, registry: Registry) -> None:
        """Commands everywhere, and the buttons that turn pages."""
        registry.command("search", self.on_search)
        registry.command("gallery", self.on_gallery)
        # A button carries the page alone: what was searched for may be longer than a button's data. It is
        # read from the row of the outbox that sent the list.
        registry.press("page", self.on_page, carries=r"\d{1,6}")

    async def on_search(self, update: Update, context: HubContext) -> None:
        """/search TEXT: the sets with the text in their name or title."""
        query = " ".join(context.args or [])[:LONGEST]
        if query:
            say(self._messages, update, context, _list(query, await self._pages.page(query, 1)))
        else:
            say(self._messages, update, context, Content((Text("search-usage"),)))

    async def on_gallery(self, update: Update, context: HubContext) -> None:
        """/gallery: all of them."""
        say(self._messages, update, context, _list("", await self._pages.page("", 1)))

    async def on_page(self, update: Update, context: HubContext) -> None:
        """Another page was asked for: the message turns to it."""
        _, place = pressed_at(update, context)
        shown = await self._database.read(lambda tx: self._messages.first_shown(tx, place))
        wanted = _searched(shown)
        content = _list(wanted, await self._pages.page(wanted, int(token_of(context))))
        turn(self._messages, update, context, content)


def _searched(shown: Content | None) -> str:
    """What a list was searched for, empty for all of it. Raises StaleButton when that is not known."""
    head = shown.texts[0] if shown and shown.texts else None
    if head is None or head.key not in PAGED:
        raise StaleButton("no list", user_text="error-stale-list")
    return str(head.params.get("query", ""))


def _list(query: str, page: Page) -> Content:
    if not page.total:
        return Content((Text("search-none", {"query": query}) if query else Text("gallery-none"),))
    found = {"count": page.total, "query": query}
    texts = [Text("search-found", found) if query else Text("gallery-found", {"count": page.total})]
    if page.last > 1:
        texts.append(Text("page", {"page": page.number, "pages": page.last}))
    return Content((*texts, *map(_line, page.sets)), actions=turns("page", page.number, page.last))


def _line(listed: StickerSet) -> Text:
    title = shortened(listed.title.strip() or listed.name, TITLE)
    url = link_to(listed.name, listed.kind)
    return Text("line-named", {"title": title, "url": url, "name": listed.name})
