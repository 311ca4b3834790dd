"""Detectors over the lab's own metrics: means by the wall clock, stored, bounded, and restarted."""

import random
from typing import Any

import pytest

from streaming.alarms.metrics import METRICS, SHARD_METRICS
from streaming.alarms.specification import AlarmSpec
from streaming.anomaly.bank import SeriesId
from streaming.anomaly.plan import plan_detectors
from streaming.anomaly.specification import DetectorSpec
from streaming.declarations.specification import Declarations
from streaming.lab.alarmviews import alarm_views, detector_views
from streaming.store import detectors, measured
from streaming.store.measured import MeasuredPoint, Measuring
from streaming.windows.plan import WindowPlan
from tests.store.store_support import crashed_copy
from tests.store.test_store_analysis import BEGIN, FOREST, Lab

DECLARED = Declarations(
    detectors=(
        DetectorSpec(name="rates", metric="ShardIncomingRecords", values=("log(value)",)),
        DetectorSpec(name="lag", metric="Lag", function="RANDOM_CUT_FOREST", parameters=FOREST),
    ),
    alarms=(
        AlarmSpec(name="hot", detector="rates", threshold=0.0, datapoints_to_alarm=2,
                  evaluation_periods=3),
        AlarmSpec(name="any", detector="*", field="evidence", threshold=0.0,
                  comparison="GreaterThanOrEqualToThreshold"),
        AlarmSpec(name="both", rule="ALARM(hot)"),
    ),
)  # fmt: skip
PERIODS = 270


def samples(period: int) -> tuple[list[Any], list[Any]]:
    """Two shards; the second one runs hot in the end."""
    chance = random.Random(period)
    hot = 4_000.0 if period >= 262 else 0.0
    shards = [
        ("ShardIncomingRecords", "clicks/0", chance.uniform(90.0, 110.0)),
        ("ShardIncomingRecords", "clicks/1", chance.uniform(90.0, 110.0) + hot),
        ("ShardLag", "clicks/0", 5.0),
    ]
    return [("Lag", "clicks", chance.uniform(0.0, 9.0)), ("Lag", "orders", None)], shards


def play(lab: Lab, first: int, last: int) -> list[Any]:
    """Two samples in each period, and a transaction for every two periods."""
    changes = []
    for period in range(first, last):
        for half in range(2):
            at_ms = BEGIN + period * 10_000 + half * 5_000
            changes += lab.store.analysis.tick(at_ms, *samples(period))
        if period % 2:
            changes += lab.store.merge([], frozenset()).changes
    return changes


def test_it_is_judged_stored_shown_and_watched(tmp_path: Any) -> None:
    lab = Lab(tmp_path / "lab.duckdb", declared=DECLARED)
    play(lab, 0, 100)
    warming = {(v.name, v.key): v for v in detector_views(lab.store.analysis)}
    view = warming["rates", "clicks/0"]
    assert (view.state, view.warm, view.needed) == ("WARMING", 99, 256)
    assert view.source == "the lab, by the wall clock: log(ShardIncomingRecords)"
    assert view.value == pytest.approx(2.0, abs=0.06)
    assert warming["lag", "clicks"].anomaly_score is not None, "its sample is sixteen points"
    assert warming["lag", "orders"].state == "MISSING"
    changes = play(lab, 100, PERIODS)
    assert [(c.alarm, c.key, c.after) for c in changes if c.after == "ALARM"] == [
        ("hot", "clicks/1", "ALARM"), ("both", "", "ALARM")
    ]  # fmt: skip
    alarms = {(view.name, view.key): view for view in alarm_views(lab.store.analysis)}
    assert {view.clock for view in alarms.values()} == {"wall"}
    assert ("any", "rates clicks/1") not in alarms, "* is each detector by event time"
    con = lab.store.reader()
    rows = con.execute(
        "SELECT DISTINCT detector, key, source, generation FROM anomaly ORDER BY ALL"
    ).fetchall()
    assert rows == [
        ("lag", "clicks", "metric Lag", None),
        ("lag", "orders", "metric Lag", None),
        ("rates", "clicks/0", "metric ShardIncomingRecords", None),
        ("rates", "clicks/1", "metric ShardIncomingRecords", None),
    ]
    clock = con.execute("SELECT DISTINCT clock FROM alarm_history").fetchall()
    assert clock == [("wall clock",)]
    con.close()
    lab.store.close()


def test_a_killed_engine_goes_on_with_the_models_it_had(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same measurements give the same scores, whether the engine was killed between or not."""
    monkeypatch.setattr(detectors, "DUMP_EVERY", 30)
    calm = Lab(tmp_path / "calm.duckdb", declared=DECLARED)
    play(calm, 0, PERIODS)
    lab = Lab(tmp_path / "lab.duckdb", declared=DECLARED)
    # What was gathered and not stored is lost with an engine; so it is killed at a period's end.
    for kill, (first, last) in enumerate([(0, 41), (41, 139), (139, 258), (258, PERIODS)]):
        play(lab, first, last)
        lab.store.analysis.measuring._close()
        lab.store.merge([], frozenset())
        path = crashed_copy(lab.store, tmp_path / f"again-{kill}.duckdb")
        lab.store.close()
        lab = Lab(path, declared=DECLARED)
    calm.store.analysis.measuring._close()
    calm.store.merge([], frozenset())
    assert lab.outcome()["anomaly"] == calm.outcome()["anomaly"]
    assert len(lab.outcome()["anomaly"]) == 4 * PERIODS
    lab.store.close()
    calm.store.close()


def following(say: list[str], *metrics: str) -> Measuring:
    measuring = Measuring(say.append)
    specs = [DetectorSpec(name=f"d{i}", metric=metric) for i, metric in enumerate(metrics)]
    measuring.follow(plan_detectors(specs, WindowPlan(0)))
    return measuring


def test_a_point_is_the_mean_of_its_period_and_a_gone_shard_has_none() -> None:
    measuring = following([], "ShardLag")
    for at_ms, value in ((10_000, 1.0), (15_000, 3.0), (19_999, None), (20_000, None)):
        measuring.tick(at_ms, [("ShardLag", "a/0", value), ("ShardLagTime", "a/0", 9.0)])
    assert measuring.waiting
    assert measuring.take() == [MeasuredPoint("ShardLag", "a/0", 20_000, 2.0)]
    measuring.tick(47_000, [])
    assert measuring.take() == [MeasuredPoint("ShardLag", "a/0", 30_000, None)]
    measuring.tick(60_000, [])
    assert not measuring.waiting and measuring.take() == []


def test_too_many_series_are_not_watched_and_people_are_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measured, "MOST_SERIES", 2)
    told: list[str] = []
    measuring = following(told, "ShardLag")
    for at_ms in (10_000, 20_000, 30_000):
        measuring.tick(at_ms, [("ShardLag", f"a/{n}", 1.0) for n in range(4)])
    assert {point.key for point in measuring.take()} == {"a/0", "a/1"}
    assert len(told) == 1 and "first 2 series of ShardLag" in told[0]


def test_points_that_nobody_stores_do_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "MOST_WAITING", 3)
    measuring = following([], "ShardLag")
    for at_ms in range(0, 100_000, 10_000):
        measuring.tick(at_ms, [("ShardLag", "a/0", 1.0)])
    assert [point.end_ms for point in measuring.take()] == [70_000, 80_000, 90_000]


def test_shards_that_come_take_the_place_of_those_that_went(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measured, "MOST_SERIES", 2)
    lab = Lab(tmp_path / "lab.duckdb", declared=DECLARED)
    for period, shards in enumerate([(0, 1), (0, 1), (0, 2), (2, 3), (2, 3), ()]):
        rows = [("ShardIncomingRecords", f"clicks/{n}", 1.0) for n in shards]
        lab.store.analysis.tick(BEGIN + period * 10_000, [], rows)
    lab.store.merge([], frozenset())
    series: list[SeriesId] = sorted(lab.store.analysis.detectors.bank.series)
    assert series == [("rates", "clicks/2"), ("rates", "clicks/3")]
    con = lab.store.reader()
    assert con.execute("SELECT count(*) FROM detector_models").fetchone() == (2,)
    con.close()
    lab.store.close()


def test_every_metric_can_be_watched() -> None:
    for name in (*METRICS, *SHARD_METRICS):
        assert DetectorSpec(name="d", metric=name).looks_at == ("value",)
