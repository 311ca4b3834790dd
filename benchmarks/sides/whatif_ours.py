"""Key strategies tried out on a sample, all at once."""

from __future__ import annotations

from typing import Any

from benchmarks.side import Clock
from benchmarks.whatif import COUNTS, KEYS, sample_lines
from streaming.shards.keys import shop
from streaming.shards.limits import shard_limits
from streaming.shards.sample import read_lines
from streaming.shards.whatif import Question, compare


def run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Compare all strategies on all numbers of shards; reading the sample is left out."""
    sample = read_lines(sample_lines(config["records"]))
    strategies = [shop(key) for key in KEYS]
    question = Question(config["view"], COUNTS, 5000.0, shard_limits())
    clock.start()
    rows, _ = compare(sample, strategies, question)
    clock.stop()
    hottest = [round(row.hottest_share * len(sample)) for row in rows]
    return {"records": len(sample) * len(KEYS) * len(COUNTS), "hottest": hottest}
