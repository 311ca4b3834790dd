"""The group's members as a table, the shards of one of them, and the group's rebalances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from streaming.lab.consumer_snapshot import RebalanceView
from streaming.lab.stream_snapshot import ShardView
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, Segment, crop, merged, width_of
from tui.safe import fit, safe
from tui.views.columns import BURROW_STYLES
from tui.views.columns import STATES as SHARD_STATES
from tui.views.members import Member
from tui.views.texts import wrapped

NAME_LIMIT: Final = 40
MARGIN: Final = 2
NAMES_SHOWN: Final = 6
LEAST_TEXT: Final = 20
GOOD_TEXT: Final = 40
"""What happened has at least so many cells, if need be instead of columns."""
MOST_LINES: Final = 4
NO_MEMBERS: Final = "There are no consumers yet."
NO_SHARDS: Final = "It has no shards now."
SPARE: Final = "It is a member without shards: the others have them all."
NO_REBALANCES: Final = "No rebalance was seen yet."

STATES: Final = {
    "starting": ("waiting", "starts", "dim"),
    "joining": ("moving", "JOINING", "busy"),
    "running": ("good", "running", "good"),
    "paused": ("note", "PAUSED", "warn"),
    "slowed": ("warn", "SLOWED", "warn"),
    "dead": ("closed", "DEAD", "bad"),
}
"""Shape, word and style of each state of a member."""


class Column(NamedTuple):
    """A column with the space before it; of those that do not fit the highest `rank` goes first."""

    title: str
    width: int
    rank: int
    right: bool = True


MEMBER: Final = (
    Column("NAME", 6, 0, False),
    Column("STATE", 10, 0, False),
    Column("PID", 8, 5),
    Column("SHARDS", 7, 1),
    Column("REC/S", 7, 2),
    Column("LAG", 8, 1),
    Column("BEHIND", 7, 2),
    Column("ETA", 6, 3),
    Column(" STATUS", 11, 4, False),
    Column("RST", 4, 6),
)
SHARD: Final = (
    Column("SHARD", 14, 0, False),
    Column("LAG", 9, 0),
    Column("BEHIND", 7, 1),
    Column("AGE", 7, 4),
    Column("LAG/S", 8, 3),
    Column("ETA", 6, 2),
    Column(" STATUS", 11, 1, False),
    Column("STATE", 11, 5, False),
)
REBALANCE: Final = (
    Column("WHEN", 9, 0, False),
    Column("GEN", 5, 6),
    Column("TOOK", 7, 0),
    Column("UNREAD", 8, 2),
    Column("LET GO", 8, 4),
    Column(" HOW", 13, 5, False),
)


def _fitting(columns: Sequence[Column], width: int) -> list[Column]:
    left = list(columns)
    while len(left) > 1 and sum(c.width for c in left) + MARGIN > width:
        left.remove(max(left, key=lambda column: column.rank))
    return left


def _row(
    cells: dict[str, Segment], columns: Sequence[Column], width: int, stretch: int = 0
) -> Line:
    """Join a row's cells; the first column takes up to `stretch` cells of what is left."""
    shown = _fitting(columns, width)
    spare = min(stretch, max(0, width - MARGIN - sum(c.width for c in shown)))
    segments: list[Segment] = [(" " * MARGIN, "text")]
    for place, column in enumerate(shown):
        text, style = cells[column.title]
        room = column.width + (spare if not place else 0)
        if column.right:
            segments.append((" " + fit(text, room - 1, right=True), style))
        else:
            segments.append((fit(text, room - 1) + " ", style))
    return crop(merged(segments), width)


def _heading(columns: Sequence[Column], width: int, stretch: int = 0) -> Line:
    return _row({c.title: (c.title, "label") for c in columns}, columns, width, stretch)


def heading(width: int) -> Line:
    """Return the names of the members' columns."""
    return _heading(MEMBER, width, 18)


def member_lines(members: Sequence[Member], width: int, glyphs: Glyphs) -> list[Line]:
    """Return one line a member, those without shards too."""
    return [_member(member, width, glyphs) for member in members]


def _member(member: Member, width: int, glyphs: Glyphs) -> Line:
    view = member.view
    cells = {
        "NAME": (safe(view.name, NAME_LIMIT), "text"),
        "STATE": _state(view.state, STATES, glyphs),
        "PID": (numbers.UNKNOWN if view.pid is None else f"{view.pid}", "dim"),
        "SHARDS": (f"{len(view.shards)}", "text"),
        "REC/S": (numbers.count(view.records_per_s, 6), "text"),
        "RST": (numbers.count(view.restarts, 3), "warn" if view.restarts else "dim"),
        **_lag(member.lag, member.lag_ms, member.clear_s, member.status, glyphs),
    }
    return _row(cells, MEMBER, width, 18)


def _state(state: str, states: dict[str, tuple[str, str, str]], glyphs: Glyphs) -> Segment:
    shape, word, style = states.get(state, ("note", safe(state, 8), "warn"))
    return f"{getattr(glyphs, shape) if shape else ' '} {word}", style


def _lag(
    lag: int | None, lag_ms: float | None, clear_s: float | None, status: str | None, glyphs: Glyphs
) -> dict[str, Segment]:
    """Return the cells about lag, which members and shards share."""
    never = clear_s is not None and math.isinf(clear_s)
    word = safe(status, 10) if status is not None else numbers.UNKNOWN
    return {
        "LAG": (numbers.count(lag, 7), "warn" if lag else "text"),
        "BEHIND": (numbers.age(lag_ms), "text"),
        "ETA": (numbers.duration(clear_s, glyphs.infinity), "bad" if never else "text"),
        " STATUS": (f" {word}", BURROW_STYLES.get(word, "dim")),
    }


def shard_lines(member: Member | None, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the shards of a member; what keeps it from reading comes first."""
    if member is None:
        return []
    view = member.view
    name = safe(view.name, NAME_LIMIT)
    title: list[Segment] = [(f"Shards of {name}", "strong")]
    if view.state == "paused":
        title.append((f" {glyphs.separator} it stands still: its lag grows on purpose", "warn"))
    elif view.limit_per_s is not None:
        limit = numbers.count(view.limit_per_s)
        title.append((f" {glyphs.separator} it reads at most {limit} records/s", "warn"))
    lines = [crop(tuple(title), width)]
    if not view.shards:
        text = SPARE if view.state == "running" else NO_SHARDS
        return [*lines, ((fit(f"  {text}", width), "dim"),)]
    lines.append(_heading(SHARD, width, 18))
    lines += [_shard(name, shard, width, glyphs) for name, shard in member.shards]
    unlisted = len(view.shards) - len(member.shards)
    if unlisted:
        text = f"  and {unlisted} that take no records: closed ones, or spare partitions"
        lines.append(((fit(text, width), "dim"),))
    return lines


def _shard(name: str, shard: ShardView, width: int, glyphs: Glyphs) -> Line:
    slope = shard.lag_per_s
    cells = {
        "SHARD": (safe(name, NAME_LIMIT), "text"),
        "AGE": (numbers.age(shard.iterator_age_ms), "text"),
        "LAG/S": (
            numbers.UNKNOWN if slope is None else f"{'+' if slope > 0 else ''}"
            f"{numbers.count(slope, 6)}",
            "warn" if slope is not None and slope >= 1 else "text",
        ),
        "STATE": _state(shard.state, SHARD_STATES, glyphs),
        **_lag(shard.lag, shard.lag_ms, shard.clear_s, shard.status, glyphs),
    }  # fmt: skip
    return _row(cells, SHARD, width, 18)


def timeline_lines(
    timeline: Sequence[RebalanceView], width: int, glyphs: Glyphs, assignor: str = ""
) -> list[Line]:
    """Return the rebalances, newest first: when, how long, who left and came, what moved.

    `assignor` is how the group shares out now.
    """
    how = f"  by {safe(assignor, NAME_LIMIT)}" if assignor else ""
    unit = f"  UNREAD: shards without a reader {glyphs.times} seconds  LET GO: by living members"
    lines: list[Line] = [crop((("Rebalances", "strong"), (how, "text"), (unit, "dim")), width)]
    if not timeline:
        return [*lines, ((fit(f"  {NO_REBALANCES}", width), "dim"),)]
    head = _heading(REBALANCE, _before_text(width))
    lines.append(crop((*head, ("  WHAT HAPPENED", "label")), width))
    for view in timeline:
        lines += _rebalance(view, width, glyphs)
    return lines


def _before_text(width: int) -> int:
    """Cells for the columns before the text; when and how long are always there."""
    return min(width, max(LEAST_TEXT, width - GOOD_TEXT))


def _rebalance(view: RebalanceView, width: int, glyphs: Glyphs) -> list[Line]:
    """Return its cells and what happened, in as many lines as that takes."""
    took = "now" if view.took_s is None else numbers.age(view.took_s * 1000)
    cells = {
        "WHEN": (numbers.clock(view.began_at_ms), "text"),
        "GEN": (numbers.UNKNOWN if view.generation is None else f"{view.generation}", "dim"),
        "TOOK": (took, "text" if view.took_s is not None else "busy"),
        "UNREAD": (f"{view.unowned_s:,.1f}", "dim"),
        "LET GO": (numbers.count(view.let_go if view.protocol else None, 6), "dim"),
        " HOW": (f" {view.protocol or numbers.UNKNOWN}", "dim"),
    }
    style = "busy" if view.took_s is None else "warn" if view.left else "text"
    row = _row(cells, REBALANCE, _before_text(width))
    indent = width_of(row) + 2
    parts = wrapped(what_happened(view, glyphs), max(LEAST_TEXT, width - indent))
    first = crop((*row, (f"  {parts[0]}", style)), width)
    more = [((" " * indent + part.strip(), style),) for part in parts[1:MOST_LINES]]
    return [first, *(crop(line, width) for line in more)]


def what_happened(view: RebalanceView, glyphs: Glyphs) -> str:
    """Return who left and came, and how many shards went from whom to whom."""
    parts = [f"{glyphs.moving} under way"] if view.took_s is None else []
    if view.left:
        parts.append(f"{_names(view.left)} left")
    if view.came:
        parts.append(f"{_names(view.came)} came")
    if view.moved:
        ways = [m for m in view.moves if m.giver]
        told = ", ".join(
            f"{safe(m.giver, NAME_LIMIT)}{glyphs.separator}{safe(m.taker, NAME_LIMIT)} {m.shards}"
            for m in ways[:NAMES_SHOWN]
        )
        parts.append(f"{view.moved} moved: {told}{', ...' if ways[NAMES_SHOWN:] else ''}")
    if view.given:
        parts.append(f"{view.given} given out")
    if view.took_s is not None and not view.moves:
        parts.append("no shard moved")
    return "; ".join(parts)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(safe(name, NAME_LIMIT) for name in names[:NAMES_SHOWN]) + more
