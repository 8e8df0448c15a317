"""Frozen rows, as queries return them. Moments are aware UTC datetimes."""

from storage.records.decisions import (
    Approval,
    ApprovalCard,
    ApprovalRequest,
    Confirmation,
    Inquiry,
    InquiryCard,
    Sighting,
)
from storage.records.gallery import Proposal, StickerSet
from storage.records.operation import Fault, JournalEntry, Notice, NoticeMessage
from storage.records.people import Chat, Key, Member, Person
from storage.records.work import Backlog, Job, JobState, Message, NewJob

__all__ = [
    "Approval",
    "ApprovalCard",
    "ApprovalRequest",
    "Backlog",
    "Chat",
    "Confirmation",
    "Fault",
    "Inquiry",
    "InquiryCard",
    "Job",
    "JobState",
    "JournalEntry",
    "Key",
    "Member",
    "Message",
    "NewJob",
    "Notice",
    "NoticeMessage",
    "Person",
    "Proposal",
    "Sighting",
    "StickerSet",
]
