"""Kinesis' functions as columns of windows' results: exactly once, bit for bit, through kills."""

import random
from typing import Any

import pytest

from streaming.declarations.specification import Declarations
from streaming.lab.windowviews import window_views
from streaming.store import detectors
from streaming.windows.specification import WindowSpec
from tests.store.store_support import crashed_copy
from tests.store.test_store_analysis import BEGIN, EACH, FOREST, Lab

UNLIKE = {"function": "RANDOM_CUT_FOREST", "values": ["n", "log(load)"], **FOREST}
WHY = {
    "function": "RANDOM_CUT_FOREST_WITH_EXPLANATION", "values": ["n"], "prefix": "why_", **FOREST
}  # fmt: skip
DENSE = {
    "function": "HOTSPOTS", "values": ["n"],
    "windowSize": 100, "scanRadius": 1.0, "minimumNumberOfPointsInAHotspot": 5,
}  # fmt: skip


def declared(**scores: Any) -> Declarations:
    views = WindowSpec.model_validate(
        {
            "name": "views", "stream": "clicks", "size": 1_000, "scores": scores,
            "values": {"n": "count()", "load": "avg(load_ms)", "page": "last(page)"},
        }
    )  # fmt: skip
    by_country = WindowSpec.model_validate(
        {
            "name": "by_country", "stream": "clicks", "size": 2_000, "group_by": "country",
            "values": {"n": "count()"}, "scores": {"unlike": {**UNLIKE, "values": ["n"]}},
        }
    )  # fmt: skip
    return Declarations(windows=(views, by_country))


DECLARED = declared(unlike=UNLIKE, why=WHY, dense=DENSE)
VIEWS = ("w_views", "w_by_country")


@pytest.fixture(autouse=True)
def dumps_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detectors, "DUMP_EVERY", 30)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    lab = Lab(tmp_path_factory.mktemp("calm") / "lab.duckdb", declared=DECLARED)
    while lab.step(EACH):
        pass
    outcome = lab.outcome(*VIEWS)
    lab.store.close()
    return outcome


def test_each_result_has_its_scores_once(calm: dict[str, list[Any]], tmp_path: Any) -> None:
    lab = Lab(tmp_path / "lab.duckdb", declared=DECLARED)
    while lab.step(EACH):
        pass
    con = lab.store.reader()
    for window in ("views", "by_country"):
        results, joined, keys = con.execute(
            f"SELECT (SELECT count(*) FROM window_results WHERE name = '{window}'), count(*), "
            f"count(DISTINCT (generation, start_at, key)) FROM w_{window}"
        ).fetchone()
        assert results == joined == keys > 100
    warm, judged, lacking = con.execute(
        "SELECT count(*) FILTER (anomaly_score = 0), count(*) FILTER (anomaly_score > 0), "
        "count(*) FILTER (ANOMALY_SCORE IS NULL) FROM w_views WHERE is_final"
    ).fetchone()
    assert (warm, lacking) == (16, 0) and judged > 250, "0 until the sub-sample is full"
    same = con.execute(
        "SELECT count(*) FROM w_views v JOIN anomaly a ON a.detector = 'views.unlike' "
        "AND a.window_end = v.end_at AND a.anomaly_score = v.ANOMALY_SCORE "
        "AND a.source = 'window views' AND a.generation = v.generation"
    ).fetchone()
    assert same == (warm + judged,)
    (rush,) = con.execute(
        "SELECT epoch_ms(start_at) - ? FROM w_views ORDER BY anomaly_score DESC LIMIT 1", [BEGIN]
    ).fetchone()
    assert 280_000 <= rush <= 310_000, "the rush or the silence after it"
    told = con.execute(
        "SELECT why_ANOMALY_EXPLANATION, HOTSPOTS_RESULT FROM w_views "
        "ORDER BY end_at DESC OFFSET 20 LIMIT 1"
    ).fetchone()
    assert '"ATTRIBUTION_SCORE"' in told[0] and '"hotspots"' in told[1]
    (views, countries) = window_views(lab.store.declared, lab.store.analysis.scoring)
    assert views.scores[0] == "unlike: RANDOM_CUT_FOREST of n, log(load), to ANOMALY_SCORE"
    shown = con.execute("SELECT ANOMALY_SCORE FROM w_views ORDER BY end_at DESC LIMIT 5")
    assert [(r.values["ANOMALY_SCORE"],) for r in views.newest[:5]] == shown.fetchall()
    assert all("ANOMALY_SCORE" in result.values for result in countries.newest)
    con.close()
    assert lab.outcome(*VIEWS) == calm
    lab.store.close()


@pytest.mark.parametrize("seed", range(2))
def test_killed_anywhere_the_views_say_the_same(
    seed: int, tmp_path: Any, calm: dict[str, list[Any]]
) -> None:
    chance = random.Random(seed)
    lab, kills = Lab(tmp_path / "lab.duckdb", declared=DECLARED), 0
    while lab.step(chance.randrange(1, 90)):
        if chance.random() < 0.2:
            kills += 1
            path = crashed_copy(lab.store, tmp_path / f"again-{kills}.duckdb")
            lab.store.close()
            lab = Lab(path, declared=DECLARED)
    assert kills
    assert lab.outcome(*VIEWS) == calm
    lab.store.close()


def test_other_scores_leave_the_window_as_it_is(tmp_path: Any) -> None:
    lab = Lab(tmp_path / "lab.duckdb", declared=DECLARED)
    for _ in range(6):
        lab.step(EACH)
    before = lab.store.declared.plan
    seen = lab.store.analysis.detectors.bank.series["by_country.unlike", "DE"].warmed
    assert lab.declare(declared(other={**UNLIKE, "prefix": "other_"}))
    assert lab.store.declared.plan == before
    assert lab.step(EACH)
    assert lab.store.analysis.detectors.bank.series["by_country.unlike", "DE"].warmed >= seen
    con = lab.store.reader()
    names = [row[0] for row in con.execute("DESCRIBE w_views").fetchall()]
    assert "other_ANOMALY_SCORE" in names and "HOTSPOTS_RESULT" not in names
    scored = con.execute(
        "SELECT count(other_ANOMALY_SCORE), count(*) FROM w_views WHERE is_final"
    ).fetchone()
    assert 0 < scored[0] < scored[1], "it begins with the results from now on"
    con.close()
    lab.store.close()
