"""Batches of which a compacted topic takes some records and others not."""

import time

from aiokafka.record.default_records import DefaultRecordBatchBuilder


def batch(keys, times, compression=0):
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=2**20,
    )
    for at, (key, when) in enumerate(zip(keys, times, strict=True)):
        builder.append(at, when, key, b"v", [])
    return bytes(builder.build())


async def test_a_record_without_a_key_refuses_its_whole_batch(wire):
    topic = await wire.create(cleanup_policy="compact")
    now = [int(time.time() * 1000)] * 41
    assert (await wire.produce(topic, batch([b"a", b"", b"a"], now[:3]))).error_code == 0
    for compression in (0, 1):
        raw = batch([b"a", None, b"b", None, *[b"c"] * 37], now, compression)
        refused = await wire.produce(topic, raw)
        assert refused.error_code == 87 and refused.base_offset == -1
        assert [part.batch_index for part in refused.record_errors] == [1, 3]
    assert (await wire.list_offset(topic, -1)).offset == 3


async def test_the_time_of_arrival_does_not_replace_a_key(wire):
    topic = await wire.create(cleanup_policy="compact", message_timestamp_type="LogAppendTime")
    assert (await wire.produce(topic, batch([b"a"], [5]))).error_code == 0
    assert (await wire.produce(topic, batch([None], [5]))).error_code == 87


async def test_a_refusal_for_a_wrong_time_names_missing_keys_too(wire):
    topic = await wire.create(cleanup_policy="compact", message_timestamp_before_max_ms=1000)
    raw = batch([b"a", None, None], [5, 6, int(time.time() * 1000)])
    refused = await wire.produce(topic, raw)
    assert refused.error_code == 32
    assert sorted(part.batch_index for part in refused.record_errors) == [0, 1, 2]
