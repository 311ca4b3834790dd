"""`dasprep-tui alarms`: states, history and what people do about them."""

from __future__ import annotations

import argparse
import asyncio

from streaming.declarations.errors import DeclarationsError
from streaming.declarations.file import read_declarations
from streaming.declarations.specification import Declarations
from streaming.lab.alarm_snapshot import AlarmView, DetectorView
from streaming.lab.commands import Acknowledge, Suppress
from streaming.lab.link import LabError
from streaming.lab.snapshot import LabSnapshot
from tui.commands.common import find_root
from tui.commands.running import done, look
from tui.numbers import clock
from tui.options import fail
from tui.safe import safe_lines
from tui.views.alarms import number


def main(options: argparse.Namespace) -> int:
    """Do what was asked; see `alarms_options` for the exit codes."""
    try:
        if options.action == "check":
            print(safe_lines(_described(read_declarations(options.file))))
            return 0
        root = find_root(options.data_dir)
        if options.action in ("list", "detectors", "history"):
            seen = asyncio.run(look(root))
            told = {"list": listed, "detectors": detectors}.get(options.action)
            text = told(seen) if told is not None else history(seen, options.last)
            print(safe_lines(text))
            return 0
        command = (
            Acknowledge(options.alarm, options.key)
            if options.action == "ack"
            else Suppress(options.alarm, options.seconds, options.key)
        )
        return done(root, command)
    except (DeclarationsError, FileNotFoundError, LabError) as error:
        return fail(str(error))


def _described(declared: Declarations) -> str:
    every = declared.every_detector()
    lines = [
        f"detector {d.name}: {d.function} of {', '.join(d.looks_at)} "
        f"in {d.window or d.stream or d.metric}"
        for d in every
    ]
    for spec in declared.alarms:
        watched = (
            spec.rule or spec.maths or spec.metric or spec.detector or f"{spec.window}.{spec.value}"
        )
        lines.append(f"alarm {spec.name}: {watched}")
    return "\n".join([*lines, f"{len(every)} detectors, {len(declared.alarms)} alarms"])


def listed(seen: LabSnapshot) -> str:
    """Each alarm with its reason."""
    return "\n".join(_alarm(alarm) for alarm in seen.alarms) or "this lab has no alarms"


def _alarm(alarm: AlarmView) -> str:
    name = f"{alarm.name} {alarm.key}".strip()
    since = f" since {clock(alarm.since_at_ms)}" if alarm.since_at_ms else ""
    extra = ", acknowledged" if alarm.acknowledged else ""
    extra += ", actions off" if alarm.suppressed_until_at_ms else ""
    return (
        f"{alarm.state:<17} {name}: {number(alarm.value)} against {alarm.bound}{since}{extra}\n"
        f"  {alarm.reason}"
    )


def detectors(seen: LabSnapshot) -> str:
    """Each detector with its newest score and why."""
    return "\n".join(_detector(each) for each in seen.detectors) or "this lab has no detectors"


def _detector(d: DetectorView) -> str:
    name = f"{d.name} {d.key}".strip()
    if d.needed and d.warm < d.needed:
        return f"{'WARMING':<10} {name}: {d.source}; {d.warm} of {d.needed} points"
    band = f"{number(d.expected_low)} to {number(d.expected_high)}"
    score = f"evidence {number(d.evidence)} of {d.bar:g}, grade {number(d.grade)}"
    if d.evidence is None:
        score = f"score {number(d.anomaly_score)}"
    text = f"{d.state:<10} {name}: {d.feature} {number(d.value)}, expected {band}; {score}"
    return f"{text}\n  {d.last_reason}" if d.last_reason else text


def history(seen: LabSnapshot, last: int) -> str:
    """The newest changes, newest first."""
    lines = [
        f"{clock(c.at_ms)} {f'{c.name} {c.key}'.strip()}: {c.before} to {c.after}; {c.reason}"
        for c in seen.alarm_changes[:last]
    ]
    return "\n".join(lines) or "no alarm has changed its state yet"
