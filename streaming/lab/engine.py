"""The lab's engine: brings broker, generators, consumers and store together and watches them.

It runs in its own process (see `streaming.lab.process`); views get snapshots and send commands
over the channel. It ends when its parent does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from pathlib import Path
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition

from streaming import clock as clocks
from streaming.broker.backend import Backend, Embedded, External
from streaming.broker.connection import Connection
from streaming.broker.topics import ANSWER_S, LogWatch
from streaming.clock import LabClock
from streaming.declarations.specification import Declarations
from streaming.lab.applications import Applications
from streaming.lab.cluster import Cluster
from streaming.lab.crew import Crew
from streaming.lab.declaring import Declaring
from streaming.lab.journal import Journal
from streaming.lab.merger import Merger
from streaming.lab.meter import Meter
from streaming.lab.opening import prepare
from streaming.lab.paths import LabPaths
from streaming.lab.reading import Reading
from streaming.lab.rebalances import Rebalances
from streaming.lab.records import Records
from streaming.lab.server import Server
from streaming.lab.settings import LabSettings
from streaming.lab.snapshot import BrokerState, LabSnapshot, LabState
from streaming.lab.switchboard import Switchboard
from streaming.lab.usage import Usage
from streaming.lab.views import build_snapshot
from streaming.lab.watching import Watching
from streaming.store.epochs import Epoch, Measured
from streaming.store.ledger import Shard
from streaming.store.store import Store, StoreFailed
from streaming.verify import VerifyReport

log: Final = logging.getLogger(__name__)

SAMPLE_S: Final = 0.5
FRESH_S: Final = 1.5
"""A log's end that takes longer to learn is shown as unknown, not as what it was."""
RETAIN_EVERY_S: Final = 60.0


class Engine:
    """One lab. `run` returns when it was told to end; errors are BrokerError and StoreError."""

    def __init__(
        self,
        settings: LabSettings,
        root: Path,
        runtime_dir: Path,
        duration_s: float = 0.0,
        *,
        resume: bool = False,
        windows: Declarations | None = None,
    ) -> None:
        self.settings = settings
        self._resume = resume
        self.paths = LabPaths(root)
        self.runtime_dir = runtime_dir
        self.address = ""
        self.duration_s = duration_s
        self.started_at_ms = int(time.time() * 1000)
        self.state: LabState = "starting"
        self.detail = "opening the store"
        self.stop = asyncio.Event()
        self.topics = {stream: settings.topic(stream) for stream in settings.streams}
        self.shards = dict.fromkeys(settings.streams, settings.shards)
        self.journal = Journal([])
        self.usage = Usage()
        self.server = Server(self)
        self.rebalances = Rebalances(self.journal, assignor=settings.assignor)
        self.backend: Backend = self._make_backend()
        self.meter = Meter(self.shards, settings.idle_s)
        self.cluster = Cluster(self)
        self.crew = Crew(self)
        self.switchboard = Switchboard(self)
        self.declared = Declaring(self, windows or Declarations())
        self.watching = Watching(self)
        self.store: Store | None = None
        self.merger: Merger | None = None
        self.watch: LogWatch | None = None
        self.failure: BaseException | None = None
        self.verified: VerifyReport | None = None
        self.max_lag_ms = 0.0
        self.store_clicks = settings.store_clicks
        self.clock = clocks.begin(self.started_at_ms, settings.speed, None, None)
        self.reading = Reading(self)
        self.applications = Applications(self)
        self.records = Records(self)
        self._seq = 0

    def _make_backend(self) -> Backend:
        if self.settings.bootstrap:
            return External(Connection(self.settings.bootstrap, self.settings.kafka))
        return Embedded(self.paths.broker, self.paths.logs / "broker.log", self.broker_changed)

    # --- life -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Start everything, work until `stop` is set, end everything."""
        loops: list[asyncio.Task[None]] = [asyncio.create_task(self._publish())]
        try:
            await self._start(loops)
            stopping = asyncio.create_task(self.stop.wait())
            await asyncio.wait({stopping, *loops}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            for task in loops:
                if task.done() and (error := task.exception()):
                    raise error
        except Exception as error:
            self.state, self.detail, self.failure = "failed", str(error), error
            await self.server.publish(self.snapshot())
            raise
        finally:
            await self._end(loops)

    async def _start(self, loops: list[asyncio.Task[None]]) -> None:
        self.store = store = Store(
            self.paths.store, self.settings.streams, self.settings.lateness_ms
        )
        # Kept as the first start said: half of the clicks would be worth nothing.
        wanted = str(self.settings.store_clicks).lower()
        self.store_clicks = store.meta_default("store_clicks", wanted) == "true"
        store.set_meta("topic_prefix", self.settings.topic_prefix)
        store.set_meta("bootstrap", self.settings.bootstrap or "")
        store.set_meta("kafka", json.dumps(self.settings.kafka.public()))
        self.clock = self._lab_clock(store)
        self.journal = Journal(store.last_journal(50))
        self.rebalances.journal = self.crew.supervisor.journal = self.journal
        self.merger = Merger(
            store, self.journal, self._idle, self.crew.stats_row, self.reading.claimed,
            self.watching.told,
        )  # fmt: skip
        self.journal.add("info", "start", f"the lab starts in {self.paths.root}")
        self.detail = f"starting {self.backend.label}"
        await self.backend.start()
        await self.cluster.begin()
        where = self.backend.connection.bootstrap
        self.journal.add("info", "broker", f"{self.backend.label} at {where}")
        self.detail = "making the topics"
        await prepare(self, store, resume=self._resume)
        watched = self.merger.run(), self.cluster.run(), self.watching.run()
        loops += map(asyncio.create_task, (*watched, self._measure(), self._retain()))
        self.detail = "starting generators and consumers"
        for _ in range(self.settings.consumers):
            self.crew.add_consumer()
        self.crew.start_traffic(store, self.merger)

    def _lab_clock(self, store: Store) -> LabClock:
        """The clock of this start, which the store keeps for the engine after a killed one."""
        text = store.meta_default("clock", "")
        before = msgspec.json.decode(text, type=LabClock) if text else None
        if before is not None and self._resume:
            return before
        clock = clocks.begin(
            self.started_at_ms, self.settings.speed, before, store.newest_event_ms()
        )
        store.set_meta("clock", msgspec.json.encode(clock).decode())
        return clock

    async def _end(self, loops: list[asyncio.Task[None]]) -> None:
        self.state = "stopping" if self.failure is None else "failed"
        self.switchboard.moves.close()
        await self.crew.supervisor.stop()
        for task in loops:
            task.cancel()
        await asyncio.wait(loops, timeout=2)
        if self.watch is not None:
            await self.watch.close()
        await self.watching.close()
        await self.records.close()
        if self.merger is not None:
            self.journal.add("info", "stop", "the lab ends")
            if not isinstance(self.failure, StoreFailed):
                with contextlib.suppress(StoreFailed):
                    await self.merger.finish()
            self.merger.close()
        elif self.store is not None:
            self.store.close()
        await self.backend.stop()

    # --- watching ---------------------------------------------------------------------------

    async def _measure(self) -> None:
        while True:
            began = time.monotonic()
            await self.sample()
            await asyncio.sleep(max(0.05, SAMPLE_S - (time.monotonic() - began)))

    async def sample(self) -> None:
        """Measure everything once, now."""
        assert self.watch is not None and self.store is not None  # noqa: S101
        reachable = self.backend.state != "restarting" or self.backend.kind == "external"
        ends = await self.log_ends(FRESH_S) if reachable else None
        now = time.monotonic()
        self.meter.sample(now, ends, self.store.ledger)
        self.meter.point(now, int(time.time() * 1000))
        self.max_lag_ms = max(self.max_lag_ms, self.meter.lag_ms(now) or 0.0)
        self.usage.sample(self.crew.processes())
        self.rebalances.settle(now, self.store.ledger)
        await self.reading.enforce()
        await self.applications.enforce()
        await self.switchboard.expire(now)
        self._state_from_parts()
        self.crew.kill_stuck(now)

    async def log_ends(self, within_s: float = ANSWER_S) -> dict[Shard, int] | None:
        """Where each shard's log ends now, None when the broker does not answer in time."""
        assert self.watch is not None  # noqa: S101
        answer = await self.watch.ends(self.partitions(), within_s)
        return None if answer is None else self.by_shard(answer)

    def by_shard(self, ends: dict[TopicPartition, int]) -> dict[Shard, int]:
        """Offsets by stream and shard instead of topic and partition."""
        by_topic = {topic: stream for stream, topic in self.topics.items()}
        return {(by_topic[tp.topic], tp.partition): end for tp, end in ends.items()}

    async def begin_epoch(self, epoch: Epoch, measured: Measured | None) -> None:
        """Store that a stream has another plan from here on, and watch the shards it has then."""
        assert self.store is not None and self.merger is not None  # noqa: S101
        stream, shards = epoch.plan.stream, epoch.plan.shards
        await self.merger.call(self.store.begin_epoch, epoch, measured)
        for number in range(shards):
            await self.merger.call(self.store.ledger.shard, stream, number)
        self.shards[stream] = shards
        self.meter.resize(self.shards)
        self.reading.follow(stream, self.store.epochs.of(stream))
        await self.reading.enforce()

    def _state_from_parts(self) -> None:
        if self.state not in ("starting", "live", "paused"):
            return
        stats = self.crew.stats
        if stats is None or stats.state == "starting":
            return
        owned = self.store is not None and bool(self.store.ledger.owners)
        if not owned and self.state == "starting":
            self.detail = "the consumers join their group"
            return
        self.state = "paused" if stats.target_per_s == 0 or stats.shape == "pause" else "live"
        self.detail = ""

    async def _publish(self) -> None:
        while True:
            snapshot = self.snapshot()
            await self.server.publish(snapshot)
            self.watching.see(snapshot)
            await asyncio.sleep(SAMPLE_S)

    async def _retain(self) -> None:
        while True:
            await asyncio.sleep(RETAIN_EVERY_S)
            if self.merger is not None and self.store is not None:
                keep_ms = int(self.settings.keep_hours * 3_600_000)
                told = await self.merger.call(self.store.retain, keep_ms, self.settings.keep_rows)
                for text in told:
                    self.journal.add("info", "retention", text)

    def snapshot(self) -> LabSnapshot:
        """The lab as it stands."""
        self._seq += 1
        return build_snapshot(self, self._seq)

    # --- small facts ------------------------------------------------------------------------

    def partitions(self) -> dict[str, int]:
        """Partitions in use of each topic."""
        return {self.topics[stream]: count for stream, count in self.shards.items()}

    def _all_shards(self) -> list[Shard]:
        return [(stream, n) for stream, count in self.shards.items() for n in range(count)]

    def _idle(self) -> set[Shard]:
        """Shards that do not hold the watermark back: silent, closed and read, or of no plan."""
        assert self.store is not None  # noqa: S101
        ledger, used = self.store.ledger, set(self._all_shards())
        unused = {shard for shard in list(ledger.progress) if shard not in used}
        return self.meter.idle(time.monotonic()) | unused | self.reading.finished()

    def broker_changed(self, state: BrokerState, why: str) -> None:
        """Note that the broker came into another state."""
        level: Any = "good" if state == "up" else "alarm"
        text = f"{self.backend.label if hasattr(self, 'backend') else 'broker'}: {state}"
        self.journal.add(level, "broker", f"{text} ({why})" if why else text)
        if hasattr(self, "meter"):
            self.meter.mark(f"broker {state}")
