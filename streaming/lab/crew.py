"""The lab's working processes: what each is told at its start, and what they report together."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from generators.schedule import read_schedule
from streaming.consumer.config import WorkerConfig
from streaming.lab.assignors import Assignor
from streaming.lab.producer_messages import (
    CollectionStats,
    KeyStats,
    PackingStats,
    ProducerStats,
    ShardPuts,
)
from streaming.lab.rate import Growth, Rate
from streaming.lab.supervisor import Child, Supervisor
from streaming.producer.config import ProducerConfig
from streaming.shards.limiter import THROTTLED, throttled_text
from streaming.store.ledger import Shard

if TYPE_CHECKING:
    from streaming.lab.engine import Engine
    from streaming.lab.merger import Merger
    from streaming.store.store import Store

GENERATOR: Final = "generator"
APPLICATION: Final = "app-"
"""What the names of other applications begin with."""

GENERATOR_PAUSE_S: Final = 0.3

STUCK_S: Final = 25.0
"""A consumer whose shards have lag but do not move for so long is killed and started again."""

TAKEOVER_S: Final = 2.0
"""After a session timeout the group needs about this long to give a dead member's shards away."""


class Crew:
    """The generator and the consumers of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.supervisor = Supervisor(engine.paths.logs, engine.journal)
        self.supervisor.on_death = self._died
        self.stats: ProducerStats | None = None
        self.rate = Rate()
        self._throttled: dict[Shard, Growth] = {}
        self._calls: dict[str, Growth] = {}
        self.throttled_before = 0
        """Refusals that the store knows of from before this engine."""
        self._incarnation = -1
        self._before = (0, 0)
        self._traffic_began: float | None = None
        self._stuck: dict[str, float] = {}
        self.assignor: Assignor = engine.settings.assignor
        """How the group shares its shards out now."""

    # --- the generator ----------------------------------------------------------------------

    def start_traffic(self, store: Store, merger: Merger) -> None:
        """Start the generator process."""

        async def config() -> ProducerConfig:
            return await self._producer_config(store, merger)

        self.supervisor.keep(GENERATOR, "streaming.producer", config, lambda: GENERATOR_PAUSE_S)

    async def _producer_config(self, store: Store, merger: Merger) -> ProducerConfig:
        engine, settings = self._engine, self._engine.settings
        async with engine.switchboard.lock:
            plans = tuple(engine.switchboard.plans.values())
        now = time.monotonic()
        self._traffic_began = self._traffic_began or now
        left = engine.duration_s - (now - self._traffic_began)
        # What the generator before this one delivered is stored before its row is closed.
        await merger.call(store.merge, [], frozenset(), self.stats_row())
        last, self.stats = self.stats, None
        self._incarnation = await merger.call(store.new_incarnation, int(time.time() * 1000))
        self._before = await self._delivered_before(store, merger)
        return ProducerConfig(
            engine=engine.address,
            kafka=engine.backend.connection.wire(),
            topics=engine.topics,
            plans=plans,
            seed=settings.seed,
            rate=last.target_per_s if last else settings.rate,
            shape=last.shape if last else settings.shape,
            incarnation=self._incarnation,
            duration_s=max(0.05, left) if engine.duration_s else 0.0,
            clock=engine.clock,
            origin_ms=int(
                await merger.call(store.meta_default, "origin_ms", str(engine.clock.now_ms()))
            ),
            incidents=read_schedule(settings.incidents, settings.seed),
        )

    async def _delivered_before(self, store: Store, merger: Merger) -> tuple[int, int]:
        """Records produced and acknowledged by earlier generators.

        A killed one could not report its last batches; the log knows them.
        """
        produced, acked = await merger.call(store.produced_before, self._incarnation)
        ends = await self._engine.log_ends()
        if ends is not None:
            in_log = sum(ends.values())
            base = int(await merger.call(store.meta_default, "log_base", str(in_log)))
            produced, acked = max(produced, in_log - base), max(acked, in_log - base)
        return produced, acked

    def take(self, stats: ProducerStats) -> None:
        """New numbers from the generator."""
        self.stats = stats
        self.rate.update(self.produced()[0])
        for put in stats.puts:
            growth = self._throttled.setdefault((put.stream, put.shard), Growth())
            if put.throttled and not growth.total:
                why = f"{THROTTLED}: {throttled_text(put.stream, put.shard)}"
                self._engine.journal.add("warn", "throttled", why)
            growth.update(put.throttled)
        for collection in stats.collection:
            self._calls.setdefault(collection.stream, Growth()).update(collection.calls)

    def stats_row(self) -> tuple[int, ProducerStats] | None:
        """The generator's numbers as the store keeps them: (incarnation, stats)."""
        return None if self.stats is None else (self._incarnation, self.stats)

    def keys(self, stream: str, epoch: int) -> KeyStats | None:
        """What the generators know of the keys of a stream's epoch."""
        known = self.stats.keys if self.stats is not None else ()
        return next((k for k in known if k.stream == stream and k.epoch == epoch), None)

    def puts(self, stream: str) -> dict[int, ShardPuts]:
        """What the limits of a stream's shards refused and make wait."""
        known = self.stats.puts if self.stats is not None else ()
        return {put.shard: put for put in known if put.stream == stream}

    def packing(self, stream: str) -> PackingStats | None:
        """What aggregation does to a stream that has it."""
        known = self.stats.packing if self.stats is not None else ()
        return next((packing for packing in known if packing.stream == stream), None)

    def collection(self, stream: str) -> CollectionStats | None:
        """The calls that put a stream's records."""
        known = self.stats.collection if self.stats is not None else ()
        return next((collection for collection in known if collection.stream == stream), None)

    def calls_per_s(self, stream: str) -> float | None:
        """Calls that put a stream's records, a second over the last seconds."""
        growth = self._calls.get(stream)
        return growth.rate.per_s() if growth is not None else None

    def throttled(self) -> int:
        """Records refused over all starts of the generator; one refused twice counts twice."""
        now = sum(growth.total for growth in self._throttled.values())
        return self.throttled_before + now

    def throttled_per_s(self, stream: str, shard: int) -> float | None:
        """Refusals of a shard a second over the last seconds."""
        growth = self._throttled.get((stream, shard))
        return growth.rate.per_s() if growth is not None else None

    def produced(self) -> tuple[int, int]:
        """Records produced and acknowledged over all starts of the generator."""
        produced, acked = self._before
        if self.stats is not None:
            produced += self.stats.produced
            acked += self.stats.acked
        return produced, acked

    # --- the consumers ----------------------------------------------------------------------

    def add_consumer(self) -> Child:
        """Start one more consumer process."""
        taken = self.supervisor.children
        return self._keep(next(f"c-{n}" for n in range(len(taken) + 1) if f"c-{n}" not in taken))

    def _keep(self, name: str) -> Child:
        async def config() -> WorkerConfig:
            return self._worker_config(name)

        return self.supervisor.keep(name, "streaming.consumer", config, self._consumer_pause)

    def _worker_config(self, name: str) -> WorkerConfig:
        engine, s = self._engine, self._engine.settings
        return WorkerConfig(
            name=name,
            engine=engine.address,
            kafka=engine.backend.connection.wire(),
            group=s.group,
            topics=engine.topics,
            dead_letter_topic=s.dead_letter_topic,
            lateness_ms=engine.store.lateness_ms if engine.store else s.lateness_ms,
            flush_ms=s.flush_ms,
            session_timeout_ms=int(s.session_timeout_s * 1000),
            assignor=self.assignor,
            store_clicks=engine.store_clicks,
            clock=engine.clock,
        )

    async def regroup(self, assignor: Assignor) -> None:
        """Let every consumer leave, and start again with another way to share out."""
        self.assignor = self._engine.rebalances.assignor = assignor
        before = self.consumers()
        await self.supervisor.stop(*(child.name for child in before))
        for child in before:
            self._keep(child.name).restarts = child.restarts

    def _consumer_pause(self) -> float:
        """Let the group notice a death and move the shards, unless nobody is left to take them."""
        others = [c for c in self.consumers() if c.pid is not None]
        return self._engine.settings.session_timeout_s + TAKEOVER_S if others else 0.2

    def consumers(self) -> list[Child]:
        """The consumer processes."""
        return [c for c in self.supervisor.children.values() if _role(c) == "consumer"]

    def kill_stuck(self, now: float) -> None:
        """Replace consumers that stand still: aiokafka's fetch task can die in silence."""
        engine = self._engine
        if engine.backend.state != "up" or engine.store is None:
            self._stuck.clear()
            return
        for name in engine.meter.stuck_owners(now, STUCK_S, engine.store.ledger):
            live = engine.server.consumers.get(name)
            if live is not None and live.braked(now, 2 * STUCK_S):
                continue  # it was told to
            if now - self._stuck.get(name, -STUCK_S) >= STUCK_S:
                self._stuck[name] = now
                engine.journal.add("alarm", "stalled", f"{name} does not move; it starts again")
                self.supervisor.kill(name)

    # --- all of them ------------------------------------------------------------------------

    def processes(self) -> list[tuple[str, int]]:
        """(role, process id) of everything that runs, engine and broker included."""
        running = [("engine", os.getpid())]
        if self._engine.backend.pid is not None:
            running.append(("broker", self._engine.backend.pid))
        running += [
            (_role(child), child.pid)
            for child in self.supervisor.children.values()
            if child.pid is not None
        ]
        return running

    def _died(self, name: str) -> None:
        self._engine.meter.mark(f"{name} died")


def _role(child: Child) -> str:
    if child.name == GENERATOR:
        return "generator"
    return "application" if child.name.startswith(APPLICATION) else "consumer"
