"""`dasprep-tui keys`: what each key strategy would do to a stream of your own events."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from streaming.lab import paths
from streaming.lab.client import AttachedLab
from streaming.lab.commands import SampleLog
from streaming.lab.link import LabError, LinkLost
from streaming.shards.keys import REGISTRY, BadKey, parse
from streaming.shards.limits import shard_limits
from streaming.shards.sample import BadSample, Sample, read_lines
from streaming.shards.whatif import Question, Row, compare
from tui.commands.common import find_root
from tui.options import fail
from tui.safe import safe

LONGEST: Final = 60
DEFAULT_RATE: Final = 1000.0
_SAMPLES: Final = (
    "Give a file with one JSON object a line with --sample, - for standard input, "
    "or start a lab and leave --sample out."
)
HEADINGS: Final = (
    "key", "shards", "max/mean", "CV", "Gini", "Jain", "hottest", "throttled", "keys", "order kept",
)  # fmt: skip


def main(options: argparse.Namespace) -> int:
    """Compare; 0 when there is an answer, 2 when the sample or a key makes no sense."""
    try:
        strategies = [parse(text) for text in options.keys or REGISTRY]
        sample, measured = _sample(options)
    except (BadKey, BadSample, FileNotFoundError, LabError) as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"the sample {options.sample} cannot be read: {error.strerror}. {_SAMPLES}")
    per_s = options.rate or measured or DEFAULT_RATE
    question = Question(
        options.view, options.shards, per_s, shard_limits(options.numbers), options.seed
    )
    rows, left_out = compare(sample, strategies, question)
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows)).decode() + "\n")
    elif rows:
        _print(rows, sample, question)
    for item in left_out:
        print(f"left out: {safe(item.key, LONGEST)}: {safe(item.why, 200)}", file=sys.stderr)
    if not rows:
        return fail(
            "no strategy could be tried on this sample. Name its fields with --key, "
            "such as --key user_id --key '{country}:{plan}'."
        )
    return 0


def _sample(options: argparse.Namespace) -> tuple[Sample, float | None]:
    """The sample, and the rate of its stream where that is measured."""
    if options.sample is None:
        return _of_running_lab(options)
    if options.sample == "-":
        return read_lines(sys.stdin.buffer, options.last), None
    source = Path(options.sample)
    if not source.exists():
        raise BadSample(f"there is no file {source}. {_SAMPLES}")
    with source.open("rb") as lines:
        return read_lines(lines, options.last), None


def _of_running_lab(options: argparse.Namespace) -> tuple[Sample, float | None]:
    root = find_root(options.data_dir)
    if not paths.is_running(root):
        raise LabError(f"No lab is running in {root}. {_SAMPLES}")
    path, measured = asyncio.run(_ask(root, options.stream, options.last))
    try:
        with path.open("rb") as lines:
            return read_lines(lines), measured
    finally:
        path.unlink(missing_ok=True)


async def _ask(root: Path, stream: str, records: int) -> tuple[Path, float | None]:
    lab = AttachedLab(root)
    await lab.open()
    try:
        reply = await lab.send(SampleLog(stream, records))
        if not reply.ok:
            raise LabError(f"The lab gave no sample: {reply.text}")
        news = await anext(aiter(lab.snapshots()))
    finally:
        await lab.close()
    rates = [] if isinstance(news, LinkLost) else [s for s in news.streams if s.name == stream]
    return Path(reply.data), rates[0].in_per_s if rates else None


def _print(rows: Sequence[Row], sample: Sample, question: Question) -> None:
    mean = float(sample.sizes.mean())
    limits = question.limits
    print(
        f"{len(sample):,} records of {mean:,.0f} bytes on average, "
        f"at {question.rate:,.0f} records/s, {question.view} view"
    )
    if question.view == "kinesis":
        print(
            f"each shard takes {limits.records_in_per_s:,} records/s "
            f"or {limits.bytes_in_per_s:,} bytes/s"
        )
    table = [HEADINGS, *map(_cells, rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS) - 1)]
    for row in table:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:], strict=True)]
        print("  ".join([*cells, row[-1]]))


def _cells(row: Row) -> tuple[str, ...]:
    return (
        safe(row.key, LONGEST),
        f"{row.shards:,}",
        f"{row.max_over_mean:.2f}",
        f"{row.cv:.2f}",
        f"{row.gini:.2f}",
        f"{row.jain:.2f}",
        f"{row.hottest_share:.1%}",
        f"{row.throttled_share:.1%}" if row.view == "kinesis" else "-",
        f"{row.distinct_keys:,}",
        safe(row.order_kept, 2 * LONGEST),
    )
