"""rrcf, the forest in Python, as its documentation uses it on a stream."""

from __future__ import annotations

from typing import Any

import rrcf

from benchmarks.forest import points
from benchmarks.side import Clock


def run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Insert each point, forget the oldest, and ask for its displacement, in every tree."""
    trees = [rrcf.RCTree(random_state=number) for number in range(config["trees"])]
    size = config["sample"]
    warm, rest = points(config["records"], size)
    for index, point in enumerate(warm):
        for tree in trees:
            tree.insert_point(point, index=index)
    clock.start()
    total = 0.0
    for index, point in enumerate(rest, size):
        for tree in trees:
            tree.forget_point(index - size)
            tree.insert_point(point, index=index)
            total += tree.codisp(index) / len(trees)
    clock.stop()
    return {"records": len(rest), "total": round(total, 3)}
