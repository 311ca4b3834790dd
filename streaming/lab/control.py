"""Carries out commands. Every command that changes something leaves a line in the journal."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from streaming.lab.commands import (
    Acknowledge,
    AddConsumer,
    Command,
    CompareKeys,
    CopyStore,
    Drain,
    Inject,
    KillBroker,
    KillConsumer,
    MergeShards,
    ReadParentsFirst,
    Reply,
    SampleLog,
    SetAggregation,
    SetCollection,
    SetLimits,
    SetRate,
    SetReading,
    SetShape,
    Shutdown,
    SplitShard,
    StopTraffic,
    Summary,
    Suppress,
    SwitchKey,
    TryKey,
    UpdateShardCount,
    UseWindows,
    Verify,
    WhatIf,
    WindowHistory,
)
from streaming.lab.consumer_commands import (
    PauseConsumer,
    RemoveConsumer,
    SetAssignor,
    SlowConsumer,
)
from streaming.lab.copying import copy_store
from streaming.lab.experiments import compare_keys, sample, try_key, what_if
from streaming.lab.fault_commands import LiftFaults, PlantFault
from streaming.lab.faulting import misbehave
from streaming.lab.record_commands import ReadRecords, TraceRecord
from streaming.lab.steering import regroup, steer
from streaming.lab.summary import summarise
from streaming.lab.window_history import history
from streaming.shards.limiter import MOST_READERS

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

_POLL_S = 0.1
MOST_SUPPRESSED_S = 7 * 86_400


async def execute(engine: Engine, command: Command) -> Reply:
    """Do what was asked and say what was done."""
    match command:
        case SetRate(per_s) if not 0 <= per_s <= 1_000_000:
            return Reply(False, f"a rate of {per_s:g} is outside 0 to 1,000,000 records/s")
        case Inject(_, seconds, _) if not 0 < seconds <= 3600:
            return Reply(False, "an incident lasts more than 0 and at most 3600 seconds")
        case SetRate() | SetShape() | Inject() | StopTraffic():
            return _noted(engine, "traffic", await engine.server.tell(command))
        case KillConsumer(name):
            done = engine.crew.supervisor.kill(name)
            text = f"killed {name} (SIGKILL)" if done else f"there is no running consumer {name}"
            return _noted(engine, "kill", Reply(done, text))
        case AddConsumer():
            return _noted(engine, "add", Reply(True, f"{engine.crew.add_consumer().name} joins"))
        case PauseConsumer() | SlowConsumer() | RemoveConsumer():
            return _noted(engine, "consumer", await steer(engine, command))
        case SetAssignor(assignor):
            return _noted(engine, "consumer", await regroup(engine, assignor))
        case KillBroker():
            return _noted(engine, "kill", _kill_broker(engine))
        case PlantFault() | LiftFaults():
            return _noted(engine, "fault", await misbehave(engine, command))
        case Drain(timeout_s):
            return await _drain(engine, timeout_s)
        case Verify():
            return _noted(engine, "verify", await _verify(engine))
        case CopyStore():
            return await copy_store(engine)
        case SampleLog(stream, records):
            return await sample(engine, stream, records)
        case WhatIf():
            return await what_if(engine, command)
        case CompareKeys(stream):
            return await compare_keys(engine, stream)
        case TryKey():
            return await try_key(engine, command)
        case SwitchKey(stream, key, shards):
            return _noted(engine, "epoch", await engine.switchboard.switch(stream, key, shards))
        case SplitShard(stream, shard, at):
            return _noted(engine, "epoch", await engine.switchboard.split(stream, shard, at))
        case MergeShards(stream, shard, other):
            return _noted(engine, "epoch", await engine.switchboard.merge(stream, shard, other))
        case UpdateShardCount(stream, shards):
            return _noted(engine, "epoch", await engine.switchboard.update_count(stream, shards))
        case SetLimits(numbers):
            return _noted(engine, "epoch", await engine.switchboard.limit(numbers))
        case SetAggregation(packing):
            return _noted(engine, "epoch", await engine.switchboard.aggregate(packing))
        case SetCollection(on):
            return _noted(engine, "epoch", await engine.switchboard.collect(on=on))
        case SetReading(readers, _) if not 1 <= readers <= MOST_READERS:
            return Reply(False, f"from 1 to {MOST_READERS} applications can poll a shard here")
        case SetReading(readers, fan_out):
            engine.reading.readers, engine.reading.fan_out = readers, fan_out
            await engine.reading.enforce()
            await engine.applications.enforce()
            text = (
                "enhanced fan-out: what others read takes nothing away"
                if fan_out
                else (f"polling: each of {readers} applications has its part of a shard's reads")
            )
            return _noted(engine, "reading", Reply(True, text))
        case ReadParentsFirst(on):
            engine.reading.parents_first = on
            await engine.reading.enforce()
            text = (
                "child shards are read after their parents"
                if on
                else ("child shards are read at once: records of a key may come out of order")
            )
            return _noted(engine, "reading", Reply(True, text))
        case UseWindows(windows):
            return _noted(engine, "windows", await engine.declared.change(windows))
        case WindowHistory():
            return await history(engine, command)
        case Acknowledge(alarm, key):
            reply = await engine.watching.acknowledge(alarm, None if key == "*" else key)
            return _noted(engine, "alarm", reply)
        case Suppress(_, seconds, _) if not 0 <= seconds <= MOST_SUPPRESSED_S:
            return Reply(False, "an alarm is suppressed for 0 seconds to 7 days")
        case Suppress(alarm, seconds, key):
            reply = await engine.watching.suppress(alarm, None if key == "*" else key, seconds)
            return _noted(engine, "alarm", reply)
        case ReadRecords():
            return await engine.records.read(command)
        case TraceRecord():
            return await engine.records.trace(command)
        case Summary(score_alarms):
            totals = await summarise(engine, score_alarms=score_alarms)
            return Reply(True, "", msgspec.json.encode(totals).decode())
        case Shutdown():
            engine.stop.set()
            return Reply(True, "the lab ends")


def _noted(engine: Engine, kind: str, reply: Reply) -> Reply:
    engine.journal.add("info" if reply.ok else "warn", kind, reply.text.splitlines()[0])
    if reply.ok and kind != "verify":
        engine.meter.mark(reply.text)
    return reply


def _kill_broker(engine: Engine) -> Reply:
    from streaming.broker.backend import Embedded

    if not isinstance(engine.backend, Embedded):
        return Reply(False, "only the lab's own embedded broker can be killed from here")
    engine.backend.kill()
    return Reply(True, "killed the embedded broker (SIGKILL); the lab restarts it on its data")


async def _drain(engine: Engine, timeout_s: float) -> Reply:
    """Wait until the log's ends, asked for after the traffic ended, are all in the store."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        stats = engine.crew.stats
        quiet = stats is not None and stats.state == "done"
        ends = await engine.log_ends() if quiet else None
        if ends is not None and engine.store is not None:
            ledger = engine.store.ledger
            behind = sum(max(0, end - ledger.shard(*s).next_offset) for s, end in ends.items())
            if behind == 0 and engine.merger is not None:
                # The ledger runs ahead of the transaction: wait for the one that is under way.
                await engine.merger.call(int)
                await engine.sample()
                return Reply(True, "every record of the log is in the store")
        await asyncio.sleep(_POLL_S)
    return Reply(
        False,
        f"after {timeout_s:g} s the store is still {engine.meter.lag() or 0:,} records behind",
    )


async def _verify(engine: Engine) -> Reply:
    from streaming.verify import VerifyError, read_store, render, verify

    if engine.store is None or engine.merger is None:
        return Reply(False, "the lab has not started yet")
    before, engine.state = engine.state, "verifying"
    try:
        con = await engine.merger.call(engine.store.reader)
        try:
            image = await asyncio.to_thread(read_store, con)
        finally:
            con.close()
        report = await verify(image, engine.backend.connection, topics=engine.topics)
    except VerifyError as error:
        return Reply(False, f"could not verify: {error}")
    finally:
        engine.state = before
    engine.verified = report
    return Reply(report.ok, render(report), msgspec.json.encode(report).decode())
