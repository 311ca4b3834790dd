"""What the engine does for a set of alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from streaming.alarms.composite import CompositeRule, in_order
from streaming.alarms.evaluator import Rule
from streaming.alarms.specification import AlarmSpec
from streaming.anomaly.plan import PERIOD_MS as MEASURED_MS
from streaming.windows.plan import WindowPlan

PERIOD_MS: Final = 5_000
"""Of an alarm on the lab's metrics unless it says otherwise."""


class Input(msgspec.Struct, frozen=True):
    """What an alarm is fed with: a metric, a window's value or a detector's field."""

    id: str
    kind: str
    name: str
    field: str


class Alarming(msgspec.Struct, frozen=True):
    """An alarm of the plan. `step_ms`: from one sample to the next (0: they come as they come).

    `period_ms` is 0 where each sample is a datapoint. `on_events` is False by the wall clock.
    `definition` is everything that its state depends on: another one begins anew.
    """

    name: str
    title: str
    severity: str
    on_events: bool
    inputs: tuple[Input, ...]
    key: str | None
    stream: str
    maths: str
    statistic: str
    period_ms: int
    step_ms: int
    band: float | None
    rule: Rule
    composite: str
    actions: tuple[str, ...]
    definition: str


def plan_alarms(
    specs: Sequence[AlarmSpec], windows: WindowPlan, detectors: Mapping[str, bool]
) -> tuple[Alarming, ...]:
    """The plan, composites last; alarms on what the lab does not have are left out.

    `detectors`: by name, whether a detector looks at a metric of the lab and so goes by the wall
    clock, as the alarms on it do then. "*" is each of the others.
    """
    steps = {window.name: window.step_ms for window in windows.windows}
    generations = {window.name: window.generation for window in windows.windows}
    planned = {
        spec.name: _planned(spec, steps, generations, on_wall=detectors.get(spec.detector, False))
        for spec in specs
        if not spec.rule
        and all(window in steps for window, _ in spec.sources)
        and (spec.detector in ("", "*") or spec.detector in detectors)
    }
    rules = {spec.name: CompositeRule(spec.rule) for spec in specs if spec.rule}
    by_name = {spec.name: spec for spec in specs}
    for name in in_order(rules):
        if rules[name].names <= planned.keys():
            on_events = all(planned[other].on_events for other in rules[name].names)
            alarming = _planned(by_name[name], steps, generations)
            planned[name] = msgspec.structs.replace(alarming, on_events=on_events)
    return tuple(planned.values())


def _planned(
    spec: AlarmSpec,
    steps: Mapping[str, int],
    generations: Mapping[str, int],
    *,
    on_wall: bool = False,
) -> Alarming:
    written = spec.model_dump(exclude_none=True, exclude={"title", "severity", "actions"})
    written["generations"] = [generations.get(window, 0) for window, _ in spec.sources]
    step = max((steps[window] for window, _ in spec.sources), default=0)
    if on_wall:
        step = MEASURED_MS
    sampled = spec.on_events  # Each sample is a datapoint, unless a longer period is asked for.
    period = spec.period or (0 if sampled else PERIOD_MS)
    return Alarming(
        spec.name, spec.title, spec.severity, sampled and not on_wall, _inputs(spec), spec.key,
        spec.stream, spec.maths, spec.statistic, 0 if sampled and period <= step else period,
        step, spec.band,
        Rule(
            comparison=spec.comparison, threshold=spec.threshold,
            datapoints=spec.datapoints_to_alarm, periods=spec.evaluation_periods,
            missing=spec.treat_missing_data,
        ),
        spec.rule, spec.actions, msgspec.json.encode(written, order="sorted").decode(),
    )  # fmt: skip


def _inputs(spec: AlarmSpec) -> tuple[Input, ...]:
    if spec.metric:
        return (Input("m1", "metric", spec.metric, ""),)
    if spec.window:
        return (Input("m1", "window", spec.window, spec.value),)
    if spec.detector:
        return (Input("m1", "detector", spec.detector, spec.field),)
    inputs = []
    for id_, source in spec.metrics.items():
        name, dot, field = source.partition(".")
        inputs.append(Input(id_, "window" if dot else "metric", name, field))
    return tuple(inputs)
