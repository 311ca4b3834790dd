"""`python -m benchmarks.quiet_runs`: the alarms that ship, over simulated hours of the shop.

Each seed has three hours of event time, by the code of the lab but without its processes: a quiet
one, a quiet one whose rate follows the day, and one with the incidents of `--incidents default`. An
alarm outside of an incident is a false one.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Final

from generators.schedule import read_schedule
from generators.shop import Shop, ShopConfig
from generators.wire import Emitted
from streaming.consumer.batches import FetchedBatch
from streaming.consumer.collector import Collector
from streaming.declarations.file import read_declarations
from streaming.declarations.specification import Declarations
from streaming.lab.messages import Position, ShardId
from streaming.scoring import AlarmScores, Label, read, score
from streaming.store.store import Store
from streaming.windows.plan import WindowPlan
from streaming.windows.planning import make_plan

STREAMS: Final = ("clicks", "orders")
HOURS: Final = (("constant", "none"), ("diurnal", "none"), ("constant", "default"))
RATE: Final = 50.0
"""Records per second of event time, as `--rate 1000 --speed 20` makes them."""
BEGIN_MS: Final = 1_790_000_000_000
SECONDS: Final = 3_600
TICK_MS: Final = 1_000
MERGE_S: Final = 60
LATENESS_MS: Final = 10_000


def hour(seed: int, shape: str, incidents: str) -> AlarmScores:
    """The alarms by event time of an hour, held against what was planted in it."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "lab.duckdb", STREAMS, LATENESS_MS)
        try:
            shop = Shop(
                ShopConfig(seed=seed, rate=RATE, shape=shape, streams=STREAMS, tick_ms=TICK_MS),
                BEGIN_MS,
            )
            _pass(store, _minutes(shop, incidents, seed), seed)
            labels = [Label(t.start_ts, t.end_ts, t.kind) for t in shop.ground_truth()]
            return score(labels, read(store.reader())[1])
        finally:
            store.close()


def _minutes(shop: Shop, incidents: str, seed: int) -> Iterator[list[Emitted]]:
    planned = list(read_schedule(incidents, seed))
    made: list[Emitted] = []
    for second in range(SECONDS):
        while planned and planned[0].start_s <= second:
            now = planned.pop(0)
            shop.plant(now.kind, now.length_s, now.intensity)
        made += shop.tick()
        if (second + 1) % MERGE_S == 0:
            yield made
            made = []


def _pass(store: Store, minutes: Iterator[list[Emitted]], seed: int) -> None:
    """Bring records into the store as one consumer that reads one shard of each stream does."""
    declared = _watched(read_declarations(None))

    def plan(number: int, before: WindowPlan) -> WindowPlan:
        return make_plan(number, declared, STREAMS, LATENESS_MS, seed, before)

    shards = tuple(store.position(stream, 0) for stream in STREAMS)
    store.declare(plan, declared, BEGIN_MS)
    now = [BEGIN_MS]
    collector = Collector(STREAMS, LATENESS_MS, store_clicks=False, now_ms=lambda: now[0])
    collector.follow(store.declared.plan)
    collector.begin(shards)
    claim = _claim(store, shards)
    offsets = dict.fromkeys(STREAMS, 0)
    for seq, minute in enumerate(minutes):
        now[0] += MERGE_S * 1000
        for stream in STREAMS:
            first = offsets[stream]
            records = [
                SimpleNamespace(offset=first + i, value=e.value, key=None, headers=(), timestamp=0)
                for i, e in enumerate(e for e in minute if e.stream == stream)
            ]
            offsets[stream] = first + len(records)
            batch = FetchedBatch(stream, 0, first, offsets[stream], records, 0)
            assert collector.absorb(stream, batch) is None
        (ack,) = store.merge([("c", collector.hand_over(claim, seq))], frozenset()).acks
        assert ack.ok, ack.reason


def _watched(declared: Declarations) -> Declarations:
    """Without the windows that no detector looks at: they change nothing and take their time."""
    watched = {spec.window for spec in declared.detectors}
    windows = tuple(spec for spec in declared.windows if spec.name in watched)
    return declared.model_copy(update={"windows": windows})


def _claim(store: Store, positions: tuple[Position, ...]) -> int:
    return store.ledger.claim("c", tuple(ShardId(p.stream, p.shard) for p in positions))


def main() -> None:
    """Run the hours of the seeds asked for and tell what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-10", help="such as 1-10")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    asked = list(product(range(int(first), int(last or first) + 1), HOURS))
    scores = []
    with ProcessPoolExecutor(options.workers) as pool:
        for (seed, how), each in zip(
            asked, pool.map(hour, *zip(*((s, *h) for s, h in asked), strict=True)), strict=True
        ):
            scores.append(each)
            false = ", ".join(f"{a.name} at {(a.at_ms - BEGIN_MS) // 1000} s" for a in each.false)
            print(
                f"seed {seed}, {how[0]}, incidents {how[1]}: {each.alarms} alarms, "
                f"{each.missed} missed, false: {false or 'none'}",
                flush=True,
            )
    for shape, incidents in HOURS:
        mine = [s for (_, how), s in zip(asked, scores, strict=True) if how == (shape, incidents)]
        found = sum(s.incidents - s.missed for s in mine)
        print(
            f"{shape}, incidents {incidents}: {len(mine)} hours, "
            f"{sum(s.false_alarms for s in mine)} false of {sum(s.alarms for s in mine)} alarms, "
            f"{found} of {sum(s.incidents for s in mine)} incidents found"
        )


if __name__ == "__main__":
    main()
