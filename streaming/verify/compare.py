"""Windows recomputed from the log's columns, and the stored rows held against them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from streaming.verify.collect import Columns
from streaming.verify.image import StoreImage, WindowColumns
from streaming.verify.report import Tally
from streaming.verify.tolerance import DISTINCT_ERROR, EXACT_DISTINCT, QUANTILE_ERROR
from streaming.windows.spec import ALL_KEY, DIMS, LONG_S, PANE_S, SIZES_S

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_QUANTILES: Final = ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"))
_NEVER: Final = -(2**62)
_SPLIT: Final = 26


@dataclass(slots=True)
class _Truth:
    """Groups in order of (window, key): their keys' codes, sizes and exact figures.

    `values` has one group after the other, each in order.
    """

    ids: Ints
    starts: Ints
    n: Ints
    total: Any
    lowest: Ints
    highest: Ints
    distinct: Ints
    values: Ints


def compare_windows(
    image: StoreImage, columns: Mapping[str, Columns], skip_to_ms: Mapping[str, int], tally: Tally
) -> None:
    """Compare every window row with the log.

    Windows of a stream that start at or before its `skip_to_ms` are not comparable.
    """
    for stream in sorted(set(columns) | {name[0] for name in image.windows}):
        for size_s in SIZES_S:
            for dim in DIMS:
                _Comparison(image, stream, size_s, dim, skip_to_ms.get(stream, _NEVER), tally).run(
                    columns.get(stream) or Columns()
                )
    for (stream, size_s, dim), rows in image.windows.items():
        if size_s not in SIZES_S or dim not in DIMS:
            for i, key in enumerate(rows.keys):
                where = _window(stream, size_s, dim, key, rows.start_us[i])
                tally.add_wrong("extra_window", where, "no such kind of window", "a row")


class _Comparison:
    """One stream, window size and dimension."""

    def __init__(
        self, image: StoreImage, stream: str, size_s: int, dim: str, skip_to_ms: int, tally: Tally
    ) -> None:
        self.stream, self.size_s, self.dim = stream, size_s, dim
        self.size_ms = size_s * 1000
        self.skip_to_ms = skip_to_ms
        self.tally = tally
        self.final_to_ms = image.watermarks.get(stream, _NEVER) - image.lateness_ms
        self.stored = image.windows.get((stream, size_s, dim)) or WindowColumns()
        self.counts_records = size_s == PANE_S and dim == "all"

    def run(self, columns: Columns) -> None:
        keys = self._keys(columns)
        stored_keys = [keys[0].setdefault(key, len(keys[0])) for key in self.stored.keys]
        names = list(keys[0])
        start_us = _longs(self.stored.start_us)
        comparable = start_us > self.skip_to_ms * 1000 if len(start_us) else np.zeros(0, np.bool_)
        self.tally.windows_skipped += int((~comparable).sum())
        width = max(1, len(names))
        truth = self._truth(columns, keys[1], width)
        ids = start_us // (self.size_ms * 1000) * width + np.array(stored_keys, dtype=np.int64)
        at = np.searchsorted(truth.ids, ids) if len(truth.ids) else np.zeros(len(ids), np.int64)
        at = np.minimum(at, max(0, len(truth.ids) - 1))
        known = comparable & (start_us % (self.size_ms * 1000) == 0)
        known &= (truth.ids[at] == ids) if len(truth.ids) else np.zeros(len(ids), np.bool_)
        row_of = np.full(len(truth.ids), -1, dtype=np.int64)
        row_of[at[known]] = np.flatnonzero(known)
        extra = np.flatnonzero(comparable & ~known)
        self.tally.windows_checked += len(truth.ids) + len(extra)
        for row in extra.tolist():
            self._extra(row)
        for group in np.flatnonzero(row_of < 0).tolist():
            self._missing(truth, group, names)
        self._matched(truth, row_of, names)

    def _keys(self, columns: Columns) -> tuple[dict[str, int], Ints]:
        """The keys' codes, and each record's code."""
        if self.dim == "all":
            return {ALL_KEY: 0}, np.zeros(len(columns), dtype=np.int64)
        codes = {
            "type": columns.types,
            "category": columns.categories,
            "country": columns.countries,
        }[self.dim]
        return dict(codes), columns.column(self.dim)

    def _truth(self, columns: Columns, codes: Ints, width: int) -> _Truth:
        window = columns.column("ts") // self.size_ms
        chosen = ~columns.late & (window * self.size_ms > self.skip_to_ms)
        if self.size_s == LONG_S:
            chosen &= (window + 1) * self.size_ms <= self.final_to_ms
        ids, group, counts = np.unique(
            window[chosen] * width + codes[chosen], return_inverse=True, return_counts=True
        )
        if not len(ids):
            none = np.zeros(0, dtype=np.int64)
            return _Truth(none, none, none, none, none, none, none, none)
        starts = np.cumsum(counts) - counts
        values = columns.column("value")[chosen]
        values = values[np.lexsort((values, group))]
        high = np.add.reduceat(values >> _SPLIT, starts)
        low = np.add.reduceat(values & (2**_SPLIT - 1), starts)
        exact = high.astype(object) if int(high.max()) >= 2 ** (62 - _SPLIT) else high
        people = max(1, len(columns.customers))
        pairs = np.unique(group * people + columns.column("customer")[chosen])
        return _Truth(
            ids=ids,
            starts=starts,
            n=counts,
            total=exact * 2**_SPLIT + low,
            lowest=np.minimum.reduceat(values, starts),
            highest=np.maximum.reduceat(values, starts),
            distinct=np.bincount(pairs // people, minlength=len(ids)),
            values=values,
        )

    def _matched(self, truth: _Truth, row_of: Ints, names: list[str]) -> None:
        if not len(truth.ids) or not len(self.stored.keys):
            return
        rows, s = np.maximum(row_of, 0), self.stored
        n = _longs(s.n)[rows]
        distinct = _doubles(s.distinct)[rows]
        allowed = np.where(truth.distinct < EXACT_DISTINCT, 1.0, DISTINCT_ERROR * truth.distinct)
        final = (truth.ids // max(1, len(names)) + 1) * self.size_ms <= self.final_to_ms
        same = {
            "n": n == truth.n,
            "total": _longs(s.total)[rows] == truth.total,
            "lowest": _longs(s.lowest)[rows] == truth.lowest,
            "highest": _longs(s.highest)[rows] == truth.highest,
            "distinct_customers": np.abs(distinct - truth.distinct) <= allowed,
            "is_final": (_longs(s.is_final)[rows] != 0) == final,
        }
        for rank, name in _QUANTILES:
            exact = _quantile(truth, rank)
            same[name] = np.abs(_doubles(getattr(s, name))[rows] - exact) <= QUANTILE_ERROR * exact
        good = np.logical_and.reduce([np.asarray(ok, dtype=np.bool_) for ok in same.values()])
        for group in np.flatnonzero(~good & (row_of >= 0)).tolist():
            wrong = [name for name, ok in same.items() if not ok[group]]
            self._differs(truth, group, int(rows[group]), wrong, bool(final[group]))

    def _differs(self, truth: _Truth, group: int, row: int, wrong: list[str], final: bool) -> None:
        s = self.stored
        exact: dict[str, object] = {
            "n": int(truth.n[group]),
            "total": int(truth.total[group]),
            "lowest": int(truth.lowest[group]),
            "highest": int(truth.highest[group]),
            "distinct_customers": int(truth.distinct[group]),
            "is_final": final,
        }
        for rank, name in _QUANTILES:
            exact[name] = int(_quantile(truth, rank)[group])
        held: dict[str, object] = {
            name: getattr(s, "distinct" if name == "distinct_customers" else name)[row]
            for name in wrong
        }
        if "is_final" in held:
            held["is_final"] = bool(s.is_final[row])
        where = _window(self.stream, self.size_s, self.dim, s.keys[row], s.start_us[row])
        told = ", ".join(f"{name} {exact[name]}" for name in wrong)
        stored = ", ".join(f"{name} {held[name]}" for name in wrong)
        missing = int(truth.n[group]) - s.n[row]
        if self.counts_records and missing > 0:
            self.tally.add_lost(missing, "lost", where, told, stored)
        elif self.counts_records and missing < 0:
            self.tally.add_duplicates(-missing, "duplicated", where, told, stored)
        else:
            self.tally.add_wrong("window", where, told, stored)

    def _missing(self, truth: _Truth, group: int, names: list[str]) -> None:
        window, code = divmod(int(truth.ids[group]), max(1, len(names)))
        start_us = window * self.size_ms * 1000
        where = _window(self.stream, self.size_s, self.dim, names[code], start_us)
        n = int(truth.n[group])
        if self.counts_records:
            self.tally.add_lost(n, "lost", where, f"n {n}", "no row")
        else:
            self.tally.add_wrong("missing_window", where, f"n {n}", "no row")

    def _extra(self, row: int) -> None:
        n = self.stored.n[row]
        where = _window(
            self.stream, self.size_s, self.dim, self.stored.keys[row], self.stored.start_us[row]
        )
        if self.counts_records and n > 0:
            self.tally.add_duplicates(n, "duplicated", where, "no row", f"n {n}")
        else:
            self.tally.add_wrong("extra_window", where, "no row", f"n {n}")


def _quantile(truth: _Truth, part: float) -> Ints:
    """Each group's smallest value with at least this part (0 to 1) of its values up to it."""
    ranks = -(-truth.n * round(part * 1_000_000) // 1_000_000)
    found: Ints = truth.values[truth.starts + ranks - 1]
    return found


def _longs(column: Any) -> Ints:
    return np.frombuffer(column, dtype=np.int64) if len(column) else np.zeros(0, dtype=np.int64)


def _doubles(column: Any) -> Floats:
    return np.frombuffer(column, dtype=np.float64) if len(column) else np.zeros(0)


def _window(stream: str, size_s: int, dim: str, key: str, start_us: int) -> str:
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start_us)
        text = at.replace(tzinfo=None).isoformat(" ")
    except OverflowError:
        text = f"{start_us} µs"
    return f"{stream} {size_s} s window {text} {dim}={key}"
