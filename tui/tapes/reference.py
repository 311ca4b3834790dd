"""Generates docs/tapes.md: `python -m tui.tapes.reference > docs/tapes.md`."""

from __future__ import annotations

from typing import NamedTuple

from tui.tapes.metrics import CHECK, LAB, LINK
from tui.tapes.stream_metrics import STREAM


class MetricRow(NamedTuple):
    """A metric as people look it up. `scope` is "lab", "stream" or "verify"."""

    name: str
    kind: str
    unit: str
    text: str
    scope: str


def metric_rows() -> list[MetricRow]:
    """Every metric, those of a stream first."""
    rows = [MetricRow(name, m.kind, m.unit, m.text, "stream") for name, m in STREAM.items()]
    rows += [MetricRow(name, m.kind, m.unit, m.text, "lab") for name, m in LAB.items()]
    rows += [MetricRow(name, m.kind, m.unit, m.text, "verify") for name, m in CHECK.items()]
    link = MetricRow(LINK, "text", "", "up, or lost while the lab's engine is not there", "lab")
    return [*rows, link]
