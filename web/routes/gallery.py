"""The sticker gallery for programs: also what a hub asks whose gallery is elsewhere."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Depends, Path, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.gallery.model import NAME
from services.gallery.source import Listing
from storage.records import StickerSet
from web.authentication import Check, Principal
from web.bodies import body_of, described

MOST = 200  # items in one answer
MOST_NAMES = 100  # in one look-up
LONGEST_QUERY = 200  # characters; names and titles have at most 64
LONGEST_TITLE = 200
NO_NUL = r"^[^\x00]*$"  # databases end a text there, or refuse it
FARTHEST = 2**53  # a larger number is not one in every JSON reader

Kind = Literal["regular", "mask", "custom_emoji"]
Name = Annotated[str, Path(pattern=f"^{NAME.pattern}$", description="A set's name, in any case.")]


class StickerSetList(Protocol):
    """The gallery's list, wherever it is kept. Raises Unavailable or StorageUnavailable."""

    async def search(self, text: str, *, limit: int, offset: int) -> tuple[list[StickerSet], int]:
        """Sets whose name or title contains the text, newest first, and how many there are in all."""
        ...

    async def named(self, names: Sequence[str]) -> dict[str, StickerSet]:
        """The listed ones among up to 100 names, by the names as given."""
        ...

    async def put(self, name: str, wanted: Listing, actor: str) -> tuple[StickerSet, bool]:
        """List a set, or change what is told of a listed one; also says whether it is new."""
        ...

    async def remove(self, name: str, actor: str) -> bool:
        """Take a set off the list; False when it is not there."""
        ...


class StickerSetItem(BaseModel):
    """One listed set; `added_by` is a Telegram user id, `added_at` is in UTC."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    title: str
    kind: Kind
    count: int | None
    added_by: int | None
    added_at: datetime


class StickerSetPage(BaseModel):
    """A part of the sets found; `total` counts all of them."""

    items: list[StickerSetItem]
    total: int


class StickerSetsFound(BaseModel):
    """The sets asked about, by the names as they were given."""

    found: dict[str, StickerSetItem]
    missing: list[str]


class StickerSetListing(BaseModel):
    """What the gallery shall say of a set; `added_by` counts only when the set is new."""

    model_config = ConfigDict(strict=True)

    title: Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE, pattern=NO_NUL)]
    kind: Kind
    count: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    added_by: Annotated[int, Field(gt=0, lt=2**52)] | None = None

    def listing(self) -> Listing:
        """The same for the gallery."""
        return Listing(self.title, self.kind, self.count, self.added_by)


def gallery_routes(sticker_sets: StickerSetList, may_read: Check, may_change: Check) -> APIRouter:
    """The list of sets, and each by its name."""
    router = APIRouter(prefix="/gallery/sets", tags=["gallery"])
    _add_list(router, sticker_sets, may_read)
    _add_sets(router, sticker_sets, may_read, may_change)
    return router


def _add_list(router: APIRouter, sticker_sets: StickerSetList, may_read: Check) -> None:
    @router.get("", dependencies=[Depends(may_read)])
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
        names: Annotated[
            list[str] | None,
            Query(
                description="Up to 100 names, by comma or each in a parameter of its own: which of them are"
                " listed? Nothing else counts then.",
            ),
        ] = None,
    ) -> StickerSetPage | StickerSetsFound:
        """Listed sets, newest first; or with `names`, which of these are listed."""
        if names is not None:
            return await _found(sticker_sets, ",".join(names))
        found, total = await sticker_sets.search(q, limit=limit, offset=offset)
        return StickerSetPage(items=[StickerSetItem.model_validate(row) for row in found], total=total)


def _add_sets(router: APIRouter, sticker_sets: StickerSetList, may_read: Check, may_change: Check) -> None:
    @router.get("/{name}", dependencies=[Depends(may_read)])
    async def get_sticker_set(name: Name) -> StickerSetItem:
        """One listed set."""
        found = await sticker_sets.named([name])
        if name not in found:
            raise _not_listed()
        return StickerSetItem.model_validate(found[name])

    @router.put(
        "/{name}",
        openapi_extra=described(StickerSetListing),
        responses={201: {"model": StickerSetItem, "description": "Listed now"}},
    )
    async def put_sticker_set(
        name: Name, request: Request, response: Response, caller: Annotated[Principal, Depends(may_change)]
    ) -> StickerSetItem:
        """List a set (201), or change title, kind and count of a listed one (200)."""
        wanted = await body_of(request, StickerSetListing)
        stored, new = await sticker_sets.put(name, wanted.listing(), caller.name)
        response.status_code = 201 if new else 200
        return StickerSetItem.model_validate(stored)

    @router.delete("/{name}", status_code=204)
    async def delete_sticker_set(name: Name, caller: Annotated[Principal, Depends(may_change)]) -> None:
        """Take a set off the list; 404 when it is not there, or not any more."""
        if not await sticker_sets.remove(name, caller.name):
            raise _not_listed()


async def _found(sticker_sets: StickerSetList, names: str) -> StickerSetsFound:
    asked = list(dict.fromkeys(name for each in names.split(",") if (name := each.strip())))
    if len(asked) > MOST_NAMES:
        too_many = {"type": "too_long", "loc": ("query", "names"), "msg": f"At most {MOST_NAMES} names"}
        raise RequestValidationError([too_many])
    found = await sticker_sets.named([name for name in asked if NAME.fullmatch(name)])
    return StickerSetsFound(
        found={name: StickerSetItem.model_validate(row) for name, row in found.items()},
        missing=[name for name in asked if name not in found],
    )


def _not_listed() -> HTTPException:
    return HTTPException(404, "The gallery does not list this set.")
