"""Retention by time and size: what goes, what stays, and where the log then begins.

Both brokers check twice a second here; segments hold two batches, for only whole ones go.
"""

import time

import pytest

from tests.broker.support import make_batch, until, values_in
from tests.conformance.clients import consumer, read
from tests.conformance.group_wire import commit, committed
from tests.conformance.test_kafka_configs import SET, change

VALUE = b"x" * 400
SIZE = len(make_batch([VALUE]))
HOUR_MS = 3_600_000
SEGMENTS = {"internal_segment_bytes": 2 * SIZE, "file_delete_delay_ms": 0}


def now_ms():
    return int(time.time() * 1000)


async def fill(wire, topic, *times):
    """One batch of one record for each time."""
    for time_ms in times:
        done = await wire.produce(topic, make_batch([VALUE], times=[time_ms]))
        assert done.error_code == 0


async def begins_at(wire, topic, offset):
    async def there():
        return (await wire.list_offset(topic, -2)).offset == offset

    await until(there)


async def checked_once_more(wire):
    """Wait until retention was checked after now: it then has taken a log made for the purpose."""
    topic = await wire.create(retention_ms=1, **SEGMENTS)
    await fill(wire, topic, now_ms() - HOUR_MS)
    await begins_at(wire, topic, 1)


async def test_records_past_their_time_go_with_the_last_segment_too(wire):
    topic = await wire.create(retention_ms=HOUR_MS, **SEGMENTS)
    await fill(wire, topic, *[now_ms() - 2 * HOUR_MS] * 5)
    await begins_at(wire, topic, 5)
    assert (await wire.list_offset(topic, -1)).offset == 5
    assert (await wire.fetch(topic, {0: 0}))[0].error_code == 1
    await fill(wire, topic, now_ms())
    (part,) = await wire.fetch(topic, {0: 5})
    assert values_in(part.records) == [(5, VALUE)]


async def test_only_segments_from_the_front_go(wire):
    topic = await wire.create(retention_ms=HOUR_MS, **SEGMENTS)
    old, new = now_ms() - 2 * HOUR_MS, now_ms()
    await fill(wire, topic, old, old, old, new, old, old)
    await begins_at(wire, topic, 2)
    await checked_once_more(wire)
    await begins_at(wire, topic, 2)


async def test_a_log_over_its_size_loses_whole_segments_until_it_is_not(wire):
    topic = await wire.create(retention_bytes=5 * SIZE, **SEGMENTS)
    await fill(wire, topic, *[now_ms()] * 11)
    await begins_at(wire, topic, 6)
    await checked_once_more(wire)
    assert (await wire.list_offset(topic, -2)).offset == 6, "one more would leave too little"


async def test_both_limits_act(wire):
    topic = await wire.create(retention_bytes=3 * SIZE, retention_ms=HOUR_MS, **SEGMENTS)
    old, new = now_ms() - 2 * HOUR_MS, now_ms()
    await fill(wire, topic, old, old, new, new, new, new, new, new)
    await begins_at(wire, topic, 4)


async def test_without_limits_everything_stays(wire):
    topic = await wire.create(retention_ms=-1, retention_bytes=-1, **SEGMENTS)
    await fill(wire, topic, *[1_000_000] * 6)
    await checked_once_more(wire)
    assert (await wire.list_offset(topic, -2)).offset == 0


async def test_the_time_of_the_append_counts_where_the_broker_stamps(wire):
    topic = await wire.create(
        retention_ms=HOUR_MS, message_timestamp_type="LogAppendTime", **SEGMENTS
    )
    await fill(wire, topic, *[now_ms() - 2 * HOUR_MS] * 4)
    await checked_once_more(wire)
    assert (await wire.list_offset(topic, -2)).offset == 0


async def test_a_topic_that_is_only_compacted_keeps_what_is_old(wire):
    topic = await wire.create(retention_ms=1, cleanup_policy="compact", **SEGMENTS)
    raw = make_batch([VALUE], times=[now_ms() - HOUR_MS], key=b"k")
    for _ in range(4):
        assert (await wire.produce(topic, raw)).error_code == 0
    await checked_once_more(wire)
    assert (await wire.list_offset(topic, -2)).offset == 0


async def test_a_record_without_key_cannot_be_compacted(wire):
    topic = await wire.create(cleanup_policy="compact")
    refused = await wire.produce(topic, make_batch([VALUE]))
    assert refused.error_code == 87
    assert [error.batch_index for error in refused.record_errors] == [0]
    assert (await wire.produce(topic, make_batch([VALUE], key=b"k"))).base_offset == 0


async def test_a_limit_set_later_acts_on_what_is_there(wire):
    topic = await wire.create(**SEGMENTS)
    await fill(wire, topic, *[now_ms()] * 9)
    await checked_once_more(wire)
    assert (await wire.list_offset(topic, -2)).offset == 0
    assert await change(wire, topic, ("retention.bytes", SET, str(4 * SIZE))) == 0
    await begins_at(wire, topic, 4)


async def test_a_deletion_inside_a_segment_is_not_undone(wire):
    topic = await wire.create(retention_bytes=5 * SIZE, **SEGMENTS)
    await fill(wire, topic, *[now_ms()] * 5)
    assert (await wire.delete_records(topic, 3)).low_watermark == 3
    await checked_once_more(wire)
    assert (await wire.list_offset(topic, -2)).offset == 3


async def test_commits_below_the_start_stay_and_a_consumer_starts_again(kafka, wire):
    topic, group = await wire.create(retention_ms=HOUR_MS, **SEGMENTS), await wire.group()
    await fill(wire, topic, *[now_ms() - 2 * HOUR_MS] * 4)
    assert await commit(wire, group, topic, 1) == 0
    await begins_at(wire, topic, 4)
    assert (await committed(wire, group, topic)).offset == 1
    await fill(wire, topic, now_ms())
    async with consumer(kafka, topic, group_id=group) as reads:
        (message,) = await read(reads, 1)
    assert message.offset == 4


@pytest.mark.parametrize("size", [2, 3])
async def test_a_log_goes_on_in_a_new_segment_before_the_limit_is_passed(wire, size):
    """Seen by retention: what is dropped tells how many batches a segment holds."""
    topic = await wire.create(retention_bytes=SIZE, internal_segment_bytes=size * SIZE)
    await fill(wire, topic, *[now_ms()] * (2 * size + 1))
    await begins_at(wire, topic, 2 * size)
