"""Alarms and detectors as the views see them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from streaming.alarms.book import Change
from streaming.alarms.plan import Alarming
from streaming.anomaly.bank import Scored
from streaming.anomaly.modes import DETECTOR, HOTSPOTS
from streaming.lab.alarm_snapshot import AlarmChangeView, AlarmView, BlameView, DetectorView
from streaming.store.alarms import Shown
from streaming.store.analysis import Analysis
from streaming.store.detectors import ShownSeries

MOST_ALARMS: Final = 100
TREND: Final = 60
MEASURED: Final = "the lab, by the wall clock"
"""Where a metric comes from."""

_SIGNS: Final = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}


def alarm_views(analysis: Analysis) -> tuple[AlarmView, ...]:
    """The states of all alarms, those in ALARM first."""
    order = {"ALARM": 0, "INSUFFICIENT_DATA": 1, "OK": 1}
    shown = sorted(analysis.alarms.shown, key=lambda s: order[s.state])
    return tuple(_alarm(each) for each in shown[:MOST_ALARMS])


def _alarm(shown: Shown) -> AlarmView:
    plan = shown.plan
    return AlarmView(
        plan.name, shown.key, plan.title, "warn" if plan.severity == "warn" else "alarm",
        "event" if plan.on_events else "wall", shown.state, shown.since_ms, shown.value,
        bound(plan), shown.reason, shown.acknowledged, shown.suppressed_until_ms,
    )  # fmt: skip


def bound(plan: Alarming) -> str:
    """What its datapoints are held against, and how many of them: "> 0.9, 3 of 5"."""
    if plan.composite:
        return plan.composite
    rule = plan.rule
    if rule.threshold is None:
        what = f"{rule.comparison}, band of {plan.band:g} deviations"
    else:
        what = f"{_SIGNS[rule.comparison]} {rule.threshold:g}"
    return f"{what}, {rule.datapoints} of {rule.periods}"


def change_views(analysis: Analysis) -> tuple[AlarmChangeView, ...]:
    """The newest changes, newest first."""
    return tuple(_change(change) for change in reversed(analysis.alarms.newest))


def _change(change: Change) -> AlarmChangeView:
    return AlarmChangeView(
        change.alarm, change.key, change.at_ms, change.before, change.after, change.reason
    )


def detector_views(analysis: Analysis) -> tuple[DetectorView, ...]:
    """The series of all detectors with their newest scores."""
    return tuple(_detector(each) for each in analysis.detectors.shown)


def _detector(shown: ShownSeries) -> DetectorView:
    plan, newest = shown.detecting, shown.newest
    last = newest[-1] if newest else None
    score = last.score if last is not None else None
    expected = score.expected if score is not None else None
    judged = score is not None and score.state not in ("WARMING", "MISSING")
    columns = ", ".join(column.name for column in plan.columns)
    told = next((s for s in reversed(newest) if s.score.state == "ANOMALY"), None)
    own = plan.model.function == DETECTOR
    return DetectorView(
        name=plan.name,
        key=shown.key,
        source=f"{plan.window or plan.stream or MEASURED}: {columns}",
        function=plan.model.function,
        state=score.state if score is not None else "WARMING",
        warm=shown.warmed[0],
        needed=shown.warmed[1],
        bar=plan.model.bar,
        anomalies=shown.anomalies,
        in_memory=shown.in_memory,
        at_ms=last.at_ms if last is not None else None,
        feature=expected.feature if expected is not None else columns,
        value=expected.value if expected is not None else None,
        expected_low=expected.low if expected is not None else None,
        expected_high=expected.high if expected is not None else None,
        anomaly_score=score.anomaly_score if score is not None and judged else None,
        novelty=score.novelty if score is not None and judged and own else None,
        sustained=score.sustained if score is not None and judged and own else None,
        range_break=score.range_break if score is not None and judged and own else None,
        evidence=score.evidence if score is not None and judged and own else None,
        grade=score.grade if score is not None and judged and own else None,
        confidence=score.confidence if score is not None and judged and own else None,
        reason=score.reason if score is not None else "",
        blame=_blame(plan.model.function, told or last),
        trend=tuple(_trend(s, own=own) for s in newest[-TREND:]),
        last_reason=told.score.reason if told is not None else "",
        last_at_ms=told.at_ms if told is not None else None,
    )


def _trend(scored: Scored, *, own: bool) -> float | None:
    if scored.score.state in ("WARMING", "MISSING"):
        return None
    return scored.score.evidence if own else scored.score.anomaly_score


def _blame(function: str, scored: Scored | None) -> tuple[BlameView, ...]:
    if function == HOTSPOTS or scored is None or not scored.score.explanation:
        return ()
    told: dict[str, dict[str, Any]] = msgspec.json.decode(scored.score.explanation)
    return tuple(
        BlameView(name, part.get("DIRECTION") == "HIGH", float(part["ATTRIBUTION_SCORE"]))
        for name, part in told.items()
    )
