"""Questions about keys that the engine answers from the newest records of a stream."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from streaming.lab.changes import switch_key
from streaming.lab.commands import Reply, TryKey, WhatIf
from streaming.lab.stream_snapshot import CandidateView
from streaming.lab.tail import events_of, tail
from streaming.shards.keys import offered, shop
from streaming.shards.limits import MOST_SHARDS, shard_limits
from streaming.shards.plan import StreamPlan, View
from streaming.shards.report import render
from streaming.shards.sample import BadSample, read_lines
from streaming.shards.whatif import Question, Row, compare
from streaming.verify import VerifyError
from streaming.verify.log import LogRecord

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

MOST_SAMPLED: Final = 1_000_000
TRIED_ON: Final = 20_000
COMPARED_ON: Final = 5_000
"""Fewer, for the screen asks for it again and again."""
VIEWS: Final[tuple[View, ...]] = ("msk", "kinesis")


async def sample(engine: Engine, stream: str, records: int) -> Reply:
    """Write the newest records to a file that the asker reads and removes."""
    if not 0 < records <= MOST_SAMPLED:
        return Reply(False, f"a sample has from 1 to {MOST_SAMPLED:,} records")
    values = await _newest(engine, stream, records)
    if isinstance(values, Reply):
        return values
    path = Path(engine.runtime_dir) / f"sample-{time.monotonic_ns()}.jsonl"
    # JSON may have line breaks between its parts, and here each record is one line.
    lines = [value.replace(b"\n", b" ") + b"\n" for value in values]
    await asyncio.to_thread(path.write_bytes, b"".join(lines))
    return Reply(True, f"{len(values):,} records", str(path))


async def what_if(engine: Engine, asked: WhatIf) -> Reply:
    """Try the usual keys out, at the rate that the stream has now."""
    if not asked.shards or not all(0 < count <= MOST_SHARDS for count in asked.shards):
        return Reply(False, f"a stream has from 1 to {MOST_SHARDS:,} shards")
    values = await _newest(engine, asked.stream, TRIED_ON)
    if isinstance(values, Reply):
        return values
    rate = _rate(engine, asked.stream)
    try:
        text = await asyncio.to_thread(_answer, values, asked, rate)
    except BadSample:
        return Reply(False, f"there are no records of {asked.stream} yet")
    return Reply(True, text)


async def try_key(engine: Engine, asked: TryKey) -> Reply:
    """Foretell what a key would do, by the plan that a switch to it would make."""
    old = engine.switchboard.plans.get(asked.stream)
    if old is None:
        return Reply(False, f"there is no stream {asked.stream!r}")
    try:
        new = switch_key(old, asked.key or old.key, asked.shards).plan
    except ValueError as error:
        return Reply(False, str(error))
    recent = await engine.switchboard.moves.recent(asked.stream)
    row = await predict(engine, new, recent)
    if row is None:
        return Reply(False, f"there are no records of {asked.stream} yet")
    moved = await asyncio.to_thread(engine.switchboard.moves.foretell, old, new, recent)
    told = _candidate(row, len(recent), None if moved is None else moved.keys)
    return Reply(True, "", msgspec.json.encode(told).decode())


async def compare_keys(engine: Engine, stream: str) -> Reply:
    """Foretell what each of the usual keys would do on the shards that there are."""
    plan = engine.switchboard.plans.get(stream)
    values = await _newest(engine, stream, COMPARED_ON)
    if isinstance(values, Reply):
        return values
    if plan is None or not values:
        return Reply(False, f"there are no records of {stream} yet")
    keys = dict.fromkeys((plan.key, *offered(plan.view)))
    rate = _rate(engine, stream)
    rows = await asyncio.to_thread(_foretold, values, plan, tuple(keys), rate)
    told = [_candidate(row, len(values), None) for row in rows]
    return Reply(True, "", msgspec.json.encode(told).decode())


def _candidate(row: Row, records: int, moved: float | None) -> CandidateView:
    strategy = shop(row.key)
    return CandidateView(
        row.key, row.view, row.shards, strategy.keeps, strategy.loses, records, row.max_over_mean,
        row.cv, row.gini, row.jain, row.hottest_share, row.throttled_share, row.distinct_keys,
        moved,
    )  # fmt: skip


async def predict(engine: Engine, plan: StreamPlan, recent: Sequence[LogRecord]) -> Row | None:
    """What a plan would do to these newest records, None when it cannot be told."""
    rate, values = _rate(engine, plan.stream), events_of(plan.stream, recent)
    with contextlib.suppress(BadSample):
        rows = await asyncio.to_thread(_foretold, values, plan, (plan.key,), rate)
        return rows[0] if rows else None
    return None


def _foretold(
    values: list[bytes], plan: StreamPlan, keys: Sequence[str], rate: float
) -> Sequence[Row]:
    shards, starts = plan.shards, tuple[int, ...]()
    if plan.shard_map is not None:
        shards = len(plan.shard_map.open)
        starts = tuple(shard.start for shard in plan.shard_map.open)
    question = Question(plan.view, (shards,), rate, shard_limits(plan.numbers), starts=starts)
    rows, _ = compare(read_lines(values), [shop(key) for key in keys], question)
    return rows


def _rate(engine: Engine, stream: str) -> float:
    """Records a second of a stream now; those in aggregates count one by one."""
    view = next(view for view in engine.snapshot().streams if view.name == stream)
    together = view.packing.records_per_pack if view.packing is not None else None
    return (view.in_per_s or 0.0) * (together or 1.0) or engine.settings.rate


def _answer(values: list[bytes], asked: WhatIf, rate: float) -> str:
    records = read_lines(values)
    parts = []
    for view in VIEWS:
        strategies = [shop(text) for text in offered(view)]
        question = Question(view, asked.shards, rate, shard_limits())
        rows, left_out = compare(records, strategies, question)
        parts.append(render(rows, left_out, records, question, asked.width))
    return "\n\n".join(parts)


async def _newest(engine: Engine, stream: str, records: int) -> list[bytes] | Reply:
    if stream not in engine.topics:
        return Reply(False, f"there is no stream {stream!r}; there are {', '.join(engine.topics)}")
    try:
        return await tail(engine.backend.connection, engine.topics, stream, records)
    except VerifyError as error:
        return Reply(False, str(error))
