"""What tapes can ask of a lab by name: plain values of the newest snapshot, with units and words.

Nothing is measured here. A stream's metrics are those of the tape's own stream, or `orders.lag` of
another one. None is "not known". `reference.py` makes the page of these tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from streaming.lab.snapshot import ConsumerState, LabSnapshot
from tui.tapes.computing import Value
from tui.tapes.expressions import Kind
from tui.tapes.stream_metrics import STREAM

if TYPE_CHECKING:
    from streaming.verify.report import VerifyReport

LINK: Final = "link"
"""The one metric that is known while the lab is not there."""


class LabMetric(NamedTuple):
    """A value of the whole lab."""

    kind: Kind
    unit: str
    text: str
    read: Callable[[LabSnapshot], Value]


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def _counted(state: ConsumerState) -> Callable[[LabSnapshot], Value]:
    return lambda s: sum(consumer.state == state for consumer in s.consumers)


def _alarmed(state: str) -> Callable[[LabSnapshot], Value]:
    return lambda s: tuple(dict.fromkeys(a.name for a in s.alarms if a.state == state))


def _rebalancing(s: LabSnapshot) -> Value:
    return bool(s.timeline) and s.timeline[0].took_s is None


def _last_anomaly(s: LabSnapshot) -> Value:
    told = [detector for detector in s.detectors if detector.last_at_ms is not None]
    newest = max(told, key=lambda detector: detector.last_at_ms or 0, default=None)
    return None if newest is None else newest.last_reason


def _warm(s: LabSnapshot) -> Value:
    cold = {detector.name for detector in s.detectors if detector.warm < detector.needed}
    return tuple(dict.fromkeys(d.name for d in s.detectors if d.name not in cold))


LAB: Final[dict[str, LabMetric]] = {
    "state": LabMetric("text", "", "the lab: starting, live, verifying, failed, ...",
        lambda s: s.state),
    "elapsed_s": LabMetric("number", "s", "time since the engine started",
        lambda s: (s.at_ms - s.started_at_ms) / 1000),
    "traffic": LabMetric("text", "", "the generators: starting, running, paused, done or dead",
        lambda s: s.traffic.state),
    "shape": LabMetric("text", "", "how the rate moves", lambda s: s.traffic.shape),
    "target_per_s": LabMetric("number", "records/s", "what the generators are asked for",
        lambda s: s.traffic.target_per_s),
    "produced": LabMetric("number", "records", "made by the generators",
        lambda s: s.traffic.produced),
    "produced_per_s": LabMetric("number", "records/s", "what they make",
        lambda s: s.traffic.produced_per_s),
    "acked": LabMetric("number", "records", "acknowledged by the broker",
        lambda s: s.traffic.acked),
    "behind_s": LabMetric("number", "s", "how far the generators trail their schedule",
        lambda s: _seconds(s.traffic.behind_ms)),
    "incidents": LabMetric("texts", "", "planted trouble under way",
        lambda s: s.traffic.incidents),
    "throttled": LabMetric("number", "refusals", "by full shards, since the producer started",
        lambda s: s.traffic.throttled),
    "stored": LabMetric("number", "records", "in the store", lambda s: s.store.stored),
    "late": LabMetric("number", "records", "came after their window was final",
        lambda s: s.store.late),
    "dead_letters": LabMetric("number", "records", "that are no events",
        lambda s: s.store.dead_letters),
    "windows_open": LabMetric("number", "windows", "not final yet", lambda s: s.store.windows_open),
    "windows_final": LabMetric("number", "windows", "final", lambda s: s.store.windows_final),
    "refused_handovers": LabMetric("number", "handovers",
        "of consumers that no longer owned a shard", lambda s: s.store.refused),
    "latency_p50_ms": LabMetric("number", "ms", "from produced to stored, median",
        lambda s: s.store.latency_p50_ms),
    "latency_p99_ms": LabMetric("number", "ms", "from produced to stored, 99 of 100",
        lambda s: s.store.latency_p99_ms),
    "total_lag": LabMetric("number", "records", "of all streams: in the log, not in the store",
        lambda s: None if any(stream.lag is None for stream in s.streams)
        else sum(stream.lag or 0 for stream in s.streams)),
    "consumers": LabMetric("number", "processes", "of the group, dead ones included",
        lambda s: len(s.consumers)),
    "consumers_running": LabMetric("number", "processes", "that read", _counted("running")),
    "consumers_paused": LabMetric("number", "processes", "that were told to stand still",
        _counted("paused")),
    "consumers_dead": LabMetric("number", "processes", "that ended and are to be started again",
        _counted("dead")),
    "restarts": LabMetric("number", "times", "that consumers were started again",
        lambda s: sum(consumer.restarts for consumer in s.consumers)),
    "rebalances": LabMetric("number", "rebalances", "generations since the engine began",
        lambda s: s.rebalances),
    "rebalancing": LabMetric("truth", "", "a rebalance is under way", _rebalancing),
    "rebalance_s": LabMetric("number", "s", "what the newest rebalance took, unknown while it does",
        lambda s: s.timeline[0].took_s if s.timeline else None),
    "rebalance_moved": LabMetric("number", "shards", "that the newest rebalance gave to others",
        lambda s: s.timeline[0].moved if s.timeline else None),
    "let_go": LabMetric("number", "shards", "living members stopped reading for that rebalance",
        lambda s: s.timeline[0].let_go if s.timeline else None),
    "rebalance_how": LabMetric("text", "", "eager or cooperative: the newest rebalance",
        lambda s: s.timeline[0].protocol or None if s.timeline else None),
    "assignor": LabMetric("text", "", "how the group shares out its shards",
        lambda s: s.assignor or None),
    "unread_s": LabMetric("number", "shards x s", "how long nobody read them in that rebalance",
        lambda s: s.timeline[0].unowned_s if s.timeline else None),
    "broker": LabMetric("text", "", "the broker: starting, up, down or restarting",
        lambda s: s.broker.state),
    "broker_restarts": LabMetric("number", "times", "that the lab restarted its broker",
        lambda s: s.broker.restarts),
    "faults": LabMetric("texts", "", "planted in the broker and at work",
        lambda s: tuple(fault.name for fault in s.broker.faults)),
    "alarms": LabMetric("texts", "", "names of those in ALARM", _alarmed("ALARM")),
    "alarms_ok": LabMetric("texts", "", "names of those that are OK for some key",
        _alarmed("OK")),
    "alarm_keys": LabMetric("texts", "", "the same with their keys, such as anomaly:declines",
        lambda s: tuple(f"{a.name}:{a.key}" for a in s.alarms if a.state == "ALARM")),
    "went_off": LabMetric("texts", "", "those that went off lately, over by now or not",
        lambda s: tuple(dict.fromkeys(
            f"{change.name}:{change.key}" for change in s.alarm_changes if change.after == "ALARM"
        ))),
    "alarm_reason": LabMetric("text", "", "why the first alarm in ALARM is",
        lambda s: next((a.reason for a in s.alarms if a.state == "ALARM"), None)),
    "anomalies": LabMetric("texts", "", "names of the detectors whose newest value is an anomaly",
        lambda s: tuple(dict.fromkeys(d.name for d in s.detectors if d.state == "ANOMALY"))),
    "last_anomaly": LabMetric("text", "", "what the newest anomaly of any detector was",
        _last_anomaly),
    "warm_detectors": LabMetric("texts", "", "names of those that know an ordinary day by now",
        _warm),
    "detectors": LabMetric("number", "detectors", "that there are", lambda s: len(s.detectors)),
    "readers": LabMetric("number", "applications", "that poll each shard (kinesis view)",
        lambda s: s.readers),
    "fan_out": LabMetric("truth", "", "the lab reads by enhanced fan-out (kinesis view)",
        lambda s: s.fan_out),
    "parents_first": LabMetric("truth", "", "children are read after parents (kinesis view)",
        lambda s: s.parents_first),
}  # fmt: skip
"""Every value of the whole lab."""


class CheckMetric(NamedTuple):
    """A value of the step `verify`; not known before it."""

    kind: Kind
    unit: str
    text: str
    read: Callable[[VerifyReport], Value]


CHECK: Final[dict[str, CheckMetric]] = {
    "verified": CheckMetric("number", "records", "that the last `verify` compared",
        lambda r: r.records),
    "lost": CheckMetric("number", "records", "that it missed", lambda r: r.lost),
    "duplicates": CheckMetric("number", "records", "that it found twice", lambda r: r.duplicates),
    "wrong": CheckMetric("number", "rows", "of the store that it found wrong", lambda r: r.wrong),
}  # fmt: skip

KINDS: Final[dict[str, Kind]] = {
    LINK: "text",
    **{name: metric.kind for name, metric in LAB.items()},
    **{name: metric.kind for name, metric in CHECK.items()},
    **{name: metric.kind for name, metric in STREAM.items()},
}
"""Every name there is, and what kind of value it has."""


class Seen(NamedTuple):
    """What is known of a lab at one instant: `snapshot` is None while the lab is not there.

    `stream` is the tape's own; `report` that of the last verification of it.
    """

    snapshot: LabSnapshot | None
    stream: str
    report: VerifyReport | None = None

    def value(self, stream: str, name: str) -> Value:
        """The value of a metric, of the tape's own stream where `stream` is "". A `Look`."""
        if name == LINK:
            return "lost" if self.snapshot is None else "up"
        if name in CHECK:
            return None if self.report is None else CHECK[name].read(self.report)
        if self.snapshot is None:
            return None
        if name in LAB:
            return LAB[name].read(self.snapshot)
        wanted = stream or self.stream
        view = next((one for one in self.snapshot.streams if one.name == wanted), None)
        return None if view is None else STREAM[name].read(view, self.snapshot.at_ms)

    def all(self) -> dict[str, Value]:
        """Every metric by its name: those of streams of the tape's own."""
        return {name: self.value("", name) for name in KINDS}
