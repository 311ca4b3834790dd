"""What state an alarm has, from its last datapoints: a pure function, as Amazon CloudWatch has it.

Rules and tables: Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing
data" and "Evaluating an alarm".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import ge, gt, le, lt
from typing import Final, Literal, TypeAlias

import msgspec

AlarmState: TypeAlias = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Missing: TypeAlias = Literal["missing", "notBreaching", "breaching", "ignore"]

THRESHOLDS: Final[dict[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": gt,
    "GreaterThanOrEqualToThreshold": ge,
    "LessThanThreshold": lt,
    "LessThanOrEqualToThreshold": le,
}
"""Comparisons with a threshold, by their names in CloudWatch."""

BANDS: Final = (
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
"""Comparisons with an anomaly band."""

MORE: Final = 2
"""The evaluation range is this much longer than the evaluation periods (5 for 3 in the guide)."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """When an alarm goes off: `datapoints` (M) of the last `periods` (N) are breaching.

    `threshold` is None where a band is compared with.
    """

    comparison: str
    threshold: float | None
    datapoints: int
    periods: int
    missing: Missing

    @property
    def reach(self) -> int:
        """Datapoints of the evaluation range."""
        return self.periods + MORE


class Datapoint(msgspec.Struct, frozen=True):
    """A value of one period, with its band where there is one. A missing one is None instead."""

    value: float
    low: float | None = None
    high: float | None = None


class Verdict(msgspec.Struct, frozen=True):
    """The state, and why, for people."""

    state: AlarmState
    reason: str


def breaches(rule: Rule, point: Datapoint) -> bool:
    """Whether a datapoint is beyond the threshold or the band."""
    if rule.threshold is not None:
        return THRESHOLDS[rule.comparison](point.value, rule.threshold)
    below = point.low is not None and point.value < point.low
    above = point.high is not None and point.value > point.high
    if rule.comparison == "LessThanLowerThreshold":
        return below
    return above if rule.comparison == "GreaterThanUpperThreshold" else below or above


def evaluate(rule: Rule, points: Sequence[Datapoint | None], present: AlarmState) -> Verdict:
    """The verdict over the evaluation range, newest last; `present` is the state until now.

    Real datapoints are taken first, from farther back if need be; only what is still lacking is
    filled in as `missing` says.
    """
    span = points[-rule.reach :]
    real = [(len(span) - i, p) for i, p in enumerate(span) if p is not None]
    if not real:
        return _without_data(rule, present)
    bad = [(age, point) for age, point in real if breaches(rule, point)]
    if len(real) >= rule.periods:
        last = real[-rule.periods :]
        return _counted(rule, sum(breaches(rule, p) for _, p in last), last, 0)
    lacking = rule.periods - len(real)
    if rule.missing == "breaching":
        return _counted(rule, len(bad) + lacking, real, lacking)
    if rule.missing == "notBreaching" or len(bad) >= rule.datapoints:
        return _counted(rule, len(bad), real, lacking)
    if len(bad) == len(real) and bad[0][0] >= rule.datapoints:
        # Too few to count, but the oldest is old enough and nothing since was any better.
        if rule.missing == "ignore":
            return Verdict(present, "too few datapoints: the state stays as it is")
        return Verdict(
            "ALARM",
            f"no datapoint of the last {bad[0][0]} periods was within {_bound(rule)}, though only "
            f"{len(real)} came: {_values(real)}",
        )
    return _counted(rule, len(bad), real, lacking)


def _without_data(rule: Rule, present: AlarmState) -> Verdict:
    none = f"no datapoint in the last {rule.reach} periods"
    match rule.missing:
        case "missing":
            return Verdict("INSUFFICIENT_DATA", none)
        case "ignore":
            return Verdict(present, f"{none}: the state stays as it is")
        case "breaching":
            return Verdict("ALARM", f"{none}, which counts as breaching")
        case "notBreaching":
            return Verdict("OK", f"{none}, which counts as good")


def _counted(rule: Rule, bad: int, real: Sequence[tuple[int, Datapoint]], lacking: int) -> Verdict:
    filled = f"; {lacking} missing count as {rule.missing}" if lacking else ""
    if bad >= rule.datapoints:
        reason = f"{bad} of {rule.periods} datapoints beyond {_bound(rule)}: {_values(real)}"
        return Verdict("ALARM", reason + filled)
    reason = f"{bad} of {rule.periods} datapoints beyond {_bound(rule)}, {rule.datapoints} needed"
    return Verdict("OK", f"{reason}: {_values(real)}{filled}")


def _bound(rule: Rule) -> str:
    if rule.threshold is None:
        return "the band"
    return f"{rule.threshold:,g}"


def _values(real: Sequence[tuple[int, Datapoint]]) -> str:
    texts = []
    for _, point in real:
        band = ""
        if point.low is not None and point.high is not None:
            band = f" ({point.low:,.4g} to {point.high:,.4g})"
        texts.append(f"{point.value:,.4g}{band}")
    return ", ".join(texts)
