"""Runs the screens on a trace in virtual time and takes down what they show, as a film.

Only for a process whose clocks are virtual (`tui.recording.virtual`); others ask
`tui.recording.studio`, which starts one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from textual.app import App

from streaming.lab.snapshot import LabSnapshot
from tui.app import LabApp
from tui.preferences import REFRESH_HZ, Choice, Preferences
from tui.recording.captions import caption_rows
from tui.recording.film import Caption, Film, Frame, Note, Row
from tui.recording.looks import Looks
from tui.recording.pressing import point, press
from tui.recording.shot import ENGLISH, Shot
from tui.recording.trace import Hidden, Kept, Marked, News, Pointed, Pressed, Told, Trace
from tui.recording.tracelink import TraceLink
from tui.recording.virtual import START_S, Clock

AFTER_MS: Final = 7
"""A frame shows what was painted up to this long after its instant: time enough for the painting,
which takes none of this time, to be over."""


PAINTED_MS: Final = 700
"""From the first news of a live lab until the screen shows it, at one drawing a second."""


class FilmedApp(LabApp):
    """Says when something was painted."""

    painted = True

    def _display(self, screen: Any, renderable: Any) -> None:
        """Note that the screen is another one."""
        self.painted = True
        super()._display(screen, renderable)

    def action_picture(self) -> None:
        """Write nothing: the key was pressed in the take, and its picture is there already."""

    def action_record(self) -> None:
        """Record no recording."""


class Camera:
    """One take of one trace."""

    def __init__(self, trace: Trace, shot: Shot, clock: Clock) -> None:
        self._trace = trace
        self._shot = shot
        self._clock = clock
        self._origin = clock.now
        preferences = Preferences(
            theme=shot.theme, tour_hidden=True, ascii=shot.ascii,
            hz=min(REFRESH_HZ, key=lambda rate: abs(rate - trace.header.hz)),
            keys=dict(trace.header.keys),
        )  # fmt: skip
        self._app = FilmedApp(
            TraceLink(trace, self._elapsed_ms),
            refresh_hz=preferences.hz,
            ascii=shot.ascii,
            clock=clock.wall,
            monotonic=clock.monotonic,
            choice=Choice(preferences, preferences, sources={"theme": "the recording"}),
        )
        self._looks: Looks | None = None
        self._screen: tuple[Row, ...] = ()
        self._frames: list[Frame] = []
        self._notes: dict[str, list[Note]] = {"chapters": [], "keys": [], "stills": []}
        self._captions: list[Caption] = []
        self._caption = self._chapter = ""
        self._hidden = False
        self._cut_ms = 0.0
        """Time left out so far."""

    def _elapsed_ms(self) -> int:
        return round(1000 * (self._clock.now - self._origin))

    async def film(self, progress: Callable[[float], None]) -> Film:
        """Run the whole trace; `progress` is told which part of it is over."""
        shot, trace = self._shot, self._trace
        begin = live_ms(trace) + PAINTED_MS
        events = [event for event in trace.events if isinstance(event, _STORY)]
        size = (shot.columns, shot.rows)
        async with self._app.run_test(size=size, notifications=True):
            self._origin = self._clock.now
            # What the screens show as the time of day is the take's.
            self._clock.epoch_s = trace.header.started_at_ms / 1000 - (self._origin - START_S)
            await self._until(begin)
            self._cut_ms = begin
            step = 1000 * shot.speed / shot.fps
            count, place = 0, 0
            while True:
                now = begin + round(count * step)
                while place < len(events) and events[place].at_ms <= now:
                    await self._until(max(events[place].at_ms, begin))
                    self._happened(events[place])
                    place += 1
                await self._until(now)
                await self._until(now + AFTER_MS)
                self._take(now, step)
                if now >= trace.duration_ms:
                    break
                if not count % 50:
                    progress((now - begin) / max(1, trace.duration_ms - begin))
                count += 1
        duration = max(1, self._film_ms(trace.duration_ms))
        return Film(
            title=trace.header.title,
            width=shot.columns,
            height=shot.rows + shot.caption_rows,
            caption_rows=shot.caption_rows,
            duration_ms=duration,
            frames=tuple(self._frames),
            chapters=tuple(self._notes["chapters"]),
            captions=tuple(self._captions),
            keys=tuple(self._notes["keys"]) if shot.keys else (),
            stills=tuple(self._notes["stills"]),
            language=self._language(),
        )

    def _language(self) -> str:
        """What most is told in: the language asked for, where the trace has it."""
        told = self._trace.languages
        wanted = (self._shot.language, ENGLISH)
        return next((name for name in wanted if name in told), told[0] if told else ENGLISH)

    async def _until(self, at_ms: float) -> None:
        left = self._origin + at_ms / 1000 - self._clock.now
        if left > 0:
            await asyncio.sleep(left)

    def _film_ms(self, now_ms: float) -> int:
        return max(0, round((now_ms - self._cut_ms) / self._shot.speed))

    def _happened(self, event: Pressed | Pointed | Told | Marked | Kept | Hidden) -> None:
        at_ms = self._film_ms(event.at_ms)
        if isinstance(event, Pressed):
            press(self._app, event.key)
            if not self._hidden:
                self._notes["keys"].append(Note(at_ms, event.key))
        elif isinstance(event, Pointed):
            head, shot = self._trace.header, self._shot
            if (head.columns, head.rows) == (shot.columns, shot.rows):
                point(self._app, event.what, event.x, event.y, event.button)
        elif isinstance(event, Told):
            self._caption = self._spoken(event.text)
            self._captions.append(Caption(at_ms, self._caption))
        elif isinstance(event, Marked):
            self._chapter = self._spoken(event.text)
            self._notes["chapters"].append(Note(at_ms, self._chapter))
        elif isinstance(event, Kept):
            self._notes["stills"].append(Note(at_ms, event.name))
        else:
            self._hidden = event.on

    def _spoken(self, text: dict[str, str]) -> str:
        """The text in the language asked for, in English or in any it is told in."""
        wanted = (self._shot.language, ENGLISH)
        found = next((text[name] for name in wanted if name in text), None)
        return next(iter(text.values()), "") if found is None else found

    def _take(self, now_ms: int, step_ms: float) -> None:
        """Add what is on the screen, unless it is as before or left out."""
        if self._hidden:
            self._cut_ms += step_ms
            return
        shot = self._shot
        if self._app.painted:
            self._app.painted = False
            self._screen = self._drawn(self._app)
        below = caption_rows(self._caption, self._chapter, shot.columns, shot.caption_rows)
        rows = (*self._screen, *below)
        if not self._frames or self._frames[-1].rows != rows:
            at_ms = self._film_ms(now_ms) if self._frames else 0
            self._frames.append(Frame(at_ms, rows))

    def _drawn(self, app: App[None]) -> tuple[Row, ...]:
        """Read the screen as it would be painted now, dialogs over what is behind them."""
        looks = self._looks
        if looks is None:
            looks = self._looks = Looks(app.ansi_theme)
        update = app.screen._compositor.render_update(
            full=True, screen_stack=app._background_screens
        )
        strips = getattr(update, "strips", [])
        return tuple(
            looks.row((segment for strip in line for segment in strip), self._shot.columns)
            for line in strips
        )


_STORY: Final = (Pressed, Pointed, Told, Marked, Kept, Hidden)


def live_ms(trace: Trace) -> int:
    """When the lab first was live: how it starts is no part of a story. 0 if it never was."""
    for event in trace.events:
        if isinstance(event, News) and _is_live(event.snapshot):
            return event.at_ms
    return 0


def _is_live(snapshot: LabSnapshot) -> bool:
    return snapshot.state == "live"
