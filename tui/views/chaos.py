"""Trouble as a list with what runs already, and what there is to know of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence

from tui import numbers
from tui.chaos import Trouble
from tui.glyphs import Glyphs
from tui.lines import Line, Segment, crop, merged, width_of
from tui.moment import Moment
from tui.safe import fit, safe
from tui.views.bench import NO_STREAM
from tui.views.texts import wrapped

TITLE, GROUP, STATE = 22, 10, 14
GROUP_FROM = 100
"""The width from which the group has a column of its own."""
TEXT_LIMIT = 200


def traffic_line(moment: Moment, width: int, glyphs: Glyphs) -> Line:
    """Return the load that was asked for and the one there is, its shape, and what is planted."""
    snapshot = moment.snapshot
    if snapshot is None:
        return ((NO_STREAM, "busy"),)
    traffic = snapshot.traffic
    dot = f" {glyphs.dot} "
    words = [
        safe(traffic.state, TITLE),
        f"asked {numbers.count(traffic.target_per_s)}/s",
        f"made {numbers.count(traffic.produced_per_s)}/s",
        f"shape {safe(traffic.shape, TITLE)}",
    ]
    segments: list[Segment] = [(dot.join(words), "text")]
    planted = [safe(name, TITLE) for name in traffic.incidents]
    planted += [f"broker {safe(fault.name, TITLE)}" for fault in snapshot.broker.faults]
    if planted:
        segments += [(dot, "dim"), (f"{glyphs.moving} planted: {', '.join(planted)}", "warn")]
    line = merged(segments)
    return line if width_of(line) <= width else (*crop(line, width - 1), (glyphs.more, "dim"))


def trouble_heading(width: int) -> Line:
    """Return the names of the columns."""
    group = fit("of", GROUP) if width >= GROUP_FROM else ""
    text = f"  {group}{fit('what', TITLE)}{fit('now', STATE)}what it will do"
    return ((fit(text, width), "label"),)


def trouble_lines(
    troubles: Sequence[Trouble], now_ms: int, width: int, glyphs: Glyphs
) -> list[Line]:
    """Return one line for each; what cannot be done here is dim, with the reason."""
    return [_line(trouble, now_ms, width, glyphs) for trouble in troubles]


def _line(trouble: Trouble, now_ms: int, width: int, glyphs: Glyphs) -> Line:
    deed = trouble.deed
    group = fit(trouble.group, GROUP) if width >= GROUP_FROM else ""
    state, style = _state(trouble, now_ms, glyphs)
    text = deed.why or deed.text
    room = max(0, width - 2 - len(group) - TITLE - STATE)
    look = "dim" if deed.why else "text"
    return merged(
        (
            ("  " + group, "dim"),
            (fit(fit(deed.title, TITLE - 1), TITLE), "dim" if deed.why else "strong"),
            (fit(state, STATE), style),
            (fit(safe(text, TEXT_LIMIT), room), look),
        )
    )


def _state(trouble: Trouble, now_ms: int, glyphs: Glyphs) -> tuple[str, str]:
    """Return whether it runs and for how long yet, or that it cannot be asked for."""
    if trouble.running and trouble.until_at_ms:
        left = numbers.duration(max(0, trouble.until_at_ms - now_ms) / 1000)
        return f"{glyphs.moving} runs, {left}", "warn"
    if trouble.running:
        return (f"{glyphs.good} in use", "good") if trouble.group == "traffic" else (
            f"{glyphs.moving} runs", "warn",
        )  # fmt: skip
    return (f"{glyphs.closed} not now", "dim") if trouble.deed.why else ("", "text")


def trouble_detail(trouble: Trouble | None, width: int) -> list[Line]:
    """Return what the chosen one does, or why it cannot be done, and what should find it."""
    if trouble is None:
        return [((fit(NO_STREAM, width), "dim"),)]
    deed = trouble.deed
    lines: list[Line] = [((line, "text"),) for line in wrapped(safe(deed.text, TEXT_LIMIT), width)]
    if deed.why:
        why = wrapped(f"not now: {safe(deed.why, TEXT_LIMIT)}", width)
        lines += [((line, "warn"),) for line in why]
    if trouble.more:
        lines += [((line, "dim"),) for line in wrapped(safe(trouble.more, TEXT_LIMIT), width)]
    return lines
