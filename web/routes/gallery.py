"""The sticker gallery for programs."""

from datetime import datetime
from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from storage.records import StickerSet
from web.authentication import Check

MOST = 200  # items in one answer
LONGEST_QUERY = 200  # characters; names and titles have at most 64
NO_NUL = r"^[^\x00]*$"  # databases end a text there, or refuse it
FARTHEST = 2**53  # a larger number is not one in every JSON reader


class StickerSetSearch(Protocol):
    """The gallery's list."""

    async def search(self, text: str, *, limit: int, offset: int) -> tuple[list[StickerSet], int]:
        """Sets whose name or title contains the text, newest first, and how many there are in all."""
        ...


class StickerSetItem(BaseModel):
    """One listed set; `added_by` is a Telegram user id, `added_at` is in UTC."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    title: str
    kind: Literal["regular", "mask", "custom_emoji"]
    count: int | None
    added_by: int | None
    added_at: datetime


class StickerSetPage(BaseModel):
    """A part of the sets found; `total` counts all of them."""

    items: list[StickerSetItem]
    total: int


def gallery_routes(sticker_sets: StickerSetSearch, may_read: Check) -> APIRouter:
    """The list of sets."""
    router = APIRouter(prefix="/gallery", tags=["gallery"], dependencies=[Depends(may_read)])

    @router.get("/sets")
    async def list_sticker_sets(
        q: Annotated[
            str,
            Query(
                max_length=LONGEST_QUERY,
                pattern=NO_NUL,
                description="A part of the name or title, in any case.",
            ),
        ] = "",
        limit: Annotated[int, Query(ge=1, le=MOST, description="Items in one answer.")] = 50,
        offset: Annotated[int, Query(ge=0, le=FARTHEST, description="Items to leave out.")] = 0,
    ) -> StickerSetPage:
        """Listed sets, newest first."""
        found, total = await sticker_sets.search(q, limit=limit, offset=offset)
        return StickerSetPage(items=[StickerSetItem.model_validate(row) for row in found], total=total)

    return router
