"""What would grow for ever: keys of windows are bounded, old scores and alarm changes deleted."""

import random
from typing import Any

import pytest

from streaming.anomaly.specification import DetectorSpec
from streaming.declarations.specification import Declarations
from streaming.store.retention import retain_scores
from streaming.store.store import Store
from streaming.windows import points
from tests.store.store_support import crashed_copy
from tests.store.test_store_analysis import EACH, Lab

HOUR = 3_600_000


def by_country(lab: Lab) -> dict[str, int]:
    con = lab.store.reader()
    rows = con.execute(
        "SELECT key, count(*) FROM anomaly WHERE detector = 'countries' GROUP BY key"
    ).fetchall()
    con.close()
    return dict(rows)


def test_only_the_first_keys_of_a_window_are_judged_whatever_happens(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points, "MOST_KEYS", 2)
    calm = Lab(tmp_path / "calm.duckdb")
    while calm.step(EACH):
        pass
    told = [text for text in calm.store.remarks if "keys of the window by_country" in text]
    assert len(told) == 1 and "more, which are not judged" in told[0]
    assert len(by_country(calm)) == 2
    chance, lab, kills = random.Random(1), Lab(tmp_path / "lab.duckdb"), 0
    while lab.step(chance.randrange(1, 90)):
        if chance.random() < 0.15:
            kills += 1
            path = crashed_copy(lab.store, tmp_path / f"again-{kills}.duckdb")
            lab.store.close()
            lab = Lab(path)
    assert kills and lab.outcome() == calm.outcome()
    lab.store.close()
    calm.store.close()


def test_old_scores_and_changes_go_and_what_a_model_needs_stays(tmp_path: Any) -> None:
    store = Store(tmp_path / "lab.duckdb", ("clicks",), 1_000)
    con = store._con
    names = [row[0] for row in con.execute("DESCRIBE anomaly").fetchall()]

    def score(source: str, at_ms: int) -> None:
        cells: dict[str, Any] = dict.fromkeys(names, 0) | dict.fromkeys(
            ("detector", "key", "state", "vals", "anomaly_explanation", "reason", "feature",
             "model_version"), "d"
        )  # fmt: skip
        cells |= {"source": source, "window_end": None}
        marks = ", ".join("make_timestamp_ms(?)" if n == "window_end" else "?" for n in names)
        cells["window_end"] = at_ms
        con.execute(f"INSERT INTO anomaly VALUES ({marks})", [cells[name] for name in names])

    for hour in range(5):
        score("window w", hour * HOUR)
        score("metric Lag", 1_000_000 * HOUR + hour * HOUR)
        con.execute(
            "INSERT INTO alarm_history VALUES "
            "('a', '', 'event time', make_timestamp_ms(?), 'OK', 'ALARM', 1, ''), "
            "('b', '', 'wall clock', make_timestamp_ms(?), 'OK', 'ALARM', 1, '')",
            [hour * HOUR, 1_000_000 * HOUR + hour * HOUR],
        )
    dumped = 1_000_000 * HOUR + HOUR
    con.execute("INSERT INTO detector_models VALUES ('d', 'd', '', ?, 0, -1, 0, NULL)", [dumped])
    assert store.retain(10 * HOUR, 1_000) == []
    told = store.retain(HOUR, 1_000)
    # Of each clock three are too old; but the model of the metric was dumped before the third.
    assert told == ["5 old scores were deleted", "6 old changes of alarms were deleted"]
    left = con.execute("SELECT source, epoch_ms(window_end) FROM anomaly ORDER BY ALL").fetchall()
    assert [at % (1_000_000 * HOUR) // HOUR for source, at in left if source == "window w"] == [
        3,
        4,
    ]
    assert [at % (1_000_000 * HOUR) // HOUR for source, at in left if source != "window w"] == [
        2, 3, 4
    ]  # fmt: skip
    assert retain_scores(con, HOUR) == (0, 0)
    store.close()


def test_a_measured_series_survives_that_its_scores_are_deleted(tmp_path: Any) -> None:
    declared = Declarations(detectors=(DetectorSpec(name="lag", metric="ShardLag"),))
    lab = Lab(tmp_path / "lab.duckdb", declared=declared)
    for period in range(50):
        rows = [("ShardLag", "clicks/0", float(period % 5))]
        lab.store.analysis.tick(10_000_000 + period * 10_000, [], rows)
        lab.store.merge([], frozenset())
    lab.store.retain(1_000, 1_000)
    path = crashed_copy(lab.store, tmp_path / "again.duckdb")
    lab.store.close()
    lab = Lab(path, declared=declared)
    lab.store.analysis.tick(20_000_000, [], [("ShardLag", "clicks/0", 1.0)])
    lab.store.analysis.tick(20_010_000, [], [])
    lab.store.merge([], frozenset())
    (series,) = lab.store.analysis.detectors.shown
    assert series.warmed[0] == 50, "all that was judged is learnt again"
    lab.store.close()
