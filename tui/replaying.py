"""The live screens on a recording: it plays, and a viewer goes back and forth in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tui import bindings
from tui.app import LabApp
from tui.moment import Moment
from tui.recording.player import Player, ReplayLink
from tui.recording.trace import Trace
from tui.safe import safe

CHAPTER_LIMIT = 30


class ReplayApp(LabApp):
    """Space stops the recording, and the keys for the load change its speed."""

    BINDINGS = bindings.REPLAY

    def __init__(
        self, trace: Trace, *, monotonic: Callable[[], float] = time.monotonic, **more: Any
    ) -> None:
        self.player = Player(trace, monotonic)
        super().__init__(ReplayLink(self.player), monotonic=monotonic, **more)

    @property
    def sign(self) -> str:
        """Where in the recording this is."""
        player = self.player
        word = "PAUSED " if player.paused else "END " if player.ended else ""
        chapter = safe(player.chapter, CHAPTER_LIMIT)
        at, whole = (_minutes(ms - player.first_ms) for ms in (player.at_ms, self.duration_ms))
        return f"REPLAY {word}{at}/{whole} x{player.speed:g} {chapter}".rstrip()

    @property
    def duration_ms(self) -> int:
        """The trace's length from its beginning on."""
        return self.player.trace.duration_ms

    def moment(self) -> Moment:
        """Return what was known then: the time of day and the age of the news are the trace's."""
        at_ms = self.player.at_ms
        return replace(
            super().moment(),
            now_ms=self.player.trace.header.started_at_ms + round(at_ms),
            age_s=max(0.0, (at_ms - self.player.news.at_ms) / 1000),
        )

    def action_pause(self) -> None:
        """Stop the recording, or let it go on."""
        self.player.pause(not self.player.paused)
        self.second()

    def action_load(self, step: int) -> None:
        """Play slower or faster."""
        self.player.faster(step)
        self.second()

    def action_skip(self, seconds: float) -> None:
        """Go forward or back."""
        self.player.skip(seconds)
        self.second()

    def action_step(self, count: int) -> None:
        """Go to the next news, or those before, and stand still there."""
        self.player.step(count)
        self.second()

    def action_record(self) -> None:
        """Say that there is a recording already."""
        self.tell("This is a recording already.", ok=False)


def _minutes(ms: float) -> str:
    seconds = int(ms // 1000)
    return f"{seconds // 60}:{seconds % 60:02d}"
