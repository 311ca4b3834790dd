"""`python -m benchmarks.quiet_runs`: the alarms that ship, over simulated hours of the shop.

Each seed has three hours of event time, by the code of the lab but without its processes: a quiet
one, a quiet one whose rate follows the day, and one with the incidents of `--incidents default`. An
alarm outside of an incident is a false one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from types import SimpleNamespace
from typing import Final

from generators.schedule import read_schedule
from generators.shop import Shop, ShopConfig
from generators.wire import Emitted
from streaming.alarms.book import AlarmBook, Change
from streaming.alarms.plan import plan_alarms
from streaming.anomaly.bank import Place, Scored
from streaming.anomaly.model import Model
from streaming.anomaly.plan import Detecting, plan_detectors
from streaming.declarations.file import read_declarations
from streaming.declarations.specification import Declarations
from streaming.scoring import Alarm, AlarmScores, Label, score
from streaming.store.alarms import feed
from streaming.store.analysis import samples
from streaming.windows.declared import DeclaredWindows
from streaming.windows.panes import StreamPanes
from streaming.windows.planning import make_plan
from streaming.windows.points import Point, Points
from streaming.windows.records import DECODERS

STREAMS: Final = ("clicks", "orders")
HOURS: Final = (("constant", "none"), ("diurnal", "none"), ("constant", "default"))
RATE: Final = 50.0
"""Records per second of event time, as `--rate 1000 --speed 20` makes them."""
BEGIN_MS: Final = 1_790_000_000_000
SECONDS: Final = 3_600
TICK_MS: Final = 1_000
MERGE_S: Final = 60
LATENESS_MS: Final = 10_000
NEVER: Final = -(2**62)


def hour(seed: int, shape: str, incidents: str) -> AlarmScores:
    """The alarms by event time of an hour, held against what was planted in it."""
    shop = Shop(
        ShopConfig(seed=seed, rate=RATE, shape=shape, streams=STREAMS, tick_ms=TICK_MS), BEGIN_MS
    )
    lab, changes = Lab(seed), []
    for minute in _minutes(shop, incidents, seed):
        changes += lab.read(minute)
    labels = [Label(t.start_ts, t.end_ts, t.kind) for t in shop.ground_truth()]
    alarms = [Alarm(c.at_ms, f"{c.alarm} {c.key}".strip()) for c in changes if c.after == "ALARM"]
    return score(labels, alarms)


class Lab:
    """The watched windows, detectors and alarms that ship, on one shard of each stream."""

    def __init__(self, seed: int) -> None:
        declared = _watched(read_declarations(None))
        plan = make_plan(1, declared, STREAMS, LATENESS_MS, seed)
        self._marks: dict[str, int | None] = dict.fromkeys(STREAMS)
        self._panes = {stream: StreamPanes(stream, plan) for stream in STREAMS}
        self._windows, self._points = DeclaredWindows(), Points()
        self._windows.follow(plan, self._marks)
        self._points.follow({(w.name, w.generation): w.step_ms for w in plan.windows})
        self._detectors = [d for d in plan_detectors(declared.detectors, plan) if d.window]
        self._models = {d.name: Model(d.model, d.seed("")) for d in self._detectors}
        self._book = AlarmBook()
        names = {detecting.name: False for detecting in self._detectors}
        alarms = plan_alarms(declared.alarms, plan, names)
        self._book.follow([alarming for alarming in alarms if alarming.on_events])

    def read(self, made: list[Emitted]) -> list[Change]:
        """What the alarms do about these records."""
        for stream in STREAMS:
            values = [e.value for e in made if e.stream == stream]
            decoded = [DECODERS[stream].decode(value) for value in values]
            records = [SimpleNamespace(offset=i) for i in range(len(values))]
            mark = self._marks[stream]
            self._panes[stream].add(0, decoded, records, NEVER if mark is None else mark)
            self._marks[stream] = max([NEVER if mark is None else mark, *(d.ts for d in decoded)])
            self._windows.merge(self._panes[stream].fold())
        finals = [r for r in self._windows.changes(self._marks).results if r.is_final]
        points = list(self._points.take(finals, self._windows.horizons()))
        scored = [
            self._judge(d, p) for p in points for d in self._detectors if d.window == p.window
        ]
        return feed(self._book, samples(points, scored))[1]

    def _judge(self, detecting: Detecting, point: Point) -> Scored:
        row = detecting.row(point.values or {})
        verdict = self._models[detecting.name].process(row)
        return Scored(detecting.name, point.key, point.end_ms, tuple(row), verdict, Place())


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


def _watched(declared: Declarations) -> Declarations:
    """Only what is by event time, and of the windows only what a detector looks at."""
    detectors = tuple(spec for spec in declared.detectors if spec.window)
    watched = {spec.window for spec in detectors}
    windows = tuple(spec for spec in declared.windows if spec.name in watched)
    return declared.model_copy(update={"windows": windows, "detectors": detectors})


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
