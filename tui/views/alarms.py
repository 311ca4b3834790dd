"""Alarms as a table, and what there is to know of one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from streaming.lab.alarm_snapshot import AlarmChangeView, AlarmView
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, merged
from tui.safe import fit, safe
from tui.views.texts import wrapped

TEXT_LIMIT = 200
STATE, SINCE, VALUE = 16, 9, 9
NO_ALARMS = "This lab has no alarms; docs/alarms.md says how to declare some."
SHORT = {"OK": "OK", "ALARM": "ALARM", "INSUFFICIENT_DATA": "NO DATA YET"}
STYLES = {"OK": "good", "ALARM": "bad", "INSUFFICIENT_DATA": "dim"}


def alarm_heading(width: int) -> Line:
    """Return the names of the columns."""
    return ((fit(_row("  state", "alarm", "value", "since", "against", width), width), "label"),)


def alarm_lines(alarms: Sequence[AlarmView], width: int, glyphs: Glyphs) -> list[Line]:
    """Return one line an alarm; its state is a shape and a word too."""
    return [_alarm(alarm, width, glyphs) for alarm in alarms]


def _alarm(alarm: AlarmView, width: int, glyphs: Glyphs) -> Line:
    shape = {"ALARM": glyphs.alarm, "OK": glyphs.good}.get(alarm.state, glyphs.waiting)
    style = STYLES[alarm.state]
    if alarm.state == "ALARM" and alarm.severity == "warn":
        style = "warn"
    word = SHORT[alarm.state]
    if alarm.acknowledged:
        word = f"{word} ack"
    if alarm.suppressed_until_at_ms:
        word = f"{word} off"
    name = " ".join((safe(alarm.name, TEXT_LIMIT), safe(alarm.key, TEXT_LIMIT))).strip()
    since = "-" if not alarm.since_at_ms else numbers.clock(alarm.since_at_ms)
    text = _row(
        "", name, number(alarm.value), since, safe(alarm.bound, TEXT_LIMIT), width
    )[STATE:]  # fmt: skip
    return merged(
        (
            (f"  {shape} ", style),
            (fit(word, STATE - 5) + " ", style),
            (fit(text, width - STATE), "text"),
        )
    )


def _row(state: str, name: str, value: str, since: str, bound: str, width: int) -> str:
    room = width - STATE - VALUE - SINCE - 4
    bound_room = max(0, min(34, room - 20))
    cells = [fit(state, STATE), fit(name, room - bound_room), fit(value, VALUE, right=True),
             fit(since, SINCE, right=True)]  # fmt: skip
    if bound_room:
        cells.append(fit(bound, bound_room))
    return cells[0] + " ".join(cells[1:])


def number(value: float | None) -> str:
    """Return a datapoint in at most `VALUE` cells."""
    if value is None:
        return numbers.UNKNOWN
    if not math.isfinite(value) or value == int(value) or abs(value) >= 1000:
        return numbers.count(value, VALUE)
    return f"{value:.3g}"


def alarm_detail(
    alarm: AlarmView | None, changes: Sequence[AlarmChangeView], width: int
) -> list[Line]:
    """Return what an alarm means, why it is as it is, and its newest changes."""
    if alarm is None:
        return [((fit(NO_ALARMS, width), "dim"),)]
    lines: list[Line] = []
    if alarm.title:
        lines += [((line, "strong"),) for line in wrapped(safe(alarm.title, TEXT_LIMIT), width)]
    lines += [((line, "text"),) for line in wrapped(safe(alarm.reason, 400), width)]
    if alarm.acknowledged:
        lines.append(((fit("acknowledged: somebody knows of it", width), "good"),))
    if alarm.suppressed_until_at_ms:
        until = numbers.clock(alarm.suppressed_until_at_ms)
        lines.append(((fit(f"its actions are off until {until}", width), "warn"),))
    mine = [c for c in changes if (c.name, c.key) == (alarm.name, alarm.key)]
    clock = "event time" if alarm.clock == "event" else "wall clock"
    lines.append(((fit(f"changes ({clock})", width), "label"),))
    if not mine:
        lines.append(((fit("none yet", width), "dim"),))
    for change in mine:
        text = f"{numbers.clock(change.at_ms)} {SHORT[change.before]} to {SHORT[change.after]}"
        lines.append(
            merged(
                ((fit(text, 36), STYLES[change.after]),
                 (fit(safe(change.reason, TEXT_LIMIT), max(0, width - 36)), "dim"))
            )
        )  # fmt: skip
    return lines
