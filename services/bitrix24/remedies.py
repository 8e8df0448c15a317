"""What helps against the errors of portals; see services/flow/remedies.py."""

from services.bitrix24.errors import (
    SYSTEM,
    OutcomeUnknown,
    PortalMisconfigured,
    PortalNotFound,
    PortalRefused,
    PortalUnavailable,
)
from services.bitrix24.outcomes import BUCKET_FULL, METHOD_PAUSED
from services.engine.errors import BreakerOpen
from services.flow.remedies import Remedy

REMEDIES = (
    Remedy("portal-limits", PortalUnavailable, BUCKET_FULL),
    Remedy("portal-limits", PortalUnavailable, METHOD_PAUSED),
    Remedy("portal-away", BreakerOpen, f"{SYSTEM}: "),
    Remedy("portal-away", None, f"{SYSTEM}: "),
    Remedy("portal-unknown", OutcomeUnknown),
    Remedy("portal-away", PortalUnavailable),
    Remedy("portal-credentials", PortalMisconfigured),
    Remedy("portal-not-found", PortalNotFound),
    Remedy("portal-refused", PortalRefused),
)
