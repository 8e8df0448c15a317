"""Rows as tests write them: one word for what matters, sensible values for the rest."""

from datetime import UTC, datetime, timedelta
from typing import Any

from storage.messages import NewMessage
from storage.records import (
    Approval,
    ApprovalCard,
    ApprovalRequest,
    Inquiry,
    InquiryCard,
    NewJob,
    Proposal,
    StickerSet,
)

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
LEASE = timedelta(seconds=30)


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def new_job(
    key: str = "chat:1",
    *,
    topic: str = "telegram",
    dedup_id: str | None = None,
    dedup_until: datetime | None = None,
    now: datetime = NOON,
    due: datetime | None = None,
    payload: str = "{}",
) -> NewJob:
    return NewJob(
        topic=topic,
        key=key,
        payload=payload,
        correlation_id="c",
        accepted_at=now,
        due_at=due or now,
        dedup_id=dedup_id,
        dedup_until=dedup_until or (now + timedelta(days=30) if dedup_id else None),
    )


def new_message(kind: str = "text", chat_id: int = 1, *, due: datetime = NOON, **more: Any) -> NewMessage:
    values: dict[str, Any] = {
        "content": {},
        "language": "en",
        "correlation_id": "c",
        "created_at": NOON,
        "due_at": due,
    }
    return NewMessage(kind=kind, chat_id=chat_id, **(values | more))


def sticker_set(name: str, title: str = "A set", *, added_at: datetime = NOON) -> StickerSet:
    return StickerSet(
        name=name, title=title, kind="regular", count=3, added_by=5, added_in=-7, added_at=added_at
    )


def proposal(token: str = "t", *, chat_id: int = 1, now: datetime = NOON, **more: Any) -> Proposal:
    values: dict[str, Any] = {
        "kind": "stickerset",
        "key": "Cats_by_bot",
        "details": {"count": 3},
        "state": "open",
        "thread_id": None,
        "source_message": None,
        "shown_row": None,
        "asker": 5,
        "decided_by": None,
        "decided_name": None,
        "created_at": now,
        "decided_at": None,
        "expires_at": now + timedelta(hours=24),
    }
    return Proposal(token=token, chat_id=chat_id, **(values | more))


def approval(token: str = "t", *, key: str = "Cats_by_bot", now: datetime = NOON, **more: Any) -> Approval:
    values: dict[str, Any] = {
        "action": "add",
        "kind": "stickerset",
        "card": {"title": "Cats"},
        "details": {"count": 3},
        "state": "pending",
        "asker": 5,
        "asker_name": "Ann",
        "chat_id": -1,
        "proposed_at": now,
        "decided_by": None,
        "decided_name": None,
        "decided_at": None,
        "reason": None,
        "created_at": now,
        "expires_at": now + timedelta(days=7),
    }
    return Approval(token=token, key=key, **(values | more))


def approval_request(token: str = "t", *, chat_id: int = -1, **more: Any) -> ApprovalRequest:
    values: dict[str, Any] = {
        "proposal": None,
        "asker": 5,
        "asker_name": "Ann",
        "thread_id": 3,
        "source_message": 10,
        "language": "en",
        "at": NOON,
    }
    return ApprovalRequest(token=token, chat_id=chat_id, **(values | more))


def approval_card(
    shown_row: int, token: str = "t", *, chat_id: int = 1, purpose: str = "card"
) -> ApprovalCard:
    return ApprovalCard(token=token, purpose=purpose, chat_id=chat_id, language="en", shown_row=shown_row)


def inquiry(token: str = "t", *, key: str = "a|STAGE_ID|NEW", now: datetime = NOON, **more: Any) -> Inquiry:
    values: dict[str, Any] = {
        "kind": "mapping",
        "texts": [{"key": "page", "params": {"page": 1, "pages": 2}}],
        "choices": [{"value": "WON", "label": "Won", "text": None}],
        "details": {"deal": 7},
        "link": None,
        "version": 1,
        "state": "queued",
        "chosen": None,
        "decided_by": None,
        "decided_name": None,
        "decided_at": None,
        "created_at": now,
        "expires_at": None,
    }
    return Inquiry(token=token, key=key, **(values | more))


def inquiry_card(shown_row: int, token: str = "t", *, chat_id: int = 1) -> InquiryCard:
    return InquiryCard(token=token, chat_id=chat_id, language="en", shown_row=shown_row)
