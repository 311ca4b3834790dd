"""How good alarms are, held against what was planted."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from generators.incidents import DUPLICATE, LATE, POISON

SLACK_MS: Final = 60_000
"""An alarm this long after an incident's end still speaks of it: windows close late, and a shop
takes a while to be as it was."""

UNWATCHED: Final = (LATE, DUPLICATE, POISON)
"""Kinds that no alarm on event time looks for: windows leave such records out."""


class Label(msgspec.Struct, frozen=True, order=True):
    """A planted incident, [start, end) in ms of event time."""

    start_ms: int
    end_ms: int
    kind: str


class Alarm(msgspec.Struct, frozen=True, order=True):
    """An alarm that went off, in ms of event time."""

    at_ms: int
    name: str


class AlarmScores(msgspec.Struct, frozen=True):
    """The JSON `alarm_scores`.

    `precision` is the part of alarms that were due to an incident, `recall` the part of incidents
    that had an alarm; None where there was nothing to divide by. `delay_s` is from an incident's
    start to its first alarm.
    """

    precision: float | None
    recall: float | None
    delay_s: dict[str, float | None]
    false_alarms: int
    missed: int
    alarms: int
    incidents: int
    kinds: dict[str, dict[str, int]]
    false: list[Alarm]


def score(
    labels: Sequence[Label], alarms: Sequence[Alarm], slack_ms: int = SLACK_MS
) -> AlarmScores:
    """Hold alarms against labels.

    An alarm is true from the start of an incident until `slack_ms` after its end; several in one
    incident are true each. Incidents of `UNWATCHED` kinds are neither missed nor found, but what
    goes off in them is not false. Labels of one kind that overlap are one incident (a generator
    that was killed plants the rest of it again).
    """
    incidents = merged(labels)
    watched = [label for label in incidents if label.kind not in UNWATCHED]
    false = [a for a in alarms if not any(_within(a, label, slack_ms) for label in incidents)]
    delays, kinds = [], {label.kind: {"found": 0, "missed": 0} for label in watched}
    for label in watched:
        due = [alarm.at_ms for alarm in alarms if _within(alarm, label, slack_ms)]
        kinds[label.kind]["found" if due else "missed"] += 1
        if due:
            delays.append((min(due) - label.start_ms) / 1000)
    return AlarmScores(
        precision=1 - len(false) / len(alarms) if alarms else None,
        recall=len(delays) / len(watched) if watched else None,
        delay_s={
            "p50": statistics.median(delays) if delays else None,
            "max": max(delays, default=None),
        },
        false_alarms=len(false),
        missed=len(watched) - len(delays),
        alarms=len(alarms),
        incidents=len(watched),
        kinds=kinds,
        false=sorted(false),
    )


def merged(labels: Sequence[Label]) -> list[Label]:
    """The labels, those of one kind that overlap or touch made one."""
    whole: list[Label] = []
    for label in sorted(labels, key=lambda each: (each.kind, each.start_ms)):
        last = whole[-1] if whole else None
        if last is not None and last.kind == label.kind and label.start_ms <= last.end_ms:
            end = max(last.end_ms, label.end_ms)
            whole[-1] = Label(last.start_ms, end, label.kind)
        else:
            whole.append(label)
    return sorted(whole)


def _within(alarm: Alarm, label: Label, slack_ms: int) -> bool:
    return label.start_ms <= alarm.at_ms <= label.end_ms + slack_ms


def read(con: Any) -> tuple[list[Label], list[Alarm]]:
    """The labels and the alarms by event time of a store's connection."""
    labels = con.execute(
        "SELECT epoch_ms(start_at), epoch_ms(end_at), kind FROM ground_truth"
    ).fetchall()
    alarms = con.execute(
        "SELECT epoch_ms(happened_at), trim(alarm || ' ' || key) FROM alarm_history "
        "WHERE after = 'ALARM' AND clock = 'event time' ORDER BY 1, 2"
    ).fetchall()
    return [Label(*row) for row in labels], [Alarm(*row) for row in alarms]
