"""Beginning jobs together while many come: they share a claim, and requests that each would make alone."""

from collections import deque

MANY = 10  # jobs begun within LATELY; fewer share too little to wait for
LATELY = 1.0  # seconds


class Gathering:
    """One topic's; `seconds` between two looks at its jobs while many are begun, 0 for always at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._looks: deque[tuple[float, int]] = deque()  # (when, jobs that were begun), the last second's

    def begun(self, now: float, jobs: int) -> None:
        """So many jobs have just been begun; `now` in monotonic seconds."""
        if self._seconds:
            self._looks.append((now, jobs))

    def left(self, now: float) -> float:
        """Seconds until the next look; 0: it may be now."""
        while self._looks and self._looks[0][0] <= now - LATELY:
            self._looks.popleft()
        if sum(jobs for _, jobs in self._looks) < MANY:
            return 0.0
        return max(self._looks[-1][0] + self._seconds - now, 0.0)
