"""What helps against the errors of deals' jobs, and what these are about; see services/flow/remedies.py."""

from services.deals.model import DEAL, DealKey
from services.engine.errors import Refused
from services.flow.remedies import Remedy

REMEDIES = (
    Remedy("no-source", Refused, "is no source of deals"),
    Remedy("busy", None, "the twin was written too often"),
)


def named(key: str) -> str | None:
    """The deal at its source, as /deal takes it."""
    kind, _, origin = key.partition(":")
    deal = DealKey.of_origin(origin) if kind == DEAL else None
    return deal.text if deal else None


def portal_of(stem: str) -> str:
    """The portal in a job's key, which has lost its number."""
    return stem.removeprefix(f"{DEAL}:").rstrip(":")
