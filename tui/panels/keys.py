"""The heaviest keys with their shards, and what other keys would do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, cast

import msgspec
from textual import work

from streaming.lab.commands import CompareKeys
from streaming.lab.stream_snapshot import CandidateView
from tui import bindings
from tui.errands import deliver
from tui.moment import Moment
from tui.panels.base import LinePanel
from tui.views.keytable import heavy_lines, table_of_keys

if TYPE_CHECKING:
    from tui.app import LabApp

AGAIN_S: Final = 15.0
"""Other keys are tried on the newest records again after so long, while the panel is seen."""
LEAST_KEYS: Final = 3
SOON_S: Final = 3.0
"""The same after an answer that knew nothing."""


class KeysPanel(LinePanel, can_focus=True):
    """Heavy keys above, the usual keys below."""

    BINDINGS = bindings.SCROLLING
    moment: Moment | None = None

    def on_mount(self) -> None:
        """Nothing is known of any key yet."""
        self._candidates: list[CandidateView] = []
        self._asked: tuple[str, int] = ("", 0)
        self._due = float("-inf")

    def show(self, moment: Moment) -> None:
        """Show the chosen stream of one instant."""
        self.moment = moment
        self._draw()
        self._ask()

    def _draw(self) -> None:
        stream = None if self.moment is None else self.moment.shown_stream
        if stream is None:
            self.show_lines([(("  no keys yet", "dim"),)])
        else:
            table = table_of_keys(self._candidates, stream.key, self.room)
            # Both halves in sight where they do not fit together.
            half = max(LEAST_KEYS, (self.size.height - 3) // 2)
            self.show_lines([*heavy_lines(stream, self.room, self.glyphs, half), (), *table])
        self.show_title("Keys")

    def _ask(self) -> None:
        """Try other keys now and then, and at once on another stream or epoch."""
        stream = None if self.moment is None else self.moment.shown_stream
        if stream is None or not self.display or self.moment is None or self.moment.stale:
            return
        asked = (stream.name, stream.epochs[-1].epoch if stream.epochs else 0)
        now = time.monotonic()
        if asked == self._asked and now < self._due:
            return
        if asked != self._asked:
            self._candidates = []
        self._asked, self._due = asked, now + AGAIN_S
        self._try(stream.name)

    @work(exclusive=True, group="keys")
    async def _try(self, stream: str) -> None:
        reply = await deliver(cast("LabApp", self.app).link, [CompareKeys(stream)])
        if reply.ok and reply.data:
            found = msgspec.json.decode(reply.data, type=list[CandidateView])
            self._candidates = sorted(found, key=lambda c: c.max_over_mean)
            self._draw()
        else:
            self._due = time.monotonic() + SOON_S

    def on_resize(self) -> None:
        """Draw to the new size."""
        if self.moment is not None:
            self._draw()
