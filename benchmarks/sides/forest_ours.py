"""The lab's forest: score, then learn."""

from __future__ import annotations

from typing import Any

from benchmarks.forest import points
from benchmarks.side import Clock
from streaming.anomaly.forest import Forest, ForestSettings


def run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Score and learn each point; the first ones only fill the sample."""
    forest = Forest(ForestSettings(trees=config["trees"], sample=config["sample"], seed=1))
    warm, rest = points(config["records"], config["sample"])
    for point in warm:
        forest.learn(point)
    clock.start()
    total = 0.0
    for point in rest:
        total += forest.score(point)
        forest.learn(point)
    clock.stop()
    return {"records": len(rest), "total": round(total, 6)}
