"""Events to Kafka: the lab's delivery against librdkafka."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any, Final

from benchmarks.broker import broker, ends, make_topic
from benchmarks.events import write_ticks
from benchmarks.facts import version
from benchmarks.measure import Row, Run, in_turns, side, spread
from benchmarks.report import ranged

GOAL: Final = 0.8
RATE: Final = 20_000.0
START_MS: Final = 1_700_000_000_000


def measure(records: int, rounds: int, folder: Path) -> Row:
    """Deliver the same ticks with both sides in turns; records per partition must be equal."""
    row = Row("producer", "aiokafka send_batch", "confluent-kafka produce()", f">= {GOAL:g}x")
    if version("confluent-kafka") == "-":
        row.skipped = "confluent-kafka is not installed (it is in the extra `dev`)"
        return row
    write_ticks(folder / "events", records, RATE, START_MS)
    counts: dict[str, list[int]] = {}
    with broker(folder) as bootstrap:

        def once(module: str, *, reports: bool = False) -> Any:
            def run(number: int) -> Run:
                topic = f"{module}-{reports}-{number}"
                make_topic(bootstrap, topic)
                config = {
                    "bootstrap": bootstrap,
                    "topic": topic,
                    "events": str(folder / "events"),
                    "reports": reports,
                }
                measured = side(module, config)
                counts[topic] = ends(bootstrap, topic)
                return measured

            return run

        counting = once("producer_confluent", reports=True)
        counted: list[Run] = []

        def both(number: int) -> Run:
            plain = once("producer_confluent")(number)
            counted.append(counting(number))
            return plain

        ours, _ = in_turns(row, rounds, once("producer_ours"), both, GOAL)
    first = next(iter(counts.values()))
    row.equal = all(n == first and sum(n) == ours[0].records for n in counts.values())
    against = spread([a.rate / b.rate for a, b in zip(ours, counted, strict=True)])
    row.figures |= {
        "partitions": " ".join(map(str, first)),
        "reports_rate": round(statistics.median(run.rate for run in counted)),
        "reports_ratio": round(against.median, 2),
    }
    row.notes = [
        f"ticks of {RATE / 20:,.0f} records, ours in one batch per tick and partition, librdkafka "
        f"in its own; records per partition {row.figures['partitions']}",
        "librdkafka with a delivery report per record, so that acknowledgements are counted as "
        f"ours are: {row.figures['reports_rate'] / 1000:,.1f}k, ratio {ranged(against, 'x')}",
    ]
    if not row.equal:
        row.notes.append(f"records per partition differ: {counts}")
    return row
