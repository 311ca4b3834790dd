"""A recording of what a person does: it begins and ends by a key."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from textual import events

from streaming.lab.link import LinkLost
from streaming.lab.snapshot import LabSnapshot
from tui.recording.pressing import pointing
from tui.recording.tee import TeeLink
from tui.recording.trace import FORMAT, SUFFIX, Header
from tui.recording.writing import TraceWriter
from tui.tailored import TailoredApp


class RecordingApp(TailoredApp):
    """Takes down news, replies, keys and the mouse while it is asked to."""

    _take: TraceWriter | None = None
    _take_from = 0.0

    @property
    def sign(self) -> str:
        """How long it has been recording."""
        if self._take is None:
            return ""
        seconds = int(self._monotonic() - self._take_from)
        return f"REC {seconds // 60}:{seconds % 60:02d}"

    def action_record(self) -> None:
        """Begin a recording, from the live screen on; or end it and say where it is."""
        if self._take is not None:
            self.end_take()
            return
        while len(self.screen_stack) > 1:  # what is open now is not in the recording
            self.pop_screen()
        path = Path.cwd() / time.strftime(f"lab-%Y%m%d-%H%M%S{SUFFIX}")
        header = header_of(
            "What somebody did with the lab", self.size, self.hertz, self.theme,
            self.glyphs.plain, self.keymap, self._clock,
        )  # fmt: skip
        try:
            self._take = TraceWriter(path, header, self._monotonic)
            self._take_from = self._monotonic()
            if self.newest is not None:
                self._take.news(self.newest)
        except OSError as error:
            self._take = None
            self.tell(f"Nothing is recorded: {error}", ok=False)
            return
        self.link = TeeLink(self.link, self._take)
        self.tell("Recording. The same key ends it.", ok=True)
        self.second()

    def end_take(self, failure: OSError | None = None) -> None:
        """End the recording, if there is one, and say what became of it."""
        take, self._take = self._take, None
        if take is None:
            return
        if isinstance(self.link, TeeLink):
            failure = failure or self.link.failed
            self.link = self.link.link
        try:
            if failure is not None:
                raise failure
            path = take.close()
        except OSError as error:
            take.discard()
            self.tell(f"The recording is lost: {error}", ok=False)
        else:
            how = "dasprep-tui record --from-trace"
            self.tell(f"Saved {path.name}; {how} {path.name} -o film.gif makes a film.", ok=True)
        if self.is_running:
            self.second()

    def heard(self, news: LabSnapshot | LinkLost) -> None:
        """Take down what the lab said."""
        if self._take is not None:
            try:
                self._take.news(news)
            except OSError as error:
                self.end_take(error)

    async def on_event(self, event: events.Event) -> None:
        """Take down keys, but for the one that ends the recording, and the mouse."""
        fresh = isinstance(event, events.InputEvent) and not event.is_forwarded
        if self._take is not None and fresh:
            try:
                self._input(self._take, event)
            except OSError as error:
                self.end_take(error)
        await super().on_event(event)

    def _input(self, take: TraceWriter, event: events.Event) -> None:
        if isinstance(event, events.Key):
            if event.key not in self.keymap.get("app.record", "f9").split(","):
                take.key(event.key)
        elif isinstance(event, events.MouseEvent) and (what := pointing(event)) is not None:
            take.mouse(what, int(event.screen_x), int(event.screen_y), event.button)


def header_of(
    title: str,
    size: tuple[int, int],
    hz: float,
    theme: str,
    ascii: bool,
    keymap: Mapping[str, str],
    clock: Callable[[], float],
) -> Header:
    """Return the header of a take that begins now."""
    return Header(
        FORMAT, title, round(1000 * clock()), size[0], size[1], hz, theme, ascii, dict(keymap)
    )
