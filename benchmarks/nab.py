"""`python -m benchmarks.nab FOLDER`: the detector on a copy of the Numenta Anomaly Benchmark.

Every file is scored by the code of `dasprep-tui anomaly`, with one setting; NAB's own sweeper turns
that into points. The folder is a checkout of numenta/NAB; nothing is downloaded or changed.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from streaming.anomaly.csvfile import read
from streaming.anomaly.model import Model, ModelSettings
from streaming.anomaly.modes import DETECTOR, FOREST
from streaming.anomaly.scores import BARS

DETECT = ModelSettings(function=DETECTOR, columns=("value",), fill=("missing",))
KINESIS = ModelSettings(function=FOREST, columns=("value",), fill=("missing",))


def scored(path: Path, results: Path, seed: int) -> tuple[list[str], list[float], float | None]:
    """Times, evidence of anomalies (else 0), and the correlation with the service's scores."""
    detector, forest = Model(DETECT, seed), Model(KINESIS, seed)
    times, evidence, ours = [], [], []
    with path.open(encoding="utf-8", newline="") as source:
        for row in read(source, path.name, "timestamp", ["value"]):
            score = detector.process(row.values)
            times.append(row.time)
            evidence.append(score.evidence if score.state == "ANOMALY" else 0.0)
            ours.append(forest.process(row.values).anomaly_score)
    with results.open(encoding="utf-8", newline="") as source:
        theirs = [float(row["anomaly_score"]) for row in csv.DictReader(source)]
    alike = float(np.corrcoef(ours, theirs)[0, 1]) if np.std(theirs) and np.std(ours) else None
    return times, evidence, alike


def main() -> int:
    """Print the three scores."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nab", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    files = sorted((options.folder / "data").glob("*/*.csv"))
    if not files:
        print(f"{options.folder} has no data/*/*.csv: give a checkout of NAB", file=sys.stderr)
        return 2
    results = [
        options.folder / "results/randomCutForest" / p.parent.name / f"randomCutForest_{p.name}"
        for p in files
    ]
    with ProcessPoolExecutor() as pool:
        done = list(pool.map(scored, files, results, [options.seed] * len(files)))
    names = [f"{path.parent.name}/{path.name}" for path in files]
    alike = [each[2] for each in done if each[2] is not None]
    print(f"{sum(len(d[0]) for d in done):,} points in {len(files)} files, seed {options.seed}")
    print(f"correlation with the service's scores: median {np.median(alike):.4f}, "
          f"lowest {min(alike):.4f}")  # fmt: skip
    for name, (score, hits, false) in _points(options.folder, names, done).items():
        print(f"{name:<20} {score:6.2f}   {hits} windows hit, {false} false points")
    quiet = sum(
        any(evidence)
        for name, (_, evidence, _) in zip(names, done, strict=True)
        if "NoAnomaly" in name
    )
    print(f"files without anomalies that had false alarms: {quiet}")
    return 0


def _points(
    folder: Path, names: list[str], done: list[tuple[list[str], list[float], float | None]]
) -> dict[str, tuple[float, int, int]]:
    """By profile: the score (0: the null detector, 100: the perfect one), hits, false points."""
    spec = importlib.util.spec_from_file_location("sweeper", folder / "nab/sweeper.py")
    assert spec is not None and spec.loader is not None
    sweeper: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sweeper)
    windows = json.loads((folder / "labels/combined_windows.json").read_text())
    profiles = json.loads((folder / "config/profiles.json").read_text())
    found = {}
    for name, profile in profiles.items():
        judge = sweeper.Sweeper(0.15, profile["CostMatrix"])
        total, hits, false, all_windows = 0.0, 0, 0, 0
        for file, (times, evidence, _) in zip(names, done, strict=True):
            limits = [tuple(map(_time, window)) for window in windows[file]]
            all_windows += len(limits)
            rows = judge.calcSweepScore(list(map(_time, times)), evidence, limits, file)
            parts = {
                r.windowName: -judge.fnWeight
                for r in rows
                if r.windowName not in ("probationary", None)
            }
            for row in rows:
                if row.windowName == "probationary" or row.anomalyScore < BARS["medium"]:
                    continue
                if row.windowName is None:
                    total += row.sweepScore
                    false += 1
                else:
                    parts[row.windowName] = max(parts[row.windowName], row.sweepScore)
            hits += sum(value > -judge.fnWeight for value in parts.values())
            total += sum(parts.values())
        null = -all_windows * profile["CostMatrix"]["fnWeight"]
        found[name] = (100 * (total - null) / (all_windows - null), hits, false)
    return found


def _time(text: str) -> datetime:
    return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S")


if __name__ == "__main__":
    sys.exit(main())
