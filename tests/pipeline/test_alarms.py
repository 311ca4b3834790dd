"""Detectors and alarms in a real lab: through kills, from the command line, held against labels."""

from __future__ import annotations

import json
import os
import signal
from itertools import pairwise
from pathlib import Path

import duckdb
import msgspec
import pytest

from streaming.alarms.specification import AlarmSpec
from streaming.anomaly.model import Model
from streaming.anomaly.plan import plan_detectors
from streaming.anomaly.specification import DetectorSpec
from streaming.declarations.specification import Declarations
from streaming.lab.commands import Acknowledge, Inject, KillConsumer, Suppress, UseWindows
from streaming.windows.plan import WindowPlan
from streaming.windows.points import MOST_SILENT
from streaming.windows.specification import WindowSpec
from tests.pipeline.lab_driver import Where, assert_exact, lab, run_cli

FOREST = {"numberOfTrees": 10.0, "subSampleSize": 20.0, "timeDecay": 1000.0}
DECLARED = Declarations(
    windows=(
        WindowSpec(name="pulse", stream="orders", size=2_000, lateness=1_000,
                   values={"n": "count()", "declined": "count() where type = declined"}),
    ),
    detectors=(
        DetectorSpec(name="exam", window="pulse", values=("n", "declined"),
                     function="RANDOM_CUT_FOREST_WITH_EXPLANATION", parameters=FOREST),
        DetectorSpec(name="own", window="pulse", values=("declined",)),
    ),
    alarms=(
        AlarmSpec(name="outage", window="pulse", value="declined", threshold=4.0,
                  datapoints_to_alarm=2, evaluation_periods=3, actions=("bell", "record")),
        AlarmSpec(name="alive", metric="Lag", threshold=0.0, comparison="LessThanThreshold",
                  period=2_000),
    ),
)  # fmt: skip


@pytest.mark.apache_soak
async def test_scores_and_alarms_go_on_through_kills(tmp_path: Path, where: Where) -> None:
    async with lab(tmp_path, session_timeout_s=2.0, speed=20.0, **where.settings) as driven:
        await driven.stored(1000)
        await driven.do(UseWindows(DECLARED.model_dump_json()))
        await driven.until(lambda s: any(d.anomaly_score for d in s.detectors), "a score")
        await driven.do(KillConsumer("c-0"))
        await driven.do(Inject("payment_outage", 1_200.0))
        on = await driven.until(
            lambda s: any((a.name, a.state) == ("outage", "ALARM") for a in s.alarms), "the alarm"
        )
        assert on.bells == 1
        assert [c.name for c in on.alarm_changes].count("outage") >= 1
        await driven.do(Acknowledge("outage"))
        await driven.until(lambda s: any(a.acknowledged for a in s.alarms), "who knows of it")
        await driven.do(Suppress("outage", 60.0))
        os.kill(driven.engine_pid(), signal.SIGKILL)
        await driven.until(
            lambda s: driven.losses and any(
                (a.name, a.state) == ("outage", "OK") and a.suppressed_until_at_ms
                for a in s.alarms
            ),
            "the alarm's end in the next engine, its actions still off",
        )  # fmt: skip
        await driven.until(
            lambda s: any((a.name, a.state) == ("alive", "OK") for a in s.alarms), "a lab's metric"
        )
        assert_exact(await driven.finish())
    with duckdb.connect(str(tmp_path / "lab.duckdb"), read_only=True) as con:
        assert_same_scores(con)


def assert_same_scores(con: duckdb.DuckDBPyConnection) -> None:
    """Models that see the stored windows one after the other say what the lab's said."""
    (text,) = con.execute("SELECT plan FROM window_plans ORDER BY number DESC").fetchone() or ("",)
    windows = msgspec.json.decode(text, type=WindowPlan)
    rows = con.execute(
        "SELECT epoch_ms(end_at), vals FROM window_results WHERE name = 'pulse' AND is_final "
        "ORDER BY end_at"
    ).fetchall()
    assert len(rows) > 40
    results = {end: msgspec.json.decode(vals) for end, vals in rows}
    for detecting in plan_detectors(DECLARED.detectors, windows):
        model = Model(detecting.model, detecting.seed(""))
        stored = con.execute(
            "SELECT epoch_ms(window_end), state, anomaly_score, evidence, anomaly_explanation "
            "FROM anomaly WHERE detector = ? ORDER BY window_end",
            [detecting.name],
        ).fetchall()
        for before, after in pairwise(row[0] for row in stored):
            # Of a long silence (no engine for long) only the beginning is told.
            silence = range(before - (MOST_SILENT - 1) * 2_000, before + 1, 2_000)
            assert after == before + 2_000 or results.keys().isdisjoint(silence)
        for end, *said in stored:
            score = model.process(detecting.row(results.get(end, {})))
            assert said == [score.state, score.anomaly_score, score.evidence, score.explanation]


def test_the_alarms_of_a_run_are_scored(tmp_path: Path) -> None:
    (tmp_path / "dasprep.toml").write_text(
        '[[windows]]\nname = "pulse"\nstream = "orders"\nsize = "5s"\nlateness = "1s"\n'
        '[windows.values]\ndeclined = "count() where type = declined"\n'
        '[[alarms]]\nname = "outage"\nwindow = "pulse"\nvalue = "declined"\nthreshold = 8\n'
    )
    done = run_cli(
        "run", "--duration", "9s", "--speed", "20", "--rate", "1000", "--data-dir", "lab",
        "--incidents", "payment_outage@40s+30s,slow_drift@140s+20s", "--score-alarms", "--verify",
        "--json", "out.json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    scores = json.loads((tmp_path / "out.json").read_text())["alarm_scores"]
    assert scores["precision"] == 1.0 and scores["recall"] == 0.5
    assert scores["kinds"]["payment_outage"] == {"found": 1, "missed": 0}
    assert scores["missed"] == 1 and 0 <= scores["delay_s"]["p50"] <= 20
    assert "missed: slow_drift" in done.stdout
    wrong = run_cli("run", "--incidents", "earthquake@1m+1s", "--duration", "1s", cwd=tmp_path)
    assert wrong.returncode == 2 and "no incident is called 'earthquake'" in wrong.stderr
