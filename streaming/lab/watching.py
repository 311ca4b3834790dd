"""The engine's side of the alarms: samples in, what changed told and acted upon."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streaming.alarms.actions import PLAIN, Alarmed, Runner
from streaming.alarms.book import Change
from streaming.lab.commands import Reply
from streaming.lab.lab_metrics import LabMetrics, shard_metrics
from streaming.lab.snapshot import LabSnapshot

if TYPE_CHECKING:
    from streaming.lab.engine import Engine
    from streaming.store.alarms import Alarms

log: Final = logging.getLogger(__name__)

NOTICES: Final = 20


class Watching:
    """Feeds the alarms on the lab's metrics, and does what alarms ask for when they go off."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._metrics = LabMetrics()
        self._newest: LabSnapshot | None = None
        self._news = asyncio.Event()
        self._runner = Runner()
        self._running: set[asyncio.Task[None]] = set()
        self._producer: AIOKafkaProducer | None = None
        self.bells = 0
        """Times that an alarm asked for the terminal's bell."""
        self.notices: list[str] = []
        """What alarms want to be told on the desktop, the newest last; see `noticed`."""
        self.noticed = 0

    def see(self, snapshot: LabSnapshot) -> None:
        """Have the newest snapshot watched, as soon as the store's thread is free for it."""
        self._newest = snapshot
        self._news.set()

    async def run(self) -> None:
        """Feed what was seen, for ever. Nobody waits for it: the store may take long."""
        engine = self._engine
        assert engine.merger is not None and engine.store is not None  # noqa: S101
        while True:
            await self._news.wait()
            self._news.clear()
            assert self._newest is not None  # noqa: S101
            values = self._metrics.of(self._newest)
            if values:
                analysis, at_ms = engine.store.analysis, self._newest.at_ms
                shards = shard_metrics(self._newest, analysis.measuring.metrics)
                self.told(await engine.merger.call(analysis.tick, at_ms, values, shards))

    def told(self, changes: Iterable[Change]) -> None:
        """States changed: write it down, and act for those that went off."""
        engine = self._engine
        assert engine.store is not None  # noqa: S101
        remarks = engine.store.remarks
        while remarks:
            engine.journal.add("warn", "model", remarks.pop(0))
        for change in changes:
            alarms = engine.store.analysis.alarms
            plan = alarms.planned(change.alarm)
            if plan is None:
                continue
            name = f"{change.alarm} {change.key}".strip()
            if change.after == "ALARM":
                level = "alarm" if plan.severity == "alarm" else "warn"
                engine.journal.add(level, "alarm", f"{name}: {plan.title or change.reason}")  # type: ignore[arg-type]
                engine.meter.mark(f"alarm {name}")
                self._act(alarms, change, plan.actions, plan.title, plan.severity)
            elif change.before == "ALARM":
                engine.journal.add("good", "alarm", f"{name}: {change.after}")

    def _act(
        self, alarms: Alarms, change: Change, actions: Iterable[str], title: str, severity: str
    ) -> None:
        if alarms.is_suppressed(change.alarm, change.key, int(time.time() * 1000)):
            return
        alarmed = Alarmed(
            change.alarm, change.key, title, severity, change.after, change.before, change.at_ms,
            change.reason, change.value,
        )  # fmt: skip
        for action in actions:
            if action == "bell":
                self.bells += 1
            elif action == "notify":
                self.noticed += 1
                self.notices.append(f"{change.alarm} {change.key}: {title or change.reason}")
                del self.notices[:-NOTICES]
            else:
                task = asyncio.create_task(self._run(action, alarmed))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def _run(self, action: str, alarmed: Alarmed) -> None:
        try:
            if action in PLAIN:
                wrong = await self._record(alarmed)
            else:
                wrong = await self._runner.run(action, alarmed)
        except Exception as error:
            log.exception("an alarm's action failed")
            wrong = f"{action}: {error}"
        if wrong:
            self._engine.journal.add("warn", "action", f"{alarmed.alarm}: {wrong}")

    async def _record(self, alarmed: Alarmed) -> str:
        """Write a record to the alarms' topic."""
        topic = self._engine.settings.alarms_topic
        try:
            if self._producer is None:
                producer = AIOKafkaProducer(**self._engine.backend.connection.options())
                await producer.start()
                self._producer = producer
            key = f"{alarmed.alarm} {alarmed.key}".strip().encode()
            sending = self._producer.send_and_wait(topic, msgspec.json.encode(alarmed), key=key)
            await asyncio.wait_for(sending, 10)
        except (KafkaError, TimeoutError) as error:
            return f"it is not in the topic {topic}: {error}"
        return ""

    async def close(self) -> None:
        """End what is under way."""
        for task in self._running:
            task.cancel()
        if self._producer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._producer.stop(), 2)

    # --- people -----------------------------------------------------------------------------

    async def acknowledge(self, alarm: str, key: str | None) -> Reply:
        """Somebody knows of an alarm."""
        engine = self._engine
        if engine.merger is None or engine.store is None:
            return Reply(False, "the lab has no alarms yet")
        done = await engine.merger.call(engine.store.acknowledge, alarm, key)
        if not done:
            return Reply(False, f"no alarm called {_named(alarm, key)} is in ALARM")
        return Reply(True, f"acknowledged: {', '.join(done)}")

    async def suppress(self, alarm: str, key: str | None, seconds: float) -> Reply:
        """No actions of an alarm for a while; 0 ends that."""
        engine = self._engine
        if engine.merger is None or engine.store is None:
            return Reply(False, "the lab has no alarms yet")
        until_ms = int((time.time() + seconds) * 1000) if seconds else 0
        done = await engine.merger.call(engine.store.suppress, alarm, key, until_ms)
        if not done:
            return Reply(False, f"there is no alarm called {_named(alarm, key)}")
        how = f"no actions for {seconds:g} s" if seconds else "its actions are on again"
        return Reply(True, f"{', '.join(done)}: {how}")


def _named(alarm: str, key: str | None) -> str:
    return f"{alarm} {key or ''}".strip()
