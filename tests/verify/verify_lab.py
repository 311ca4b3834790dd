"""A small log and the store that belongs to it, both made by hand (no code of the pipeline)."""

from __future__ import annotations

import copy
import json
import shutil
from collections import defaultdict
from dataclasses import dataclass, field

import duckdb

from streaming.store.schema import TABLES
from streaming.verify import LogRecord, StoreImage, VerifyReport, check_log, read_store

START = 1_767_225_600_000
LATENESS = 5_000
AT = "start_at = make_timestamp_ms(?)"
MEASURE = {"clicks": "load_ms", "orders": "total_cents", "access": "size"}


def faults(report):
    return report.lost, report.duplicates, report.wrong


def kinds(report):
    return {finding.kind for finding in report.findings}


def event(stream: str, number: int, ts: int, **changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "v": 1, "id": f"{stream}-{number}", "ts": ts, "seq": number, "type": "ab"[number % 2],
        "customer_id": f"c{number % 7}", "session_id": "s", "product_id": "p",
        "category": f"k{number // 3 % 3}", "country": "DE" if number % 5 else "PT", "device": "d",
        "campaign": "", "page": "/", "query": "", "order_id": f"o{number}", "checkout_id": "x",
        "payment": "", "city": "", "lines": [], "request_id": "r", "ip": "", "method": "GET",
        "path": "/", "status": 200, "line": "", MEASURE[stream]: number * 13 % 101,
    }  # fmt: skip
    return fields | changes


@dataclass
class MemoryLog:
    """A log in memory; `begins` moves a shard's beginning up, as retention does."""

    records: dict[tuple[str, int], list[LogRecord]] = field(
        default_factory=lambda: defaultdict(list)
    )
    begins: dict[tuple[str, int], int] = field(default_factory=dict)
    ends: dict[tuple[str, int], int] = field(default_factory=dict)

    def put(self, stream, shard, value, *, headers=(), timestamp_ms=None, offset=None):
        at = self.end((stream, shard)) if offset is None else offset
        if isinstance(value, dict):
            timestamp_ms = value["ts"] if timestamp_ms is None else timestamp_ms
            value = json.dumps(value).encode()
        record = LogRecord(stream, shard, at, timestamp_ms or START, headers, b"k", value)
        self.records[stream, shard].append(record)
        return at

    def end(self, shard):
        records = self.records[shard]
        return self.ends.get(shard, records[-1].offset + 1 if records else 0)

    async def bounds(self, stream):
        return {
            number: (self.begins.get((name, number), 0), self.end((name, number)))
            for name, number in list(self.records)
            if name == stream
        }

    async def read(self, ranges):
        for shard, (start, stop) in ranges.items():
            inside = [r for r in self.records[shard] if start <= r.offset < stop]
            for i in range(0, len(inside), 7):
                yield inside[i : i + 7]


class Lab:
    """Puts events, keeps the store in step; tests then damage one of the two."""

    def __init__(self, path: str = ":memory:") -> None:
        self.log = MemoryLog()
        self.path = path
        self.con = duckdb.connect(path, config={"threads": "1"})
        self.con.execute(TABLES)
        self.con.execute("INSERT INTO meta VALUES ('lateness_ms', ?)", [str(LATENESS)])
        self.counted: dict[str, list[dict]] = defaultdict(list)
        self.numbers = 0

    def close(self):
        self.con.close()

    def copy(self, path: str) -> Lab:
        """The same log and store again; this one's file has to be closed."""
        shutil.copy(self.path, path)
        other = copy.copy(self)
        other.path, other.con = path, duckdb.connect(path, config={"threads": "1"})
        other.log = MemoryLog(defaultdict(list, {s: list(r) for s, r in self.log.records.items()}))
        other.counted = defaultdict(list, {s: list(e) for s, e in self.counted.items()})
        return other

    def put(self, stream, shard, ts, *, late=False, headers=(), **changes):
        """A valid event, counted in its windows or (late) listed."""
        self.numbers += 1
        e = event(stream, self.numbers, ts, **changes)
        at = self.log.put(stream, shard, e, headers=headers)
        if late:
            self.con.execute(
                "INSERT INTO late_events VALUES (?, ?, ?, make_timestamp_ms(?), "
                "make_timestamp_ms(?), ?, ?, ?, ?, ?, 0)",
                [stream, shard, at, ts, (ts // 10_000 + 1) * 10_000 + LATENESS, e["type"],
                 e["category"], e["country"], e["customer_id"], e[MEASURE[stream]]],
            )  # fmt: skip
        else:
            self.counted[stream].append(e)
        if stream == "orders":
            self.con.execute(
                "INSERT INTO events_orders VALUES (?, make_timestamp_ms(?), ?, ?, ?, ?, ?, 'x', ?, "
                "'s', 'p', '', '', '', '', '', '', 0, ?, 1, 0)",
                [e["id"], ts, shard, at, self.numbers, e["type"], e["order_id"], e["customer_id"],
                 e["total_cents"]],
            )  # fmt: skip
        return at

    def put_dead(self, stream, shard, value, reason="not_json", stored_ms=START, timestamp_ms=None):
        at = self.log.put(stream, shard, value, timestamp_ms=timestamp_ms)
        size = (
            len(value if isinstance(value, bytes) else json.dumps(value).encode()) if value else 0
        )
        self.con.execute(
            "INSERT INTO dead_letters "
            "VALUES (?, ?, ?, ?, '', NULL, NULL, ?, make_timestamp_ms(?), 0)",
            [stream, shard, at, reason, size, stored_ms],
        )
        return at

    def settle(self, watermark_ms, streams=("clicks", "orders", "access")):
        """Write the windows and the offsets as they have to be."""
        for stream in streams:
            self.con.execute("INSERT INTO watermarks VALUES (?, ?)", [stream, watermark_ms])
            for size in (10, 60):
                self._windows(stream, size, watermark_ms)
        for stream, shard in list(self.log.records):
            end = self.log.end((stream, shard))
            self.con.execute(
                "INSERT INTO offsets VALUES (?, ?, ?, ?, ?, ?, 0)",
                [stream, shard, end, end, watermark_ms, end],
            )

    def _windows(self, stream, size, watermark_ms):
        groups = defaultdict(list)
        for e in self.counted[stream]:
            start = e["ts"] - e["ts"] % (size * 1000)
            for dim in ("all", "type", "category", "country"):
                groups[start, dim, "*" if dim == "all" else e[dim]].append(e)
        for (start, dim, key), events in groups.items():
            final = start + size * 1000 + LATENESS <= watermark_ms
            if size == 60 and not final:
                continue
            values = sorted(e[MEASURE[stream]] for e in events)
            n = len(values)
            self.con.execute(
                "INSERT INTO windows VALUES (?, ?, make_timestamp_ms(?), ?, ?, ?, ?, ?, ?, ?, ?, "
                "?, ?, ?, '', '')",
                [stream, size, start, dim, key, n, sum(values), values[0], values[-1],
                 len({e["customer_id"] for e in events}), values[(n - 1) // 2],
                 values[(n * 9 - 1) // 10], values[(n * 99 - 1) // 100], final],
            )  # fmt: skip

    def image(self) -> StoreImage:
        return read_store(self.con)

    async def verify(self, **options) -> VerifyReport:
        return await check_log(self.image(), self.log, **options)
