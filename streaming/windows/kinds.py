"""The five kinds of windows over one key's panes: which windows are due, and what is in each.

`horizon` is the time up to which panes are final: no event of a pane that ends at or before it is
taken any more. All times are event times in ms; panes are named by their starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from streaming.windows.cells import Cell
from streaming.windows.plan import EXCLUSIVE, Window

FOREVER: Final = 2**62


class Span(NamedTuple):
    """One window: events in [start, end), from these panes; final by `final_at` of the horizon."""

    start_ms: int
    end_ms: int
    panes: tuple[int, ...]
    final_at: int


def spans(
    window: Window, pane_ms: int, panes: Mapping[int, Cell], after: int, upto: int
) -> list[Span]:
    """The windows that become final while the horizon moves from `after` to `upto`.

    The panes of a stagger or session window that was final are gone: for these `after` is nothing.
    """
    starts = sorted(panes)
    match window.kind:
        case "sliding":
            made = _sliding(window, pane_ms, starts, after)
        case "stagger":
            made = _stagger(window, starts)
        case "session":
            made = _sessions(window, starts, panes)
        case _:
            made = _by_the_clock(window, starts, after)
    if window.kind in EXCLUSIVE:
        after = -FOREVER
    return [span for span in made if after < span.final_at <= upto]


def keep_until(window: Window, start_ms: int) -> int:
    """The horizon from which on a pane is in no window any more that is still to come."""
    return start_ms + window.size_ms


def _by_the_clock(window: Window, starts: Sequence[int], after: int) -> list[Span]:
    """Tumbling and hopping: windows begin at multiples of the slide since the Unix epoch."""
    size, slide = window.size_ms, window.slide_ms
    members: dict[int, list[int]] = {}
    for pane in starts:
        begin = pane // slide * slide
        while begin > pane - size and begin + size > after:
            members.setdefault(begin, []).append(pane)
            begin -= slide
    return [
        Span(begin, begin + size, tuple(panes), begin + size)
        for begin, panes in sorted(members.items())
    ]


def _sliding(window: Window, pane_ms: int, starts: Sequence[int], after: int) -> list[Span]:
    """One for each pane with an event, which is its last."""
    made, first = [], 0
    for i, pane in enumerate(starts):
        end = pane + pane_ms
        while starts[first] < end - window.size_ms:
            first += 1
        if end > after:
            made.append(Span(end - window.size_ms, end, tuple(starts[first : i + 1]), end))
    return made


def _stagger(window: Window, starts: Sequence[int]) -> list[Span]:
    made: list[Span] = []
    at = 0
    while at < len(starts):
        end = starts[at] + window.size_ms
        last = at
        while last < len(starts) and starts[last] < end:
            last += 1
        made.append(Span(starts[at], end, tuple(starts[at:last]), end))
        at = last
    return made


def _sessions(window: Window, starts: Sequence[int], panes: Mapping[int, Cell]) -> list[Span]:
    """From the first event to the gap after the last one, or to the pane at its longest."""
    made: list[Span] = []
    members: list[int] = []
    for pane in starts:
        if members:
            silent = panes[pane].first_ms - panes[members[-1]].last_ms > window.gap_ms
            if silent or pane >= members[0] + window.longest_ms:
                made.append(_session(window, members, panes))
                members = []
        members.append(pane)
    return [*made, _session(window, members, panes)] if members else made


def _session(window: Window, members: Sequence[int], panes: Mapping[int, Cell]) -> Span:
    end = panes[members[-1]].last_ms + window.gap_ms
    # An event at the end itself would still belong to it: the horizon must be past it.
    final = min(end + 1, members[0] + window.longest_ms)
    return Span(panes[members[0]].first_ms, end, tuple(members), final)
