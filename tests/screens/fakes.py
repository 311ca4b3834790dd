"""Snapshots made by hand."""

from __future__ import annotations

from typing import Any

import msgspec

from streaming.lab.snapshot import (
    BrokerView,
    ConsumerView,
    EventView,
    LabSnapshot,
    RatePoint,
    ResultView,
    StoreView,
    TrafficView,
    WindowView,
)
from streaming.lab.stream_snapshot import (
    CollectionView,
    EpochView,
    HeavyKeyView,
    KinesisShardView,
    MovedView,
    PredictionView,
    ShardView,
    SkewView,
    StreamView,
)
from tests.screens.fake_alarms import NOW_MS, alarm_changes, alarms, detectors

IN = (121, 189, 139, 768, 165, 161, 129, 314, 113, 131, 172, 144)


def shard(id: int, **changes: Any) -> ShardView:
    rate = float(IN[id % len(IN)])
    hot = id == 3
    view = ShardView(
        id=id,
        records=100_000 + id,
        bytes=20_000_000,
        end_offset=100_000,
        stored_offset=99_000,
        share=rate / sum(IN),
        in_per_s=rate,
        out_per_s=420.0 if hot else rate,
        lag=43_735 if hot else 12 if id == 5 else 0,
        lag_ms=57_000.0 if hot else 40.0,
        clear_s=float("inf") if hot else 0.0,
        trend=tuple(int(rate) + (second * 37 + id * 11) % 60 for second in range(60)),
        owner=f"c-{id % 3}",
        state="hot" if hot else "warm" if id == 7 else "ok",
        watermark_at_ms=NOW_MS - 8_000,
        idle=False,
        iterator_age_ms=56_900.0 if hot else 0.0,
        lag_per_s=350.0 if hot else 0.0,
        status="WARN" if hot else "NO COMMIT" if id == 9 else "OK",
        # Even, until the key was switched; then 03 gets far more.
        heat=tuple(
            int(rate if hot or cell > 18 else 120) // (6 if cell < 12 else 1) + cell
            for cell in range(30)
        ),
    )
    return msgspec.structs.replace(view, **changes)


def stream(name: str = "clicks", shards: int = 12, **changes: Any) -> StreamView:
    views = tuple(shard(id) for id in range(shards))
    view = StreamView(
        name=name,
        key="country" if name == "clicks" else "order_id",
        shards=views,
        skew=SkewView(3.6, 0.51, 0.4),
        in_per_s=float(sum(view.in_per_s or 0 for view in views)),
        out_per_s=2198.0,
        lag=sum(view.lag or 0 for view in views),
        lag_ms=57_000.0,
        watermark_at_ms=NOW_MS - 8_000,
    )
    return msgspec.structs.replace(view, **changes)


HASH_KEYS = 2**128
LINEAGE: tuple[tuple[int, int, str, tuple[int, ...], tuple[int, ...]], ...] = (
    (0, 4, "open", (), ()),
    (4, 8, "closed", (), (4, 5)),
    (8, 12, "expired", (), (6,)),
    (12, 16, "closed", (), (6,)),
    (4, 6, "open", (1,), ()),
    (6, 8, "closed", (1,), (7, 8)),
    (8, 16, "open", (2, 3), ()),
    (6, 7, "open", (5,), ()),
    (7, 8, "open", (5,), ()),
)
"""Each shard's range in sixteenths, its state, parents and children."""


def kinesis_shard(id: int, low: float, high: float, state: str, **changes: Any) -> ShardView:
    """A shard with a range from `low` to `high`, in parts of all hash keys."""
    full, held = id == 4, id in (7, 8)
    is_open = state == "open"
    lifecycle: Any = state
    of_range = KinesisShardView(
        name=f"shardId-{id:012}",
        start=str(int(low * HASH_KEYS)),
        end=str(int(high * HASH_KEYS) - 1),
        width=high - low,
        lifecycle=lifecycle,
        parents=changes.pop("parents", ()),
        children=changes.pop("children", ()),
        held=held,
        load=None if not is_open else 1.0 if full else 0.1 + 0.09 * id,
        throttled=5210 if full else 0,
        throttled_per_s=None if not is_open else 310.0 if full else 0.0,
        waiting=1840 if full else 0,
    )
    word: Any = "waiting" if held else "hot" if full else "ok" if is_open else "closed"
    rates: dict[str, Any] = {} if is_open else {"in_per_s": 0.0, "share": 0.0, "trend": (0,) * 60}
    return shard(id, state=word, kinesis=of_range, **{**rates, **changes})


def epoch(number: int, **changes: Any) -> EpochView:
    counts = tuple(40_000 + 9000 * (id % 4) + (160_000 if id == 3 else 0) for id in range(12))
    view = EpochView(
        epoch=number,
        began_at_ms=NOW_MS - 400_000 + number * 100_000,
        ended_at_ms=None,
        key="country",
        view="msk",
        shards=12,
        keeps="order per country",
        loses="order per customer, and even load: a few countries carry most records",
        why="the key is country from here on",
        records=sum(counts),
        ids=tuple(range(len(counts))),
        counts=counts,
        max_over_mean=3.62,
        cv=0.81,
        gini=0.51,
        jain=0.4,
        hottest_load=None,
        throttled=0,
        distinct_keys=61.0,
        inversions=1204,
        predicted=PredictionView(3.41, 0.284, 0.0, 58),
        moved=MovedView(0.667, 0.702, 0.661, 57),
    )
    return msgspec.structs.replace(view, **changes)


def epochs() -> tuple[EpochView, ...]:
    """A stream before and after its key was switched."""
    even = tuple(61_000 + 900 * (id % 5) for id in range(12))
    before = epoch(
        2,
        ended_at_ms=NOW_MS - 100_000,
        key="customer_id",
        keeps="order per customer_id",
        loses="even load: popular customers make hot shards",
        records=sum(even),
        counts=even,
        max_over_mean=1.08,
        cv=0.04,
        gini=0.02,
        jain=0.99,
        distinct_keys=48_210.0,
        inversions=0,
        predicted=None,
        moved=None,
    )
    return before, epoch(3)


HEAVY = (
    HeavyKeyView("BR", 268_000, 3),
    HeavyKeyView("US", 91_200, 7),
    HeavyKeyView("IN", 77_000, 1),
    HeavyKeyView("DE", 43_100, None),
)


def kinesis_stream(**changes: Any) -> StreamView:
    """A stream after two splits and a merge, one shard full, two children held."""
    shards = tuple(
        kinesis_shard(id, low / 16, high / 16, state, parents=parents, children=children)
        for id, (low, high, state, parents, children) in enumerate(LINEAGE)
    )
    view = stream(
        shards=0,
        epochs=tuple(
            msgspec.structs.replace(item, view="kinesis", hottest_load=load, throttled=refused)
            for item, load, refused in zip(epochs(), (0.41, 1.0), (0, 5210), strict=True)
        ),
        heavy=HEAVY,
        view="kinesis",
        limits="today",
        throttled_per_s=310.0,
        waiting=1840,
        collection=CollectionView(True, 31.2, 64.9, 212.0, 1975),
    )
    return msgspec.structs.replace(view, shards=shards, in_per_s=2546.0, lag=43_747, **changes)


def history(seconds: int = 300) -> tuple[RatePoint, ...]:
    points = []
    for second in range(seconds):
        entered = 1800.0 if second < seconds // 3 else 2500.0 + (second * 53) % 90
        lag = max(0, second - seconds // 2) * 290
        mark = "load 2,500/s" if second == seconds // 3 else ""
        points.append(
            RatePoint(
                at_ms=NOW_MS - (seconds - 1 - second) * 1000,
                in_per_s=entered,
                out_per_s=entered if lag == 0 else 2198.0,
                lag=lag,
                mark=mark,
            )
        )
    return tuple(points)


EVENTS = (
    ("good", "group", "consumers c-0 c-1 c-2 joined group agg"),
    ("info", "load", "load 1,800 → 2,500 records/s"),
    ("info", "key", "partition key switched user_id → country, order restarts"),
    ("warn", "lag", "shard 03: lag 9,120 and rising, will not clear at this rate"),
    ("info", "rebalance", "rebalance 4 stable after 3.1 s: c-2 left, 4 shards moved to c-0, c-1"),
    ("alarm", "shard", "shard 03 is hot: 768 records/s, the median is 148"),
)


def events() -> tuple[EventView, ...]:
    return tuple(
        EventView(seq, NOW_MS - (len(EVENTS) - seq) * 13_000, level, kind, text)
        for seq, (level, kind, text) in enumerate(EVENTS)
    )


def snapshot(seq: int = 1, **changes: Any) -> LabSnapshot:
    view = LabSnapshot(
        version=1,
        seq=seq,
        at_ms=NOW_MS,
        started_at_ms=NOW_MS - 300_000,
        state="live",
        detail="",
        data_dir="lab",
        key="country",
        broker=BrokerView(
            "embedded", "embedded broker, not Apache Kafka", "127.0.0.1:1", "up", NOW_MS, 0
        ),
        traffic=TrafficView("running", "constant", 2500.0, 700_000, 700_000, 2546.0, 3.0, (), 0),
        streams=(stream(), stream("orders", 4), stream("payments", 4)),
        consumers=tuple(
            ConsumerView(f"c-{n}", 100 + n, "running", (), 5000, 800.0, 0) for n in range(3)
        ),
        store=StoreView(690_000, 12, 300, 40, 2, 0, 100, 9.0, 120.0, 480.0, 9_000_000),
        rebalances=4,
        history=history(),
        events=events(),
        windows=windows(),
        alarms=alarms(),
        alarm_changes=alarm_changes(),
        detectors=detectors(),
    )
    return msgspec.structs.replace(view, **changes)


def starting(detail: str = "broker") -> LabSnapshot:
    view = snapshot()
    return msgspec.structs.replace(
        view,
        state="starting",
        detail=detail,
        broker=msgspec.structs.replace(view.broker, state="starting", since_at_ms=NOW_MS - 3000),
        streams=(),
        consumers=(),
        history=(),
        events=(),
    )


def windows() -> tuple[WindowView, ...]:
    """Three declared windows: one with several results, one with many values, one without any."""

    def result(key: str, seconds: int, n: int, **values: Any) -> ResultView:
        start = NOW_MS - 60_000 - seconds * 1000
        return ResultView(key, start, start + 10_000, n, values, True)

    minute = tuple(
        result(key, 10 * i, 120 - i, orders=120 - i, revenue=4_831_561 // (i + 1), basket=42217.3)
        for i, key in enumerate(("phones", "toys", "garden", ""))
    )
    many = {f"value_{i}": i / 7 for i in range(12)} | {"last_page": "/p/1", "none": None}
    return (
        WindowView(
            "category_minute", "orders", "hopping 1m every 10s", "category", 1, 420, 3, minute
        ),
        WindowView(
            "clicks_5s", "clicks", "tumbling 10s", "", 2, 42, 0, (result("", 0, 9, **many),)
        ),
        WindowView("visits", "clicks", "session, gap 30s", "{country}:{device}", 2, 0, 0, ()),
    )
