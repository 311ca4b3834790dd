"""Alarms and detectors, live: their states, and what there is to know of the one chosen."""

from __future__ import annotations

from textual.app import ComposeResult

from streaming.lab.alarm_snapshot import AlarmView, DetectorView
from streaming.lab.commands import Acknowledge, Suppress
from tui import bindings
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.panels.cursor import CursorPanel
from tui.screens.bench import TextPanel
from tui.screens.live import LiveDialog
from tui.views.alarms import NO_ALARMS, alarm_detail, alarm_heading, alarm_lines
from tui.views.detectors import NO_DETECTORS, detector_detail, detector_heading, detector_lines

SUPPRESSED_S = 600.0
MOST_ROWS = 12


class AlarmList(CursorPanel):
    """One row an alarm or detector, with a cursor."""

    BINDINGS = bindings.ALARMS + bindings.PAGES


class AlarmsScreen(LiveDialog):
    """Alarms (or detectors) above, the chosen one below."""

    AUTO_FOCUS = "#alarms"
    TITLE_TEXT = "Alarms"
    BAR = bindings.ALARMS_BAR

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        self.list = AlarmList(id="alarms", glyphs=glyphs)
        self.detail = TextPanel(id="alarm-detail", glyphs=glyphs)
        self.detectors_shown = False
        self._chosen: tuple[str, str] | None = None

    def body(self) -> ComposeResult:
        """List and detail."""
        yield self.list
        yield self.detail

    def draw(self) -> None:
        """Draw the moment."""
        rows = self._rows
        room = max(1, self.list.room if self.list.size.width else self.width - 1)
        frame = self.query_one("#bench")
        frame.border_title = "Detectors" if self.detectors_shown else "Alarms"
        if not rows:
            self.list.shard_ids = []
            text = NO_DETECTORS if self.detectors_shown else NO_ALARMS
            self.list.show_lines([((text, "busy"),)])
            self.detail.show_lines([])
            return
        # The cursor stays with what it is on, wherever that stands in the list now.
        names = [(row.name, row.key) for row in rows]
        if self._chosen in names:
            self.list.cursor = names.index(self._chosen)
        most = max(3, min(MOST_ROWS, self.app.size.height // 2))
        self.list.styles.height = min(len(rows), most) + 2
        if self.detectors_shown:
            lines = detector_lines(self._detectors, room, self.glyphs)
            self.list.show_rows(range(len(rows)), lines, detector_heading(room))
        else:
            lines = alarm_lines(self._alarms, room, self.glyphs)
            self.list.show_rows(range(len(rows)), lines, alarm_heading(room))
        self._draw_detail()

    def _draw_detail(self) -> None:
        room = max(1, self.detail.room if self.detail.size.width else self.width - 1)
        rows = self._rows
        row = rows[min(self.list.cursor or 0, len(rows) - 1)] if rows else None
        if row is not None:
            self._chosen = (row.name, row.key)
        if isinstance(row, DetectorView) or self.detectors_shown:
            detector = row if isinstance(row, DetectorView) else None
            self.detail.show_lines(detector_detail(detector, room, self.glyphs))
            return
        changes = self.moment.snapshot.alarm_changes if self.moment.snapshot else ()
        self.detail.show_lines(alarm_detail(row, changes, room))

    @property
    def _alarms(self) -> tuple[AlarmView, ...]:
        return () if self.moment.snapshot is None else self.moment.snapshot.alarms

    @property
    def _detectors(self) -> tuple[DetectorView, ...]:
        return () if self.moment.snapshot is None else self.moment.snapshot.detectors

    @property
    def _rows(self) -> tuple[AlarmView, ...] | tuple[DetectorView, ...]:
        return self._detectors if self.detectors_shown else self._alarms

    def action_choose(self, step: int) -> None:
        """Look at another one."""
        self.list.action_move(step)
        self._chosen = None
        self._draw_detail()

    def action_page(self, step: int) -> None:
        """Move by several."""
        self.action_choose(step)

    def action_other(self) -> None:
        """Show the detectors instead of the alarms, or the other way round."""
        self.detectors_shown = not self.detectors_shown
        self._chosen = None
        self.list.cursor = None
        self.draw()

    def action_acknowledge(self) -> None:
        """Say that somebody knows of the chosen alarm."""
        alarm = self._chosen_alarm()
        if alarm is not None:
            self.lab.ask(Acknowledge(alarm.name, alarm.key))

    def action_suppress(self) -> None:
        """Switch the chosen alarm's actions off for ten minutes, or on again."""
        alarm = self._chosen_alarm()
        if alarm is not None:
            seconds = 0.0 if alarm.suppressed_until_at_ms else SUPPRESSED_S
            self.lab.ask(Suppress(alarm.name, seconds, alarm.key))

    def _chosen_alarm(self) -> AlarmView | None:
        if self.detectors_shown:
            self.lab.tell("Detectors are not acknowledged; alarms are (F2).", ok=False)
            return None
        found = [a for a in self._alarms if (a.name, a.key) == self._chosen]
        return found[0] if found else None
