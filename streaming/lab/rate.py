"""How fast a count grows."""

from __future__ import annotations

import time
from collections import deque


class Rate:
    """A count's growth per second over the last few seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=64)

    def update(self, count: int) -> None:
        """Note the count as it is now."""
        self._samples.append((time.monotonic(), count))

    def per_s(self) -> float | None:
        """The rate over the last three seconds, None before two samples."""
        if len(self._samples) < 2:
            return None
        last = self._samples[-1]
        then = next(s for s in self._samples if s[0] >= last[0] - 3.0)
        seconds = last[0] - then[0]
        return (last[1] - then[1]) / seconds if seconds > 0 else None


class Growth:
    """A count that begins again at 0 when its owner does: the total over all its lives."""

    def __init__(self) -> None:
        self.total = 0
        self.rate = Rate()
        self._last = 0

    def update(self, count: int) -> None:
        """Note the count as it is now."""
        self.total += count - self._last if count >= self._last else count
        self._last = count
        self.rate.update(self.total)
