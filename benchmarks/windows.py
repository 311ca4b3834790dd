"""Whether two DuckDB files hold the same windows: exact values exactly, sketches within error."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import datasketches as ds
import duckdb
import msgspec

HLL_TOLERANCE: Final = 0.16
"""Five standard errors of the difference of two sketches of 2**11 registers."""

RANK_TOLERANCE: Final = 0.05
"""Three times the normalised rank error of a KLL sketch with k = 200."""


class Compared(msgspec.Struct, frozen=True):
    """How two sets of windows agree; `wrong` says what does not, "" when everything does."""

    windows: int
    checksum: str
    other_checksum: str
    distinct_off: float
    rank_off: float
    wrong: str


def compare(ours: Path, other: Path, start_ms: int, end_ms: int) -> Compared:
    """Compare the windows that begin in [start_ms, end_ms)."""
    a = _rows(ours, start_ms, end_ms, "buckets")
    b = _rows(other, start_ms, end_ms, "kll")
    first, second = _checksum(a), _checksum(b)
    if first != second:
        return Compared(len(a), first, second, 0.0, 0.0, "counts, sums or extremes differ")
    distinct_off = max((_distinct_off(x, b[key]) for key, x in a.items()), default=0.0)
    rank_off = max((_rank_off(x, b[key]) for key, x in a.items()), default=0.0)
    wrong = ""
    if not a:
        wrong = "there are no windows"
    elif distinct_off > HLL_TOLERANCE:
        wrong = "distinct estimates differ by more than the sketch's error"
    elif rank_off > RANK_TOLERANCE:
        wrong = "quantiles differ by more than the sketch's error"
    return Compared(len(a), first, second, distinct_off, rank_off, wrong)


_Rows = dict[tuple[Any, ...], tuple[Any, ...]]


def _rows(path: Path, start_ms: int, end_ms: int, sketch: str) -> _Rows:
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.execute(
            "SELECT size_s, epoch_ms(start_at) AS start_ms, dim, key, n, total, lowest, highest, "
            f"distinct_customers, p50, p90, p99, {sketch} FROM windows "
            "WHERE epoch_ms(start_at) >= ? AND epoch_ms(start_at) < ? ORDER BY ALL",
            [start_ms, end_ms],
        ).fetchall()
    return {row[:4]: row[4:] for row in rows}


def _checksum(rows: _Rows) -> str:
    digest = hashlib.sha256()
    for key, values in rows.items():
        digest.update(repr((*key, *values[:4])).encode())
    return digest.hexdigest()[:12]


def _distinct_off(a: tuple[Any, ...], b: tuple[Any, ...]) -> float:
    """The relative difference of two estimates, forgiving one customer."""
    return float(max(0.0, abs(a[4] - b[4]) - 1) / max(a[4], b[4], 1))


def _rank_off(a: tuple[Any, ...], b: tuple[Any, ...]) -> float:
    """How far our quantiles are from their ranks in the other side's sketch."""
    sketch = ds.kll_doubles_sketch.deserialize(b[8])
    worst = 0.0
    for part, value in zip((0.5, 0.9, 0.99), a[5:8], strict=True):
        below, upto = sketch.get_rank(value, False), sketch.get_rank(value, True)
        worst = max(worst, below - part, part - upto)
    return worst
