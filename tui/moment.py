"""What the screen knows at one instant: the newest snapshot, its age, and the viewer's choices."""

from __future__ import annotations

from dataclasses import dataclass

from streaming.lab.snapshot import LabSnapshot
from streaming.lab.stream_snapshot import StreamView

STALE_AFTER_S = 2.0


@dataclass(frozen=True)
class Moment:
    """One instant of the display. `age_s` is the time since the last snapshot came in.

    `sign` says that this is recorded, or that it is a recording.
    """

    snapshot: LabSnapshot | None
    now_ms: int
    age_s: float = 0.0
    lost: str | None = None
    paused: bool = False
    hertz: float = 2.0
    stream: str = ""
    sign: str = ""

    @property
    def stale(self) -> bool:
        """True when what is shown is no longer what is."""
        return self.snapshot is not None and (self.lost is not None or self.age_s > STALE_AFTER_S)

    @property
    def shown_stream(self) -> StreamView | None:
        """The stream the viewer chose, or the first while it does not exist."""
        if self.snapshot is None or not self.snapshot.streams:
            return None
        for stream in self.snapshot.streams:
            if stream.name == self.stream:
                return stream
        return self.snapshot.streams[0]
