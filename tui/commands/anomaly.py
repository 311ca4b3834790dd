"""`dasprep-tui anomaly`: scores anybody's series."""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

from streaming.anomaly.csvfile import BadSeries, read
from streaming.anomaly.model import ModelSettings
from streaming.anomaly.modes import MODES
from streaming.anomaly.scores import BARS
from streaming.anomaly.scoring import Scorer
from tui.options import fail
from tui.safe import safe

_TOLD: Final = 20
"""Anomalies that are listed when no file is written."""
_EVERY: Final = 5_000


def main(options: argparse.Namespace) -> int:
    """Score; returns the exit code."""
    try:
        if len(set(options.values)) < len(options.values):
            raise BadSeries("a column is given twice with --value; give each once.")
        scorer = Scorer(
            ModelSettings(
                function=MODES[options.mode],
                columns=tuple(options.values),
                fill=(options.fill,) * len(options.values),
                parameters=dict(options.parameters),
                bar=BARS[options.sensitivity],
                direction=options.direction,
                near=options.near,
            ),
            options.seed,
        )
        with _source(options.csv) as (source, name), _target(options.out) as out:
            told = _score(scorer, source, name, options, out)
    except OSError as error:
        return fail(f"{error.filename or options.csv} cannot be used: {error.strerror}.")
    except ValueError as error:
        return fail(safe(str(error), 1000))
    if options.out != "-":
        print("\n".join(told))
    return 0


@contextlib.contextmanager
def _source(path: str) -> Iterator[tuple[TextIO, str]]:
    if path == "-":
        yield sys.stdin, "standard input"
        return
    with Path(path).open(encoding="utf-8-sig", newline="") as source:
        yield source, path


@contextlib.contextmanager
def _target(path: str | None) -> Iterator[TextIO | None]:
    """Where the scores go. A file appears when it is complete, and only then."""
    if path is None or path == "-":
        yield sys.stdout if path else None
        return
    target = Path(path)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with aside.open("x", encoding="utf-8", newline="") as out:
            yield out
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def _score(
    scorer: Scorer, source: TextIO, name: str, options: argparse.Namespace, out: TextIO | None
) -> list[str]:
    writer = None if out is None else csv.DictWriter(out, ("timestamp", *scorer.header))
    if writer is not None:
        writer.writeheader()
    states: dict[str, int] = {}
    found: list[str] = []
    rows = 0
    for row in read(source, name, options.time, options.values):
        cells = scorer.score(row.values)
        state = str(cells["state"])
        states[state] = states.get(state, 0) + 1
        rows += 1
        if writer is not None:
            writer.writerow({"timestamp": row.time, **cells})
        if state == "ANOMALY":
            found.append(_line(row.time, cells))
        if rows % _EVERY == 0 and sys.stderr.isatty():
            print(f"\r{rows:,} rows, {len(found):,} anomalies", end="", file=sys.stderr)
    if rows >= _EVERY and sys.stderr.isatty():
        print("\r\x1b[2K", end="", file=sys.stderr)
    counted = ", ".join(f"{n:,} {state}" for state, n in sorted(states.items()))
    more = len(found) - _TOLD
    told = found[:_TOLD] + ([f"and {more:,} more: --out has all of them"] if more > 0 else [])
    where = f"; scores in {safe(options.out, 300)}" if options.out else ""
    return [*told, f"{rows:,} rows: {counted}{where}"]


def _line(time: str, cells: dict[str, Any]) -> str:
    return safe(
        f"{time}  evidence {cells['evidence']:.2f}  grade {cells['grade']:.2f}  {cells['reason']}",
        400,
    )
