"""A consumer's side of the declared windows: records into panes, column by column.

For each pane set a record is in exactly one place: its pane, or among the late ones. Which one
depends only on the shard's own records before it and on what is already final, so that any
batching gives the same result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from streaming.lab.messages import SetLateRow, SetRow
from streaming.windows import sketches
from streaming.windows.cells import State
from streaming.windows.fields import NUMBERS, TEXTS, Getter
from streaming.windows.part import sub_of
from streaming.windows.plan import PaneSet, WindowPlan, fields_of
from streaming.windows.records import Counted
from streaming.windows.values import Measure

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_CODES_LIMIT: Final = 200_000
_ts, _id = attrgetter("ts"), attrgetter("id")


class _Texts:
    """One field's texts as small numbers, in order of first appearance."""

    def __init__(self, getter: Getter) -> None:
        self.getter = getter
        self.codes: dict[str, int] = {}
        self.names: list[str] = []
        self.column: list[int] = []
        self.array: Ints = np.zeros(0, dtype=np.int64)
        """The column while it is folded."""
        self._hashes: list[int] = []

    def add(self, events: Sequence[Counted]) -> None:
        codes, names = self.codes, self.names
        for name in map(self.getter, events):
            code = codes.get(name)
            if code is None:
                code = codes[name] = len(names)
                names.append(name)
            self.column.append(code)

    def hashes(self) -> Ints:
        """A 62-bit number of each text, the same in every process."""
        for name in self.names[len(self._hashes) :]:
            digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            self._hashes.append(int.from_bytes(digest, "big") >> 2)
        return np.array(self._hashes, dtype=np.int64)

    def clear(self) -> None:
        self.column.clear()
        if len(self.names) > _CODES_LIMIT:
            self.codes, self.names, self._hashes = {}, [], []


class StreamPanes:
    """Collects one stream's records until `fold` turns them into rows of its pane sets."""

    def __init__(self, stream: str, plan: WindowPlan) -> None:
        self.sets = plan.sets_of(stream)
        joined = _joined(plan, stream)
        wanted = {field for each in self.sets for field in fields_of(each)}
        getters = {**TEXTS[stream], **joined}
        self._texts = {f: _Texts(getters[f]) for f in sorted(wanted) if f in getters}
        numbers = NUMBERS[stream]
        self._numbers: dict[str, tuple[Getter, list[int]]] = {
            f: (numbers[f], []) for f in sorted(wanted) if f in numbers
        }
        self._values: dict[str, Ints] = {}
        self._ids = any(m.op in ("first", "last") for each in self.sets for m in each.measures)
        self._id_column: list[str] = []
        self._times: list[int] = []
        self._out: dict[str, list[int]] = {each.id: [] for each in self.sets}

    def add(
        self, shard: int, events: Sequence[Counted], records: Sequence[Any], reached_ms: int
    ) -> list[SetLateRow]:
        """Absorb events of `shard`, whose watermark before them is `reached_ms`.

        Returns those that are late for a pane set, for each set.
        """
        if not self.sets or not events:
            return []
        base = len(self._times)
        times = list(map(_ts, events))
        late: list[SetLateRow] = []
        lowest, highest = min(times), max(reached_ms, max(times))
        for each in self.sets:
            if each.closes(lowest) > highest:
                continue  # not even the oldest comes after the close of its pane
            reached = reached_ms
            for i, at in enumerate(times):
                if each.closes(at) <= reached:
                    self._out[each.id].append(base + i)
                    record = records[i]
                    late.append(
                        SetLateRow(each.id, shard, record.offset, sub_of(record), at, reached)
                    )
                reached = max(reached, at)
        self._times += times
        for texts in self._texts.values():
            texts.add(events)
        for getter, column in self._numbers.values():
            column += map(getter, events)
        if self._ids:
            self._id_column += map(_id, events)
        return late

    def fold(self) -> list[SetRow]:
        """The rows of everything collected since the last fold; starts afresh."""
        if not self._times:
            return []
        times = np.array(self._times, dtype=np.int64)
        for texts in self._texts.values():
            texts.array = np.array(texts.column, dtype=np.int64)
        self._values = {
            field: np.array(column, dtype=np.int64) for field, (_, column) in self._numbers.items()
        }
        rows: list[SetRow] = []
        for each in self.sets:
            chosen = np.ones(len(times), dtype=np.bool_)
            chosen[self._out[each.id]] = False
            if chosen.any():
                rows += self._fold(each, times, chosen)
        self.clear()
        return rows

    def clear(self) -> None:
        """Forget what was collected (it will be read again)."""
        self._times.clear()
        self._id_column.clear()
        for texts in self._texts.values():
            texts.clear()
        for _, column in self._numbers.values():
            column.clear()
        for places in self._out.values():
            places.clear()

    def _fold(self, each: PaneSet, times: Ints, chosen: Bools) -> list[SetRow]:
        panes = times[chosen] // each.pane_ms
        keys, names = self._keys(each, chosen)
        groups = (panes - panes.min()) * len(names) + keys
        order = np.lexsort((times[chosen], groups))
        groups, when = groups[order], times[chosen][order]
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
        ends = np.append(starts[1:], len(groups))
        columns = [self._states(m, each, chosen, order, starts, ends) for m in each.measures]
        first, last = when[starts].tolist(), when[ends - 1].tolist()
        pane_of, key_of = panes[order][starts].tolist(), keys[order][starts].tolist()
        counts = (ends - starts).tolist()
        return [
            SetRow(
                each.id, pane_of[i] * each.pane_ms, names[key_of[i]], counts[i], first[i], last[i],
                [column[i] for column in columns],
            )
            for i in range(len(starts))
        ]  # fmt: skip

    def _keys(self, each: PaneSet, chosen: Bools) -> tuple[Ints, list[str]]:
        """Each record's key as a small number, and the keys."""
        codes = np.zeros(int(chosen.sum()), dtype=np.int64)
        names = [each.literals[0]]
        for field, literal in zip(each.fields, each.literals[1:], strict=True):
            texts = self._texts[field]
            pairs = codes * len(texts.names) + texts.array[chosen]
            found, codes = np.unique(pairs, return_inverse=True)
            names = [
                names[pair // len(texts.names)] + texts.names[pair % len(texts.names)] + literal
                for pair in found.tolist()
            ]
        # Two ways of filling a template may give one text, which is one key.
        place = {name: i for i, name in enumerate(dict.fromkeys(names))}
        return np.array([place[name] for name in names], dtype=np.int64)[codes], list(place)

    def _states(
        self, m: Measure, each: PaneSet, chosen: Bools, order: Ints, starts: Ints, ends: Ints
    ) -> list[State]:
        passing = self._passing(m, chosen)[order]
        if m.op == "count":
            return np.add.reduceat(passing.astype(np.int64), starts).tolist()  # type: ignore[no-any-return]
        spans = zip(starts.tolist(), ends.tolist(), strict=True)
        if m.op in ("first", "last"):
            return self._edges(m, passing, chosen, order, spans)
        if m.op == "distinct":
            texts = self._texts[m.field]
            hashes = texts.hashes()[texts.array[chosen][order]]
            return [_distinct(hashes[a:b][passing[a:b]]) for a, b in spans]
        values = self._values[m.field][chosen][order]
        if m.op == "sum":
            return np.add.reduceat(np.where(passing, values, 0), starts).tolist()  # type: ignore[no-any-return]
        of: Callable[[Ints], State] = {
            "min": lambda part: int(part.min()),
            "max": lambda part: int(part.max()),
            "quantiles": sketches.quantiles_of,
        }[m.op]
        empty = b"" if m.op == "quantiles" else None
        parts = (values[a:b][passing[a:b]] for a, b in spans)
        return [of(part) if len(part) else empty for part in parts]

    def _passing(self, m: Measure, chosen: Bools) -> Bools:
        passing = np.ones(int(chosen.sum()), dtype=np.bool_)
        for field, text in m.where:
            texts = self._texts[field]
            code = texts.codes.get(text, -1)
            passing &= texts.array[chosen] == code
        return passing

    def _edges(
        self, m: Measure, passing: Bools, chosen: Bools, order: Ints, spans: Any
    ) -> list[State]:
        """The first or last value of each group, by time and then by id."""
        places = np.flatnonzero(chosen)[order]
        best = min if m.op == "first" else max
        found: list[State] = []
        for a, b in spans:
            rows = places[a:b][passing[a:b]].tolist()
            found.append(
                best(([self._times[i], self._id_column[i], self._at(m.field, i)] for i in rows),
                     default=None)
            )  # fmt: skip
        return found

    def _at(self, field: str, row: int) -> str | int:
        texts = self._texts.get(field)
        return self._numbers[field][1][row] if texts is None else texts.names[texts.column[row]]


def _distinct(hashes: Ints) -> bytes:
    return sketches.distinct_of(np.unique(hashes).tolist()) if len(hashes) else b""


def _joined(plan: WindowPlan, stream: str) -> dict[str, Getter]:
    """The fields that reference tables add: a left join, "" where the table has no row."""
    getters: dict[str, Getter] = {}
    for table in plan.references:
        if table.field not in TEXTS[stream]:
            continue
        for i, column in enumerate(table.columns):
            getters[column] = _looking_up(TEXTS[stream][table.field], table.rows, i)
    return getters


def _looking_up(getter: Getter, rows: dict[str, tuple[str, ...]], column: int) -> Getter:
    table = {key: row[column] for key, row in rows.items()}
    return lambda event: table.get(getter(event), "")
