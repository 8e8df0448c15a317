"""What helps against the errors of portals; see services/flow/remedies.py."""

from services.bitrix24.errors import (
    SYSTEM,
    OutcomeUnknown,
    PortalMisconfigured,
    PortalNotFound,
    PortalRefused,
    PortalUnavailable,
)
from services.flow.remedies import Remedy

REMEDIES = (
    Remedy("portal-limits", PortalUnavailable, "QUERY_LIMIT_EXCEEDED"),
    Remedy("portal-limits", PortalUnavailable, "OPERATION_TIME_LIMIT"),
    Remedy("portal-away", None, f"{SYSTEM}: "),
    Remedy("portal-unknown", OutcomeUnknown),
    Remedy("portal-away", PortalUnavailable),
    Remedy("portal-credentials", PortalMisconfigured),
    Remedy("portal-not-found", PortalNotFound),
    Remedy("portal-refused", PortalRefused),
)
