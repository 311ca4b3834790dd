"""Alarms and detectors in a snapshot.

None means "not known" and is drawn as `-`, never as 0. Event times and wall clocks are both in ms
since the Unix epoch; an alarm's `clock` says which its times are.
"""

from __future__ import annotations

from typing import Literal

from streaming.alarms.evaluator import AlarmState
from streaming.anomaly.modes import State
from streaming.lab.stream_snapshot import SnapshotPart


class AlarmView(SnapshotPart, frozen=True, gc=False):
    """An alarm for one key ("": the whole lab). `bound` tells what its datapoints are held against.

    `acknowledged` names who knows of it, "" nobody; `suppressed_until_at_ms` is by the wall clock,
    0: its actions are on.
    """

    name: str
    key: str
    title: str
    severity: Literal["warn", "alarm"]
    clock: Literal["event", "wall"]
    state: AlarmState
    since_at_ms: int
    value: float | None
    bound: str
    reason: str
    acknowledged: str
    suppressed_until_at_ms: int


class AlarmChangeView(SnapshotPart, frozen=True, gc=False):
    """A change of an alarm's state, by its own clock."""

    name: str
    key: str
    at_ms: int
    before: AlarmState
    after: AlarmState
    reason: str


class BlameView(SnapshotPart, frozen=True, gc=False):
    """A feature's part of an anomaly score, and whether it is high or low."""

    feature: str
    high: bool
    part: float


class DetectorView(SnapshotPart, frozen=True, gc=False):
    """A detector for one key, with its newest score.

    `warm` of `needed` points are seen. `bar` is the evidence that is enough; `trend` the evidence
    of the newest points, oldest first. `in_memory`: its model is; else it waits in the store.
    The numbers of the newest score are None before there is any.
    """

    name: str
    key: str
    source: str
    function: str
    state: State
    warm: int
    needed: int
    bar: float
    anomalies: int
    in_memory: bool
    at_ms: int | None
    feature: str
    value: float | None
    expected_low: float | None
    expected_high: float | None
    anomaly_score: float | None
    novelty: float | None
    sustained: float | None
    range_break: float | None
    evidence: float | None
    grade: float | None
    confidence: float | None
    reason: str
    blame: tuple[BlameView, ...]
    trend: tuple[float | None, ...]
    last_reason: str
    """Why it last said ANOMALY, "" if it never did."""
    last_at_ms: int | None
