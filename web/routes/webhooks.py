"""What other systems tell the hub: signed by them, or with a key."""

from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from services.gallery.model import NAME
from web.bodies import body_of, described
from web.signatures import Repeats, SignedOrKeyed


class StickerSetMemory(Protocol):
    """What the hub remembers of the gallery."""

    async def forget(self, name: str) -> None:
        """Drop what every process remembers of a set. Raises StorageUnavailable."""
        ...


class GalleryEvent(BaseModel):
    """A set was added to a gallery, removed from it, or is told of differently there."""

    model_config = ConfigDict(strict=True)

    event: Literal["added", "removed", "changed"]
    name: Annotated[str, Field(pattern=f"^{NAME.pattern}$")]


class Taken(BaseModel):
    """The event had its effect, now or when it came before."""

    status: Literal["success"] = "success"


def webhook_routes(memory: StickerSetMemory, allowed: SignedOrKeyed, repeats: Repeats) -> APIRouter:
    """The routes that other systems call."""
    router = APIRouter(prefix="/webhook", tags=["webhooks"])

    @router.post("/gallery", openapi_extra=described(GalleryEvent))
    async def gallery_webhook(request: Request, webhook_id: Annotated[str | None, Depends(allowed)]) -> Taken:
        """The set leaves the caches of all processes, so that the next question goes to the gallery.

        Takes a key of scope webhook, or a Standard Webhooks signature that is at most five minutes old.
        A signed call with a `webhook-id` that came before has no further effect.
        """
        event = await body_of(request, GalleryEvent)
        if webhook_id is None or not repeats.knows(webhook_id):
            await memory.forget(event.name)
            if webhook_id:
                repeats.remember(webhook_id)
        return Taken()

    return router
