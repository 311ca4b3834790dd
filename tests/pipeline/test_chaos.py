"""Faults of the broker from a running lab: they are told while they last, and cost no record."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest

from streaming.broker.mischief import MISCHIEF
from streaming.lab.commands import AddConsumer, Inject, KillBroker, KillConsumer, SplitShard
from streaming.lab.consumer_commands import RemoveConsumer
from streaming.lab.fault_commands import LiftFaults, PlantFault
from tests.pipeline.lab_driver import DrivenLab, assert_exact, lab

DEEDS = 24
MOST_MEMBERS = 5
SESSION_S = 2.0


async def test_every_fault_of_the_broker_costs_time_and_no_record(tmp_path: Path) -> None:
    async with lab(tmp_path, rate=500) as driven:
        await driven.stored(500)
        await driven.do(Inject("poison", 60.0))
        planted = await driven.until(lambda s: s.traffic.incidents == ("poison",), "poison")
        assert 0 < planted.traffic.incident_ends[0] - time.time() * 1000 <= 60_000
        for name in MISCHIEF:
            await driven.do(PlantFault(name, 2.0 if name == "pause" else 60.0))
        seen = await driven.until(lambda s: len(s.broker.faults) == len(MISCHIEF) - 1, "faults")
        assert all(fault.until_at_ms > seen.at_ms for fault in seen.broker.faults)
        before = seen.store.stored
        await driven.stored(before + 500)
        await driven.do(LiftFaults())
        await driven.until(lambda s: not s.broker.faults, "lifted")
        refused = await driven.link.send(PlantFault("roses", 1.0))
        assert not refused.ok and "slow" in refused.text
        refused = await driven.link.send(PlantFault("slow", 0.0))
        assert not refused.ok and "0.5" in refused.text
        assert_exact(await driven.finish())


@pytest.mark.soak
@pytest.mark.parametrize("assignor", ["roundrobin", "cooperative-sticky"])
async def test_whatever_happens_to_a_group_costs_no_record(tmp_path: Path, assignor: str) -> None:
    """Members die, stand still, come and leave, shards split, the broker is killed, at random."""
    chance = random.Random(f"chaos {assignor}")
    settings = {
        "assignor": assignor,
        "view": "kinesis",
        "consumers": 3,
        "session_timeout_s": SESSION_S,
    }
    async with lab(tmp_path, **settings) as driven:
        await driven.stored(1000)
        for _ in range(DEEDS):
            await one_deed(driven, chance)
            assert driven.latest is not None
            await driven.stored(driven.latest.store.stored + chance.randrange(200, 5000))
        assert_exact(await driven.finish())


async def one_deed(driven: DrivenLab, chance: random.Random) -> None:
    """Do something to the group; what cannot be done just now is refused, which is well, too."""
    snapshot = driven.latest
    assert snapshot is not None
    members = [consumer.name for consumer in snapshot.consumers]
    name = chance.choice(members)
    match chance.choice(["kill", "kill", "stop", "come", "leave", "split", "broker"]):
        case "kill":
            await driven.link.send(KillConsumer(name))
        case "stop":
            await stopped(driven, name, chance.randrange(200, 8000))
        case "come" if len(members) < MOST_MEMBERS:
            await driven.link.send(AddConsumer())
        case "leave" if len(members) > 2:
            await driven.link.send(RemoveConsumer(name))
        case "split":
            stream = chance.choice(snapshot.streams)
            shard = chance.choice([s.id for s in stream.shards if s.state != "closed"])
            await driven.link.send(SplitShard(stream.name, shard))
        case "broker":
            await driven.link.send(KillBroker())


async def stopped(driven: DrivenLab, name: str, records: int) -> None:
    """Let a member stand still, dead to its group or not, until so many more were produced."""
    before = driven.latest
    assert before is not None
    pid = next(c.pid for c in before.consumers if c.name == name)
    if pid is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        try:
            await driven.until(lambda s: s.traffic.produced >= before.traffic.produced + records)
        finally:
            os.kill(pid, signal.SIGCONT)
