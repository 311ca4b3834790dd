"""Results of queries as a table, CSV and JSON, harmless for any terminal: pure functions."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Sequence
from typing import Final

import msgspec

from streaming.store.jail import SqlResult

_GAP: Final = "  "
_NARROWEST: Final = 4
NUMERIC: Final = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL",
)  # fmt: skip
"""Types whose cells stand to the right; a DECIMAL has its digits in brackets."""

PLAN_COLUMN: Final = "plan"
_PLAN: Final = ("explain_key", "explain_value")
"""Columns of what EXPLAIN gives."""


def format_table(result: SqlResult, width: int) -> str:
    """The result as lines of at most `width` terminal cells, harmless for any terminal."""
    if result.error is not None:
        return "\n".join(harmless(line) for line in result.error.splitlines())
    if result.columns == _PLAN:
        plans = [row[1] or "" for row in result.rows]
        return "\n".join(_fit(harmless(s), width) for plan in plans for s in plan.splitlines())
    header = [harmless(name) for name in result.columns]
    body = [["NULL" if c is None else harmless(c) for c in row] for row in result.rows]
    widths = _widths(header, body, width)
    hidden = len(header) - len(widths)
    right = [kind.split("(")[0] in NUMERIC for kind in result.types]
    lines = [
        _line(header, widths, right),
        _GAP.join("─" * w for w in widths),
        *(_line(row, widths, right) for row in body),
    ]
    notes = [f"{len(body):,} row{'' if len(body) == 1 else 's'}"]
    if result.truncated:
        notes.append("there are more")
    if hidden:
        notes.append(f"{hidden} more columns do not fit")
    lines.append(_fit(", ".join(notes), width))
    return "\n".join(line.rstrip() for line in lines)


def plan_rows(result: SqlResult) -> SqlResult:
    """What EXPLAIN gives, a line of the plan a row; any other result as it is."""
    if result.columns != _PLAN:
        return result
    lines = tuple((line,) for row in result.rows for line in (row[1] or "").splitlines())
    return msgspec.structs.replace(result, columns=(PLAN_COLUMN,), types=("VARCHAR",), rows=lines)


def format_csv(result: SqlResult) -> str:
    """The result as CSV with a header; NULL is empty.

    Text that a spreadsheet would take for a formula gets a quote in front: it may come from
    anybody's records.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([no_formula(name) for name in result.columns])
    numeric = [kind.split("(")[0] in NUMERIC for kind in result.types]
    for row in result.rows:
        writer.writerow(
            [
                "" if cell is None else cell if is_number else no_formula(cell)
                for cell, is_number in zip(row, numeric, strict=True)
            ]
        )
    return out.getvalue()


def format_json(result: SqlResult) -> str:
    """The whole result as one JSON object in plain ASCII; rows are lists, as names may repeat."""
    fields = msgspec.to_builtins(result)
    return json.dumps(fields, indent=2)


def harmless(text: str) -> str:
    """Text without anything a terminal might obey: such characters become visible escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(c: str) -> str:
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(c)
    if short is not None:
        return short
    return f"\\x{ord(c):02x}" if ord(c) < 0x100 else f"\\u{ord(c):04x}"


def no_formula(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _cells(text: str) -> int:
    """Terminal cells that a harmless text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _fit(text: str, width: int) -> str:
    if _cells(text) <= width:
        return text
    while text and _cells(text) > width - 1:
        text = text[: max(0, min(len(text) - 1, width - 1))]
    return text + "…" if width > 0 else ""


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    parts = []
    for text, width, to_right in zip(cells, widths, right, strict=False):
        shown = _fit(text, width)
        space = " " * (width - _cells(shown))
        parts.append(space + shown if to_right else shown + space)
    return _GAP.join(parts)


def _widths(header: Sequence[str], body: Sequence[Sequence[str]], width: int) -> list[int]:
    """Widths of the columns that fit; the widest give way first."""
    columns = list(zip(header, *body, strict=True))
    wanted = [max(1, *map(_cells, column)) for column in columns]
    while len(wanted) > 1 and _total([min(w, _NARROWEST) for w in wanted]) > width:
        wanted.pop()
    cap = max(wanted, default=0)
    while cap > 1 and _total([min(w, cap) for w in wanted]) > width:
        cap -= 1
    return [min(w, cap) for w in wanted]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)
