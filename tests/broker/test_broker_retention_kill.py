"""A server killed again and again while it writes, rolls segments and drops old ones."""

import asyncio
import random

import pytest

from streaming.broker.embedded.messages import data
from tests.broker.support import BrokerProcess, Wire, make_batch, values_in

KEEP = 60_000
SEGMENT = 9_000
KILLS = 4
BATCHES_A_LIFE = (40, 160)


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_is_left_after_kills_is_whole_and_each_record_is_there_once(tmp_path, seed):
    """The value of each record is the offset it must have; one batch is sent again after a kill."""
    dice = random.Random(seed)
    limits = ("--retention-check-ms", "5", "--retention-bytes", str(KEEP), "--retention-ms", "-1")
    broker = BrokerProcess(tmp_path, *limits).start()
    async with Wire(broker.port) as wire:
        await wire.create("t", internal_segment_bytes=SEGMENT, file_delete_delay_ms=7)
        request = data.InitProducerIdRequest(transaction_timeout_ms=1)
        producer = (await wire.call(22, 1, request, data.InitProducerIdResponse)).producer_id
    sent = begin = 0
    for life in range(KILLS + 1):
        async with Wire(broker.port) as wire:
            until_kill = dice.randint(*BATCHES_A_LIFE)
            while until_kill:
                count = dice.randint(1, 9)
                values = [b"%d" % (sent + i) + b" " * dice.randint(0, 200) for i in range(count)]
                raw = make_batch(values, producer_id=producer, epoch=0, sequence=sent)
                until_kill -= 1
                if not until_kill and life < KILLS:
                    doomed = asyncio.create_task(wire.produce("t", raw))
                    await asyncio.sleep(dice.uniform(0, 0.003))
                    broker.kill()
                    await asyncio.gather(doomed, return_exceptions=True)
                    break
                assert (await wire.produce("t", raw)).base_offset == sent
                sent += count
        if life == KILLS:
            break
        broker.start()
        async with Wire(broker.port) as wire:
            again = await wire.produce("t", raw)
            assert (again.error_code, again.base_offset) == (0, sent), "written once, by whom ever"
            sent += count
            first, end = [(await wire.list_offset("t", when)).offset for when in (-2, -1)]
            assert begin <= first <= end == sent
            found = await read_all(wire, first, end)
            begin = found[0][0]  # later than `first` when old segments went meanwhile
            assert begin >= first
            assert [offset for offset, _ in found] == list(range(begin, end))
            assert [int(value) for _, value in found] == list(range(begin, end))
    assert begin > 0, "old segments were dropped"
    assert broker.stop() == 0
    size = sum(path.stat().st_size for path in tmp_path.rglob("*.log"))
    assert KEEP <= size <= KEEP + 4 * SEGMENT


async def read_all(wire, first, end):
    found = []
    while first < end:
        (part,) = await wire.fetch("t", {0: first})
        if part.error_code == 1:  # dropped meanwhile
            start = await wire.list_offset("t", -2)
            assert start.error_code == 0 and first < start.offset <= end, (first, start, end)
            first, found = start.offset, []
            continue
        assert part.error_code == 0, part
        records = [record for record in values_in(part.records) if record[0] >= first]
        found += records
        first = records[-1][0] + 1
    return found
