"""`dasprep-tui keys`: what each key strategy would do to a stream of your own events."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

import msgspec

from streaming.lab import paths
from streaming.lab.client import AttachedLab
from streaming.lab.commands import SampleLog
from streaming.lab.link import LabError, LinkLost
from streaming.shards.keys import BadKey, offered, parse
from streaming.shards.limits import MOST_SHARDS, shard_limits
from streaming.shards.report import render
from streaming.shards.sample import BadSample, Sample, read_lines
from streaming.shards.whatif import Question, compare
from tui.commands.common import find_root
from tui.options import fail
from tui.safe import LINE_LIMIT, safe, safe_lines

DEFAULT_RATE: Final = 1000.0
_SAMPLES: Final = (
    "Give a file with one JSON object a line with --sample, - for standard input, "
    "or start a lab and leave --sample out."
)


def main(options: argparse.Namespace) -> int:
    """Compare; 0 when there is an answer, 2 when the sample or a key makes no sense."""
    if max(options.shards) > MOST_SHARDS:
        return fail(f"{max(options.shards):,} shards; {MOST_SHARDS:,} are allowed (--shards).")
    try:
        strategies = [parse(text) for text in options.keys or offered(options.view)]
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
        print(safe_lines(render(rows, (), sample, question)))
    for item in left_out:
        print(safe(f"left out: {item.key}: {item.why}", LINE_LIMIT), file=sys.stderr)
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
