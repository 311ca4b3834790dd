"""Records made by hand, and a second, slow statement of what becomes of them."""

import json
from collections import defaultdict
from typing import NamedTuple

from streaming.windows.columns import NEVER, PaneColumns
from streaming.windows.state import Cell

NOW = 1_767_225_600_000
PAST_MS, FUTURE_MS = 365 * 86_400_000, 300_000
LATENESS = 5_000


class Record(NamedTuple):
    offset: int
    value: bytes | None
    key: bytes | None = b"k"
    headers: tuple = ()


def click(ts, *, type="view", category="c", country="DE", customer_id="u", load_ms=1, **more):
    return {
        "v": 1, "id": "i", "ts": ts, "seq": 0, "type": type, "customer_id": customer_id,
        "session_id": "s", "product_id": "", "category": category, "country": country,
        "device": "", "campaign": "", "page": "", "query": "", "load_ms": load_ms, **more,
    }  # fmt: skip


def order(ts, *, total_cents=1, lines=(), **more):
    fields = {
        "v": 1, "id": "i", "ts": ts, "seq": 0, "type": "paid", "customer_id": "u",
        "session_id": "s", "product_id": "", "category": "c", "country": "DE", "device": "",
        "campaign": "", "order_id": "o", "checkout_id": "c", "payment": "", "city": "",
        "lines": list(lines), "total_cents": total_cents,
    }  # fmt: skip
    return fields | more


def record(offset, event):
    return Record(offset, event if isinstance(event, bytes) else json.dumps(event).encode())


class Outcome(NamedTuple):
    """What is compared; `sums` is (pane, dimension, key) → n, total, lowest, highest, estimate."""

    sums: dict
    late: set
    dead: set
    watermark: int


def absorb(batches, *, floor=NEVER, lateness=LATENESS, now=NOW, fold_after=(), stream="clicks"):
    """The outcome of these batches; folded after the batches of these numbers, and at the end."""
    columns, watermark, late, dead, rows = PaneColumns(stream, lateness), NEVER, [], [], []
    for number, batch in enumerate(batches):
        done = columns.add(3, batch, watermark, floor, now)
        watermark = done.watermark_ms
        late += done.late
        dead += done.dead
        if number in fold_after:
            rows += columns.fold()
    rows += columns.fold()
    assert columns.fold() == [] and columns.count == 0
    assert all(row.shard == 3 and row.stream == stream for row in [*late, *dead])
    assert len({row.offset for row in late}) == len(late)
    assert len({row.offset for row in dead}) == len(dead)
    return Outcome(
        merged(rows),
        {(row.offset, row.event_ms, row.watermark_ms) for row in late},
        {(row.offset, row.reason) for row in dead},
        watermark,
    )


def merged(rows):
    cells = defaultdict(Cell)
    for r in rows:
        cells[r.start_ms, r.dim, r.key].add(r.n, r.total, r.lowest, r.highest, r.hll, r.buckets)
    return {
        place: (c.n, c.total, c.lowest, c.highest, round(c.distinct.result()[1], 6))
        for place, c in cells.items()
    }


def expected(events, *, floor=NEVER, lateness=LATENESS):
    """(offset, event or reason) one at a time: panes as lists of events, late, dead, watermark."""
    watermark, panes, late, dead = NEVER, defaultdict(list), set(), set()
    for offset, event in events:
        if isinstance(event, str):
            dead.add((offset, event))
        elif not NOW - PAST_MS <= event["ts"] <= NOW + FUTURE_MS:
            dead.add((offset, "event_time"))
        else:
            start, reached = event["ts"] - event["ts"] % 10_000, max(watermark, floor)
            if start + 10_000 + lateness <= reached:
                late.add((offset, event["ts"], reached))
            else:
                for dim in ("type", "category", "country"):
                    panes[start, dim, event[dim]].append(event)
                panes[start, "all", "*"].append(event)
            watermark = max(watermark, event["ts"])
    return panes, late, dead, watermark
