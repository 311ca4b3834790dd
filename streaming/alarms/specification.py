"""Alarms as people ask for them: `[[alarms]]` in `dasprep.toml`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streaming.alarms.actions import PLAIN
from streaming.alarms.composite import BadRule, CompositeRule, in_order
from streaming.alarms.evaluator import BANDS, THRESHOLDS, Missing
from streaming.alarms.maths import BadExpression, Expression
from streaming.alarms.metrics import METRICS
from streaming.alarms.statistics import known
from streaming.windows.specification import Duration, Name

Severity: TypeAlias = Literal["warn", "alarm"]

MOST_PERIODS: Final = 100


class AlarmSpec(BaseModel):
    """One `[[alarms]]` entry: a metric alarm, or with `rule` a composite one."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name = Field(description="names the alarm")
    title: str = Field("", max_length=200, description="what it means when it goes off")
    severity: Severity = Field("alarm", description="warn or alarm")
    metric: str = Field("", description="watch this metric of the lab, by the wall clock")
    stream: str = Field("", description="metric: of this stream only (default: of each)")
    window: str = Field("", description="watch a declared window, by event time")
    value: str = Field("", description="window: this one of its values")
    key: str | None = Field(None, description="window: of this key only (default: of each)")
    detector: str = Field("", description='watch a detector, by event time; "*" is each of them')
    field: Literal["grade", "evidence", "anomaly_score", "value"] = Field(
        "grade",
        description="detector: what of it; evidence is 0 where a point is close to its mean",
    )
    metrics: dict[str, str] = Field(
        default={}, description="maths: ids and what they are, METRIC or WINDOW.VALUE"
    )
    maths: str = Field("", description="watch an expression over `metrics`, such as m1 / m2")
    rule: str = Field("", description="composite: ALARM(a) AND NOT ALARM(b)")
    statistic: str = Field("Average", description="of the samples in a period; also Sum, p99, ...")
    period: Duration | None = Field(
        None, description="one datapoint each; default 5s, or the window's own"
    )
    comparison: str = Field(
        "GreaterThanThreshold", description="when a datapoint is breaching, as CloudWatch names it"
    )
    threshold: float | None = Field(None, description="what datapoints are compared with")
    band: Annotated[float, Field(gt=0, le=20)] | None = Field(
        None, description="or an anomaly band, this many deviations around what is expected"
    )
    datapoints_to_alarm: Annotated[int, Field(ge=1)] = Field(1, description="M of N")
    evaluation_periods: Annotated[int, Field(ge=1, le=MOST_PERIODS)] = Field(
        1, description="N, the newest datapoints that count"
    )
    treat_missing_data: Missing = Field(
        "missing", description="missing, notBreaching, breaching or ignore"
    )
    actions: tuple[str, ...] = Field(
        default=(), strict=False,
        description="when it goes off: bell, notify, record, command: ..., webhook: URL",
    )  # fmt: skip

    @model_validator(mode="after")
    def _possible(self) -> Self:
        watched = [
            f for f in ("metric", "window", "detector", "maths", "rule") if getattr(self, f)
        ]  # fmt: skip
        if len(watched) != 1:
            raise ValueError(
                "name: an alarm watches one of metric, window, detector, maths or rule; this one "
                f"has {' and '.join(watched) or 'none of them'}"
            )
        for action in self.actions:
            _check_action(action)
        if self.rule:
            try:
                CompositeRule(self.rule)
            except BadRule as error:
                raise ValueError(f"rule: {error}") from None
            return self
        if self.metric and self.metric not in METRICS:
            raise ValueError(f"metric: there is no {self.metric!r}; there are {', '.join(METRICS)}")
        if self.window and not self.value:
            raise ValueError("value: name the value of the window that is watched")
        if not known(self.statistic):
            raise ValueError(f"statistic: there is no {self.statistic!r}")
        if self.datapoints_to_alarm > self.evaluation_periods:
            raise ValueError("datapoints_to_alarm: at most as many as evaluation_periods")
        self._check_bound()
        if self.maths:
            self._check_maths()
        elif self.metrics:
            raise ValueError("metrics: they are for maths")
        return self

    def _check_bound(self) -> None:
        if (self.threshold is None) == (self.band is None):
            raise ValueError("threshold: an alarm needs a threshold or a band, one of them")
        if self.threshold is not None and self.comparison not in THRESHOLDS:
            raise ValueError(f"comparison: with a threshold it is one of {', '.join(THRESHOLDS)}")
        if self.band is not None and self.comparison not in BANDS:
            raise ValueError(f"comparison: with a band it is one of {', '.join(BANDS)}")

    def _check_maths(self) -> None:
        try:
            names = Expression(self.maths).names
        except BadExpression as error:
            raise ValueError(f"maths: {error}") from None
        for name in sorted(names - self.metrics.keys()):
            raise ValueError(f"maths: {name} is none of its metrics")
        if not names:
            raise ValueError("maths: it speaks of no metric")
        dotted = {"." in source for source in self.metrics.values()}
        if len(dotted) > 1:
            raise ValueError("metrics: of windows or of the lab, not of both: their clocks differ")
        for source in self.metrics.values():
            if "." not in source and source not in METRICS:
                raise ValueError(f"metrics: there is no metric {source!r}")

    @property
    def on_events(self) -> bool:
        """Whether it goes by event time; composites are asked by `on_events` of the set."""
        return bool(self.window or self.detector) or any("." in s for s in self.metrics.values())

    @property
    def alarms(self) -> set[str]:
        """Those that a composite speaks of."""
        return CompositeRule(self.rule).names if self.rule else set()

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """The windows and values that it watches."""
        if self.window:
            return ((self.window, self.value),)
        pairs = (s.partition(".") for s in self.metrics.values() if "." in s)
        return tuple((window, value) for window, _, value in pairs)


def _check_action(action: str) -> None:
    kind, colon, what = action.partition(":")
    what = what.strip()
    if action in PLAIN:
        return
    if kind == "command" and colon and what:
        try:
            if shlex.split(what):
                return
        except ValueError as error:
            raise ValueError(f"actions: {action!r} cannot be split into words: {error}") from None
    if kind == "webhook" and what.startswith(("http://", "https://")):
        return
    raise ValueError(
        f"actions: {action!r} is none; there are {', '.join(PLAIN)}, command: PROGRAM ... "
        "and webhook: URL"
    )


def check_alarms(
    specs: Sequence[AlarmSpec],
    windows: Mapping[str, Mapping[str, str]],
    detectors: Sequence[str],
) -> None:
    """ValueError, beginning with alarms.N.FIELD, when alarms do not fit the rest.

    `windows` has the functions of each window's values by their names.
    """
    names = [spec.name for spec in specs]
    for i, spec in enumerate(specs):
        if spec.name in names[:i]:
            raise ValueError(f"alarms.{i}.name: two alarms are called {spec.name!r}")
        for window, value in spec.sources:
            field = "window" if spec.window else "metrics"
            if window not in windows:
                raise ValueError(f"alarms.{i}.{field}: there is no window {window!r}")
            if windows[window].get(value) in (None, "first", "last"):
                raise ValueError(
                    f"alarms.{i}.{'value' if spec.window else field}: the window {window} has no "
                    f"number {value!r}"
                )
        if spec.detector not in ("", "*", *detectors):
            raise ValueError(f"alarms.{i}.detector: there is no detector {spec.detector!r}")
    rules = {spec.name: CompositeRule(spec.rule) for spec in specs if spec.rule}
    for i, spec in enumerate(specs):
        if spec.rule:
            for name in sorted(rules[spec.name].names - set(names)):
                raise ValueError(f"alarms.{i}.rule: there is no alarm {name!r}")
    try:
        in_order(rules)
    except ValueError as error:
        first = next(i for i, spec in enumerate(specs) if spec.rule)
        raise ValueError(f"alarms.{first}.rule: {error}") from None
