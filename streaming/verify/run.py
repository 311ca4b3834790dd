"""The comparison from beginning to end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from generators.wire import STREAMS
from streaming.broker.connection import Connection
from streaming.verify.collect import Collector
from streaming.verify.compare import compare_windows
from streaming.verify.image import Progress, StoreImage
from streaming.verify.log import KafkaLog, LogSource, Range, Shard
from streaming.verify.raw import compare_raw
from streaming.verify.report import Tally, VerifyReport
from streaming.windows.spec import PANE_MS

_EVERYTHING = 2**62


async def verify(
    image: StoreImage,
    kafka: Connection,
    *,
    topics: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> VerifyReport:
    """Compare a store's image with the log of a Kafka cluster.

    `topics` maps stream to topic name where they differ; `progress` is told (records read,
    records to read); `options` are the client's security settings. Raises VerifyError when the
    comparison cannot be made.
    """
    async with KafkaLog(kafka, topics) as log:
        return await check_log(image, log, progress=progress)


async def check_log(
    image: StoreImage, log: LogSource, *, progress: Callable[[int, int], None] | None = None
) -> VerifyReport:
    """Compare a store's image with any log.

    The records are judged in a thread, so that the caller's event loop stays free.
    """
    started = time.perf_counter()
    tally = Tally()
    bounds: dict[Shard, Range] = {}
    for stream in STREAMS:
        for number, limits in (await log.bounds(stream)).items():
            bounds[stream, number] = limits
    ranges, truncated = _plan(image, bounds, tally)
    collector = Collector(image, bounds, ranges, tally)
    total = sum(stop - start for start, stop in ranges.values())
    wanted = {shard: limits for shard, limits in ranges.items() if limits[0] < limits[1]}
    if wanted:
        async for records in log.read(wanted):
            await asyncio.to_thread(collector.feed, records)
            if progress is not None:
                progress(tally.records, total)
    await asyncio.to_thread(_compare, image, bounds, collector, truncated, tally)
    return tally.report(time.perf_counter() - started)


def _plan(
    image: StoreImage, bounds: Mapping[Shard, Range], tally: Tally
) -> tuple[dict[Shard, Range], set[str]]:
    """What to read of each shard; the streams whose log is shorter than what was counted."""
    ranges: dict[Shard, Range] = {}
    truncated: set[str] = set()
    for shard in sorted(set(bounds) | set(image.offsets)):
        where = f"{shard[0]}/{shard[1]}"
        begin, end = bounds.get(shard, (0, 0))
        p = image.offsets.get(shard, Progress(0, 0, None))
        tally.beyond_store += max(0, end - max(begin, p.next_offset))
        if p.acked_end > end:
            gone = p.acked_end - end
            tally.add_lost(
                gone, "acked_missing", where, f"{end} records", f"{p.acked_end} acknowledged"
            )
        if p.next_offset > end:
            truncated.add(shard[0])
            tally.add_wrong("log_truncated", where, f"end {end}", f"counted to {p.next_offset}")
        if 0 < p.next_offset < begin:
            gone = begin - p.next_offset
            tally.add_lost(
                gone, "log_retention", where, f"begins at {begin}", f"counted to {p.next_offset}"
            )
        if shard[0] in STREAMS:
            ranges[shard] = (begin, max(begin, min(end, p.next_offset)))
    return ranges, truncated


def _compare(
    image: StoreImage,
    bounds: Mapping[Shard, Range],
    collector: Collector,
    truncated: set[str],
    tally: Tally,
) -> None:
    collector.finish()
    skip_to = dict.fromkeys(truncated, _EVERYTHING // 1000)
    for shard, (begin, _) in bounds.items():
        progress = image.offsets.get(shard)
        if begin > 0 and progress is not None and progress.watermark_ms is not None:
            edge = _removed_up_to(shard, progress.watermark_ms, collector, image.lateness_ms)
            skip_to[shard[0]] = max(edge, skip_to.get(shard[0], edge))
    compare_windows(image, collector.columns, skip_to, tally)
    collector.declared.compare(image.watermarks, skip_to, tally)
    compare_raw(image, collector.columns, bounds, tally)


def _removed_up_to(shard: Shard, watermark_ms: int, collector: Collector, lateness_ms: int) -> int:
    """The latest event time that a removed record of this shard can have had in a window.

    The first retained record that was not late bounds it: had a removed one before it been
    further ahead than its pane's end and the allowed lateness, it would have been late.
    """
    first = collector.first_counted_ms.get(shard)
    if first is None:
        return watermark_ms
    return min(watermark_ms, (first // PANE_MS + 1) * PANE_MS + lateness_ms - 1)
