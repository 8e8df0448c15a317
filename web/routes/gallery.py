"""GET /gallery/sets: the listed sticker sets."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.gallery.sets import StickerSets
from storage.records import StickerSet
from web.authentication import Scope, needs


class ListedSet(BaseModel):
    """One set; `added_by` is a Telegram user id, `added_at` a moment in UTC."""

    name: str
    title: str
    kind: Literal["regular", "mask", "custom_emoji"]
    count: int | None
    added_by: int | None
    added_at: datetime


class ListedSets(BaseModel):
    """One page, and how many there are in all."""

    items: list[ListedSet]
    total: int


def gallery_router(sets: StickerSets) -> APIRouter:
    """The route, closed to those without a key."""
    router = APIRouter(tags=["gallery"], dependencies=[Depends(needs(Scope.READ))])

    @router.get("/gallery/sets")
    async def listed(
        q: Annotated[str, Query(max_length=200, description="Part of a name or title, in any case.")] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    ) -> ListedSets:
        """Listed sets, newest first."""
        found, total = await sets.search(q, limit=limit, offset=offset)
        return ListedSets(items=[_shown(each) for each in found], total=total)

    return router


def _shown(row: StickerSet) -> ListedSet:
    return ListedSet.model_validate(row, from_attributes=True)
