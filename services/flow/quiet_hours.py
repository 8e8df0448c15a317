"""Quiet hours: a part of each day, by the clock on the wall, in which a chat gets no notices."""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

DAY = 24 * 60  # minutes
_HOURS = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*[-–—]\s*(\d{1,2})(?::(\d{2}))?")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` until `end`, in minutes after midnight; over midnight when it begins later than it ends.

    What the wall clock skips in spring is not there, what it shows twice in autumn is there twice.
    """

    begin: int
    end: int

    @classmethod
    def parse(cls, text: str) -> "QuietHours | None":
        """The hours as people write them: 22:00-08:00, or 22-8. None for what is none."""
        found = _HOURS.fullmatch(text.strip())
        if found is None:
            return None
        hour, minute, last_hour, last_minute = (int(each or 0) for each in found.groups())
        if minute >= 60 or last_minute >= 60:
            return None
        return cls.of(hour * 60 + minute, last_hour * 60 + last_minute)

    @classmethod
    def of(cls, begin: int | None, end: int | None) -> "QuietHours | None":
        """The hours of two minutes of the day, 24:00 being 0:00; None when these are none."""
        if begin is None or end is None or max(begin, end) > DAY or begin % DAY == end % DAY:
            return None
        return cls(begin % DAY, end % DAY)

    def cover(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Whether it is quiet at that moment."""
        there = moment.astimezone(zone)
        minute = there.hour * 60 + there.minute
        return (minute - self.begin) % DAY < (self.end - self.begin) % DAY

    def __str__(self) -> str:
        begin, end = (f"{each // 60:02}:{each % 60:02}" for each in (self.begin, self.end))
        return f"{begin}–{end}"
