"""The answer to "what if" as a table for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import Final, NamedTuple

from streaming.shards.sample import Sample
from streaming.shards.whatif import LeftOut, Question, Row

GAP: Final = "  "


class _Column(NamedTuple):
    """A column; of those that do not fit, the one with the highest `rank` goes first."""

    title: str
    rank: int
    cell: Callable[[Row], str]


_COLUMNS: Final = (
    _Column("key", 0, lambda row: row.key),
    _Column("shards", 0, lambda row: f"{row.shards:,}"),
    _Column("max/mean", 0, lambda row: f"{row.max_over_mean:.2f}"),
    _Column("CV", 5, lambda row: f"{row.cv:.2f}"),
    _Column("Gini", 4, lambda row: f"{row.gini:.2f}"),
    _Column("Jain", 3, lambda row: f"{row.jain:.2f}"),
    _Column("hottest", 1, lambda row: f"{row.hottest_share:.1%}"),
    _Column(
        "throttled", 0, lambda row: f"{row.throttled_share:.1%}" if row.view == "kinesis" else "-"
    ),
    _Column("keys", 2, lambda row: f"{row.distinct_keys:,}"),
    _Column("order kept", 0, lambda row: row.order_kept),
)


def render(
    rows: Sequence[Row],
    left_out: Sequence[LeftOut],
    sample: Sample,
    question: Question,
    width: int = 200,
) -> str:
    """Heading, table and what was left out, in lines of at most `width` characters if possible."""
    words = [f"left out: {item.key}: {item.why}" for item in left_out]
    lines = [part for line in _heading(sample, question) for part in wrap(line, width)]
    lines += _table(rows, width) if rows else []
    lines += [part for line in words for part in wrap(line, width, subsequent_indent="  ")]
    return "\n".join(lines)


def _heading(sample: Sample, question: Question) -> list[str]:
    mean, limits = float(sample.sizes.mean()), question.limits
    lines = [
        f"{len(sample):,} records of {mean:,.0f} bytes on average, "
        f"at {question.rate:,.0f} records/s, {question.view} view"
    ]
    if question.view == "kinesis":
        lines.append(
            f"each shard takes {limits.records_in_per_s:,} records/s "
            f"or {limits.bytes_in_per_s:,} bytes/s"
        )
    return lines


def _table(rows: Sequence[Row], width: int) -> list[str]:
    columns = list(_COLUMNS)
    while True:
        table = [[column.title for column in columns]]
        table += [[column.cell(row) for column in columns] for row in rows]
        widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
        spare = max(columns, key=lambda column: column.rank)
        over = sum(widths) + len(GAP) * (len(widths) - 1) - width
        if over <= 0 or not spare.rank:
            break
        columns.remove(spare)
    room = max(len(table[0][-1]), widths[-1] - max(over, 0))
    return [_line([*cells[:-1], _cut(cells[-1], room)], widths) for cells in table]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """First and last column to the left, numbers to the right."""
    middle = [cell.rjust(size) for cell, size in zip(cells[1:-1], widths[1:-1], strict=True)]
    return GAP.join([cells[0].ljust(widths[0]), *middle, cells[-1]])
