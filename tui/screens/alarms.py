"""Alarms and detectors, live: their states, and what there is to know of the one chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from streaming.lab.alarm_snapshot import AlarmView, DetectorView
from streaming.lab.commands import Acknowledge, Suppress
from tui import bindings
from tui.glyphs import Glyphs
from tui.lines import Line
from tui.moment import Moment
from tui.screens.choosing import ChoosingDialog
from tui.views.alarms import NO_ALARMS, alarm_detail, alarm_heading, alarm_lines
from tui.views.detectors import NO_DETECTORS, detector_detail, detector_heading, detector_lines

SUPPRESSED_S = 600.0
MOST_ROWS = 12


class AlarmsScreen(ChoosingDialog):
    """Alarms (or detectors) above, the chosen one below."""

    TITLE_TEXT = "Alarms"
    BAR = bindings.ALARMS_BAR
    LIST_ID, DETAIL_ID = "alarms", "alarm-detail"
    LIST_BINDINGS = bindings.ALARMS + bindings.PAGES

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        self.detectors_shown = False
        self._chosen: tuple[str, str] | None = None

    def draw(self) -> None:
        """Draw the moment."""
        names = [(row.name, row.key) for row in self._rows]
        # The cursor stays with what it is on, wherever that stands in the list now.
        if self._chosen in names:
            self.list.cursor = names.index(self._chosen)
        height = min(len(names), max(3, min(MOST_ROWS, self.app.size.height // 2)))
        frame = self.query_one("#bench")
        if self.detectors_shown:
            frame.border_title = "Detectors"
            lines = partial(detector_lines, self._detectors, glyphs=self.glyphs)
            self.show_list(len(names), height, lines, detector_heading, NO_DETECTORS)
        else:
            frame.border_title = "Alarms"
            lines = partial(alarm_lines, self._alarms, glyphs=self.glyphs)
            self.show_list(len(names), height, lines, alarm_heading, NO_ALARMS)

    def detail_lines(self, room: int) -> Sequence[Line]:
        """What the chosen alarm or detector is about."""
        rows = self._rows
        row = rows[min(self.list.cursor or 0, len(rows) - 1)] if rows else None
        if row is not None:
            self._chosen = (row.name, row.key)
        if isinstance(row, AlarmView):
            changes = self.moment.snapshot.alarm_changes if self.moment.snapshot else ()
            return alarm_detail(row, changes, room)
        return detector_detail(row, room, self.glyphs)

    @property
    def _alarms(self) -> tuple[AlarmView, ...]:
        return () if self.moment.snapshot is None else self.moment.snapshot.alarms

    @property
    def _detectors(self) -> tuple[DetectorView, ...]:
        return () if self.moment.snapshot is None else self.moment.snapshot.detectors

    @property
    def _rows(self) -> tuple[AlarmView, ...] | tuple[DetectorView, ...]:
        return self._detectors if self.detectors_shown else self._alarms

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
