"""The `time` of an answer."""

from datetime import datetime

from sandbox.bitrix24.fields import wire_moment
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.wire import Json


def timing(portal: Portal, began: datetime, processing: float, worked: tuple[str, str]) -> Json:
    """How long it took since `began`; `worked` is the webhook's secret and the method."""
    ended = portal.clock.now()
    shape: Json = {
        "start": began.timestamp(),
        "finish": ended.timestamp(),
        "duration": round((ended - began).total_seconds(), 6),
        "processing": round(processing, 7),
        "date_start": wire_moment(began, portal.zone),
        "date_finish": wire_moment(ended, portal.zone),
    }
    return shape | portal.operating.shown(*worked)
