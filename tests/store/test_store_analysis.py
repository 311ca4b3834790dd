"""Detectors and alarms in the store: an engine that is killed anywhere goes on bit for bit."""

import json
import random
import time
from functools import cache
from typing import Any

import pytest

from streaming.alarms.specification import AlarmSpec
from streaming.anomaly.specification import DetectorSpec
from streaming.consumer.batches import FetchedBatch
from streaming.consumer.collector import Collector
from streaming.declarations.specification import Declarations
from streaming.lab.messages import ShardId
from streaming.store import detectors
from streaming.store.store import Store
from streaming.windows.planning import make_plan
from streaming.windows.specification import WindowSpec
from tests.store.store_support import crashed_copy
from tests.windows.window_support import Record, click, order

STREAMS = ("clicks", "orders")
LATENESS = 2_000
BEGIN = int(time.time() * 1000) // 60_000 * 60_000 - 3_600_000
SECONDS, EACH = 330, 44

FOREST = {"numberOfTrees": 5.0, "subSampleSize": 16.0, "timeDecay": 400.0}
DECLARED = Declarations(
    windows=(
        WindowSpec(name="views", stream="clicks", size=1_000,
                   values={"n": "count()", "load": "avg(load_ms)"}),
        WindowSpec(name="by_country", stream="clicks", size=2_000, group_by="country",
                   values={"n": "count()"}),
        WindowSpec(name="sales", stream="orders", size=1_000,
                   values={"n": "count()", "sum": "sum(total_cents)"}),
    ),
    detectors=(
        DetectorSpec(name="views", window="views", values=("n", "load")),
        DetectorSpec(name="sales", window="sales", values=("n",), sensitivity="high"),
        DetectorSpec(name="countries", window="by_country", values=("log(n)",),
                     function="RANDOM_CUT_FOREST_WITH_EXPLANATION", parameters=FOREST),
        DetectorSpec(name="each_order", stream="orders", values=("log(total_cents)",)),
    ),
    alarms=(
        AlarmSpec(name="loud", detector="*", field="evidence", threshold=0.9),
        AlarmSpec(name="rush", window="views", value="n", threshold=5.0,
                  datapoints_to_alarm=2, evaluation_periods=3),
        AlarmSpec(name="ratio", maths="IF(m2 > 0, m1 / m2, 0)", threshold=3.0,
                  metrics={"m1": "views.n", "m2": "sales.n"}),
        AlarmSpec(name="both", rule="ALARM(rush) AND NOT ALARM(ratio)"),
    ),
)  # fmt: skip


@cache
def logs() -> dict[tuple[str, int], list[bytes]]:
    """Two shards of each stream; a rush, a silence, and a price gone wrong near the end."""
    chance = random.Random(3)
    log: dict[tuple[str, int], list[bytes]] = {(s, n): [] for s in STREAMS for n in range(2)}
    for second in range(SECONDS):
        rush, silent = 280 <= second < 290, 300 <= second < 306
        for shard in range(2):
            for _ in range(0 if silent else 4 if rush else chance.choice((1, 2))):
                ts = BEGIN + second * 1000 + chance.randrange(1000)
                country = chance.choice(("DE", "PT", "FR") if second < 200 else ("DE", "PT"))
                made = click(ts, country=country, load_ms=chance.randrange(100, 140))
                log["clicks", shard].append(json.dumps(made).encode())
            ts = BEGIN + second * 1000 + chance.randrange(1000)
            line = {"product_id": "p", "category": "c", "quantity": 2, "price_cents": 500}
            cents = 1 if second == 295 else chance.randrange(900, 1100)
            made = order(ts, total_cents=cents, lines=[line])
            log["orders", shard].append(json.dumps(made).encode())
    return log


class _Read:
    def __init__(self, record: Record) -> None:
        self.offset, self.value, self.key = record.offset, record.value, None
        self.headers, self.timestamp = (), 0


class Lab:
    """A store with one member that reads everything."""

    def __init__(
        self, path: Any, budget: int | None = None, declared: Declarations = DECLARED
    ) -> None:
        self.store = Store(path, STREAMS, LATENESS)
        for stream in STREAMS:
            for shard in range(2):
                self.store.ledger.shard(stream, shard)
        if budget is not None:
            self.store.analysis.detectors.bank._budget = budget
        self.declare(declared)
        self.begin()

    def declare(self, declared: Declarations) -> bool:
        def make(number: int, before: Any) -> Any:
            return make_plan(number, declared, STREAMS, LATENESS, 7, before)

        return self.store.declare(make, declared, BEGIN)

    def begin(self) -> None:
        ids = tuple(ShardId(*shard) for shard in logs())
        self.claim, self.seq = self.store.ledger.claim("c1", ids), 0
        self.collector = Collector(STREAMS, LATENESS, store_clicks=False)
        self.collector.follow(self.store.declared.plan)
        self.collector.begin([self.store.position(s.stream, s.shard) for s in ids])

    def step(self, most: int) -> bool:
        """Read up to `most` records of each shard and merge; False when all were read."""
        read = False
        for (stream, shard), log in logs().items():
            first = self.store.ledger.shard(stream, shard).next_offset
            part = log[first : first + most]
            if part:
                read = True
                records = [_Read(Record(first + i, value)) for i, value in enumerate(part)]
                batch = FetchedBatch(stream, shard, first, first + len(part), records, 100)
                assert self.collector.absorb(stream, batch) is None
        if read:
            handover = self.collector.hand_over(self.claim, self.seq)
            (ack,) = self.store.merge([("c1", handover)], frozenset()).acks
            assert ack.ok, ack.reason
            self.seq += 1
        return read

    def outcome(self, *more: str) -> dict[str, list[Any]]:
        con = self.store.reader()
        try:
            return {
                table: con.execute(f"FROM {table} ORDER BY ALL").fetchall()
                for table in ("anomaly", "alarm_history", "alarms", *more)
            }
        finally:
            con.close()


@pytest.fixture(autouse=True)
def dumps_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectors, "DUMP_EVERY", 30)
    monkeypatch.setattr(detectors, "DUMP_RECORDS_EVERY", 50)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    lab = Lab(tmp_path_factory.mktemp("calm") / "lab.duckdb")
    while lab.step(EACH):
        pass
    outcome = lab.outcome()
    lab.store.close()
    return outcome


def test_what_the_undisturbed_run_saw(undisturbed: dict[str, list[Any]]) -> None:
    columns = ("detector", "key", "window_end", "offset", "sub", "state")
    rows = [dict(zip(columns, row, strict=False)) for row in undisturbed["anomaly"]]
    states = {(row["detector"], row["state"]) for row in rows}
    assert {("views", "WARMING"), ("views", "ANOMALY"), ("views", "OK")} <= states
    assert ("each_order", "ANOMALY") in states
    assert all(row["offset"] is None for row in rows if row["detector"] != "each_order")
    assert {row["key"] for row in rows if row["detector"] == "countries"} == {"DE", "PT", "FR"}
    asleep = [r for r in undisturbed["anomaly"] if "sleeps" in str(r)]
    assert [row[:2] for row in asleep] == [("countries", "FR")]
    changed = {(row[0], row[1], row[5]) for row in undisturbed["alarm_history"]}
    assert {("rush", "", "ALARM"), ("both", "", "ALARM"), ("loud", "views", "ALARM")} <= changed


@pytest.mark.parametrize("seed", range(4))
def test_killed_anywhere_and_batched_anyhow_it_says_the_same(
    seed: int, tmp_path: Any, undisturbed: dict[str, list[Any]]
) -> None:
    chance = random.Random(seed)
    lab, kills = Lab(tmp_path / "lab.duckdb"), 0
    while lab.step(chance.randrange(1, 90)):
        if chance.random() < 0.15:
            kills += 1
            path = crashed_copy(lab.store, tmp_path / f"again-{kills}.duckdb")
            lab.store.close()
            lab = Lab(path)
    assert lab.outcome() == undisturbed
    assert kills
    lab.store.close()


def test_models_that_do_not_fit_wait_in_the_store(
    tmp_path: Any, undisturbed: dict[str, list[Any]]
) -> None:
    lab = Lab(tmp_path / "lab.duckdb", budget=1)
    while lab.step(EACH):
        assert sum(series.in_memory for series in lab.store.analysis.detectors.shown) <= 1
    assert len(lab.store.analysis.detectors.shown) == 7
    assert lab.outcome() == undisturbed
    lab.store.close()


def test_a_damaged_model_is_made_again_and_people_are_told(
    tmp_path: Any, undisturbed: dict[str, list[Any]]
) -> None:
    lab = Lab(tmp_path / "lab.duckdb")
    for _ in range(10):
        lab.step(EACH)
    lab.store._con.execute(
        "UPDATE detector_models SET model = 'nonsense'::BLOB WHERE model IS NOT NULL"
    )
    path = crashed_copy(lab.store, tmp_path / "again.duckdb")
    lab.store.close()
    lab = Lab(path)
    while lab.step(EACH):
        pass
    assert lab.outcome() == undisturbed
    assert any("made again from all that the store has" in text for text in lab.store.remarks)
    lab.store.close()


def test_a_detector_that_changes_begins_anew_and_the_others_go_on(tmp_path: Any) -> None:
    lab = Lab(tmp_path / "lab.duckdb")
    for _ in range(6):
        lab.step(EACH)
    before = {s.detecting.name: s for s in lab.store.analysis.detectors.shown}
    changed = DECLARED.model_copy(
        update={
            "detectors": (
                DECLARED.detectors[0].model_copy(update={"values": ("n",)}),
                *DECLARED.detectors[1:],
            )
        }
    )
    assert not lab.declare(DECLARED)
    assert lab.declare(changed)
    lab.begin()
    lab.step(EACH)
    now = {s.detecting.name: s for s in lab.store.analysis.detectors.shown}
    assert 0 < now["views"].warmed[0] < before["views"].warmed[0]
    assert now["sales"].newest[-1].at_ms > before["sales"].newest[-1].at_ms
    lab.store.close()
