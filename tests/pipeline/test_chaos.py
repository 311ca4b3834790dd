"""Faults of the broker from a running lab: they are told while they last, and cost no record."""

from __future__ import annotations

import time
from pathlib import Path

from streaming.broker.mischief import MISCHIEF
from streaming.lab.commands import Inject
from streaming.lab.fault_commands import LiftFaults, PlantFault
from tests.pipeline.lab_driver import assert_exact, lab


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
