"""The screens on a lab that is made up: `python -m tests.screens.demo`; also the pty tests' app."""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from streaming.lab.commands import Command, Reply, SetRate, Verify, WindowHistory
from streaming.lab.link import LabError, LinkLost
from streaming.lab.record_commands import ReadRecords, TraceRecord
from streaming.lab.snapshot import EventView, LabSnapshot, RatePoint
from streaming.lab.stream_snapshot import ShardView, StreamView
from tests.screens.fake_records import RecordsLink
from tests.screens.fake_windows import window_history
from tests.screens.fakes import events, kinesis_stream, shard, snapshot, starting, stream
from tests.screens.hostile import PAYLOADS
from tests.screens.nasty import hostile_log, nasty_kinesis
from tui.app import run_app
from tui.preferences import Choice, Preferences

SLOW_MODES = ("normal", "lost")
"""Modes for people: they start as slowly as a lab does."""


class DemoLink:
    """Moves made-up numbers four times a second; `mode` chooses how it misbehaves."""

    def __init__(self, mode: str, shards: int, pid_file: str, kinesis: bool = False) -> None:
        self.kinesis = kinesis
        self.mode = mode
        self.shards = shards
        self.pid_file = pid_file
        self.rate = 2500.0
        self.random = random.Random(7)
        self.points: list[RatePoint] = []
        self.diary: list[EventView] = list(events())
        self.lag = 0.0
        self.records = RecordsLink(hostile_log())

    async def open(self) -> None:
        await asyncio.sleep(1.5 if self.mode in SLOW_MODES else 0)
        if self.mode == "error":
            raise LabError("the data directory is in use by process 77.\nStop it with [b]kill[/b].")

    async def snapshots(self) -> AsyncIterator[LabSnapshot | LinkLost]:
        if self.mode in SLOW_MODES:
            for detail in ("broker", "topics", "consumers"):
                yield self._now(starting(detail))
                await asyncio.sleep(0.7)
        if self.pid_file:
            Path(self.pid_file).write_text(str(os.getpid()))
        if self.mode == "crash":
            password = "hunter2-secret"
            raise RuntimeError(f"made to fail with {len(password)} \x1b[31mletters")
        if self.mode == "segv":
            os.abort()
        for seq in range(10**9):
            if self.mode == "lost" and seq % 40 > 28:
                yield LinkLost("the engine's pipe closed")
            elif self.mode == "hostile":
                yield self._now(self._hostile(seq))
            else:
                yield self._now(self._moved(seq))
            await asyncio.sleep(0.12 if self.mode == "hostile" else 0.25)

    async def send(self, command: Command) -> Reply:
        if self.mode == "hostile":
            return await self._hostile_reply(command)
        if isinstance(command, SetRate):
            self.rate = command.per_s
            return Reply(True, f"the rate is {command.per_s:,.0f} records/s")
        if isinstance(command, Verify):
            await asyncio.sleep(3)
            return Reply(True, "0 lost, 0 doubled, 690,000 records compared\nwindows: 300 equal")
        await asyncio.sleep(1)
        return Reply(True, f"{type(command).__name__} done [/x]")

    async def close(self) -> None:
        if self.mode == "slow":
            await asyncio.sleep(60)
        if self.pid_file:
            Path(self.pid_file + ".closed").write_text("closed")

    def _now(self, view: LabSnapshot) -> LabSnapshot:
        now = int(time.time() * 1000)
        broker = msgspec.structs.replace(view.broker, since_at_ms=now - 3000)
        return msgspec.structs.replace(view, at_ms=now, broker=broker)

    async def _hostile_reply(self, command: Command) -> Reply:
        """Data where a view can show some, else a text that tries to steer the terminal."""
        if isinstance(command, ReadRecords | TraceRecord):
            return await self.records.send(command)
        if isinstance(command, WindowHistory):
            return window_history(tuple(PAYLOADS.values())[4:7])
        return Reply(False, "".join(PAYLOADS[name] for name in ("escape", "title", "bidi", "c1")))

    def _hostile(self, seq: int) -> LabSnapshot:
        """Each payload in turn; the file tells how often all of them were shown."""
        payloads = tuple(PAYLOADS.values())
        Path(f"{self.pid_file}.rounds").write_text(str(seq // len(payloads)))
        payload = payloads[seq % len(payloads)]
        return msgspec.structs.replace(
            nasty_kinesis(payload), seq=seq + 2, detail=payload, notices=(payload,), noticed=seq
        )

    def _moved(self, seq: int) -> LabSnapshot:
        now = int(time.time() * 1000)
        entered = self.rate * (1 + 0.1 * math.sin(seq / 20)) + self.random.gauss(0, 25)
        left = min(entered, 2600.0) if self.lag <= 0 else 2600.0
        self.lag = max(0.0, self.lag + (entered - left) / 4)
        if seq % 4 == 0:
            mark = "clicks epoch 2: key country instead of customer_id" if seq % 120 == 60 else ""
            self.points.append(RatePoint(now, entered, left, int(self.lag), mark))
            del self.points[:-600]
        if seq % 60 == 59:
            text = f"rebalance {seq // 60} stable after 2.{seq % 9} s"
            self.diary.append(EventView(self.diary[-1].seq + 1, now, "good", "rebalance", text))
        clicks = tuple(self._shard(id, entered, now) for id in range(self.shards))
        moving = msgspec.structs.replace(
            stream(), shards=clicks, in_per_s=entered, out_per_s=left, lag=int(self.lag)
        )
        if self.kinesis:
            moving = self._ranges(moving)
        return msgspec.structs.replace(
            snapshot(seq),
            at_ms=now,
            streams=(moving, stream("orders", 4)),
            history=tuple(self.points),
            events=tuple(self.diary),
        )

    def _ranges(self, moving: StreamView) -> StreamView:
        """The Kinesis view of it, an epoch old: its records grow, and one shard is full."""
        view = kinesis_stream()
        before, now = view.epochs
        held = msgspec.structs.replace(
            now,
            began_at_ms=self.points[0].at_ms - 60_000 if self.points else now.began_at_ms,
            records=now.records + int(moving.in_per_s or 0) * len(self.points),
        )
        return msgspec.structs.replace(
            view,
            in_per_s=moving.in_per_s,
            out_per_s=moving.out_per_s,
            lag=moving.lag,
            throttled_per_s=max(0.0, self.random.gauss(300, 40)),
            epochs=(before, held),
        )

    def _shard(self, id: int, total: float, now: int) -> ShardView:
        view = shard(id)
        rate = total * (view.share or 0) * self.random.uniform(0.8, 1.2)
        shown = [
            round(point.in_per_s * (view.share or 0)) for point in self.points if point.in_per_s
        ]
        return msgspec.structs.replace(
            view, in_per_s=rate, trend=tuple(shown[-60:]), watermark_at_ms=now - 8000
        )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", default="normal")
    parser.add_argument("--ascii", action="store_true")
    parser.add_argument("--hz", type=float, default=2.0)
    parser.add_argument("--shards", type=int, default=12)
    parser.add_argument("--kinesis", action="store_true")
    parser.add_argument("--pid-file", default="")
    parser.add_argument("--crash-dir", type=Path)
    options = parser.parse_args()
    wanted = Preferences(hz=options.hz, ascii=options.ascii, tour_hidden=True)
    return run_app(
        lambda: DemoLink(options.mode, options.shards, options.pid_file, options.kinesis),
        choice=Choice(wanted, wanted),
        crash_dir=options.crash_dir,
    )


if __name__ == "__main__":
    sys.exit(main())
