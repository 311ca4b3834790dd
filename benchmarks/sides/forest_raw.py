"""The engine under the lab's forest, with nothing around it."""

from __future__ import annotations

from typing import Any

import krcf

from benchmarks.forest import points
from benchmarks.side import Clock


def run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Score and learn each point; the first ones only fill the sample."""
    options: Any = {
        "dimensions": 1, "shingle_size": 1, "num_trees": config["trees"],
        "sample_size": config["sample"], "output_after": config["sample"], "random_seed": 1,
        "lambda": 1e-5, "bounding_box_cache_fraction": 1.0,
    }  # fmt: skip
    forest = krcf.RandomCutForest(options)
    warm, rest = points(config["records"], config["sample"])
    for point in warm:
        forest.update(point)
    clock.start()
    total = 0.0
    for point in rest:
        total += forest.score(point)
        forest.update(point)
    clock.stop()
    return {"records": len(rest), "total": round(total, 6)}
