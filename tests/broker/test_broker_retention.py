"""What a log outlives: by time, by size, by its start; without a server but for the last tests."""

import random
import time
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.broker.embedded import retention
from streaming.broker.embedded.errors import StorageError
from streaming.broker.embedded.messages import admin, data
from tests.broker.log_support import RULES, opened, put
from tests.broker.support import BASE_TIME, BrokerProcess, Wire, make_batch, unique, until

VALUE = b"v" * 940
BATCH = len(make_batch([VALUE]))
SMALL = replace(RULES, segment_bytes=2 * BATCH)  # two batches a segment


@dataclass
class Part:
    size: int
    largest_timestamp: int = 0


def grown(folder, batches, rules=SMALL):
    """A log of one-record batches, one second apart."""
    partition = opened(folder)
    for number in range(batches):
        put(partition, [VALUE], rules, times=[BASE_TIME + 1000 * number])
    return partition


def files(folder, pattern="*.log"):
    return sorted(path.name for path in folder.glob(pattern))


@pytest.mark.parametrize(
    ("ages", "keep_ms", "gone"),
    [
        ([50, 40, 30, 0], 35, 2),
        ([50, 40, 30, 0], 40, 1),  # exactly as old as allowed: it stays
        ([50, 10, 40, 0], 35, 1),  # one that must stay keeps all behind it
        ([50, 40], 35, 2),  # the one being written goes too
        ([-10, 0], 0, 0),  # a time in the future
        ([50], -1, 0),
    ],
)
def test_segments_go_from_the_front_when_all_their_records_are_too_old(ages, keep_ms, gone):
    assert retention.past_time([Part(1, 1000 - age) for age in ages], keep_ms, 1000) == gone


@pytest.mark.parametrize(
    ("sizes", "keep", "gone"),
    [
        ([10, 10, 10, 5], 20, 1),
        ([10, 10, 10, 5], 25, 1),
        ([10, 10, 10, 5], 26, 0),  # without the first one less would be left than asked for
        ([10, 10, 10, 5], 0, 4),
        ([10, 0], 0, 1),  # an empty last segment is where the log goes on
        ([10, 10], 20, 0),
        ([10, 10], -1, 0),
    ],
)
def test_segments_go_while_enough_bytes_are_left(sizes, keep, gone):
    assert retention.past_size([Part(size) for size in sizes], keep) == gone


@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    ages=st.lists(st.integers(0, 9), min_size=8, max_size=8),
    keep=st.integers(0, 30),
    keep_ms=st.integers(0, 9),
)
def test_no_segment_goes_that_must_stay_and_none_stays_that_must_go(sizes, ages, keep, keep_ms):
    parts = [Part(size, 100 - age) for size, age in zip(sizes, ages, strict=False)]
    by_size = retention.past_size(parts, keep)
    left = sum(part.size for part in parts[by_size:])
    assert left >= keep or by_size == 0
    assert by_size == len(parts) or left - parts[by_size].size < keep
    by_time = retention.past_time(parts, keep_ms, 100)
    assert all(100 - part.largest_timestamp > keep_ms for part in parts[:by_time])
    assert by_time == len(parts) or 100 - parts[by_time].largest_timestamp <= keep_ms


def test_old_records_go_and_the_start_moves_to_the_next_segment(tmp_path):
    partition = grown(tmp_path, 6)
    rules = replace(SMALL, retention_ms=2500)
    assert partition.keep_retention(rules, BASE_TIME + 3500) == 0
    assert partition.keep_retention(rules, BASE_TIME + 3501) == 1
    assert (partition.log.start_offset, partition.log.end_offset) == (2, 6)
    assert partition.log.offset_at_time(0) == (2, BASE_TIME + 2000)
    assert opened(tmp_path).log.start_offset == 2, "and so it is after a hard end"


def test_the_written_segment_goes_when_it_is_too_old_and_offsets_go_on(tmp_path):
    partition = grown(tmp_path, 3)
    rules = replace(SMALL, retention_ms=1000)
    assert partition.keep_retention(rules, BASE_TIME + 10**9) == 2
    assert (partition.log.start_offset, partition.log.end_offset) == (3, 3)
    assert partition.keep_retention(rules, BASE_TIME + 10**9) == 0, "an empty log stays as it is"
    again = opened(tmp_path)  # a hard end before anything was written
    assert (again.log.start_offset, again.log.end_offset) == (3, 3)
    assert put(again, [VALUE]) == 3
    assert put(partition, [VALUE]) == 3


def test_a_log_too_large_keeps_its_newest_bytes(tmp_path):
    partition = grown(tmp_path, 9)
    rules = replace(SMALL, retention_bytes=4 * BATCH)
    assert partition.keep_retention(rules, BASE_TIME) == 2
    assert partition.log.start_offset == 4 and partition.log.size == 5 * BATCH
    assert partition.keep_retention(rules, BASE_TIME) == 0


def test_a_log_that_is_not_to_be_deleted_keeps_all_but_what_was_cut(tmp_path):
    partition = grown(tmp_path, 6)
    rules = replace(SMALL, retention_ms=0, retention_bytes=0, delete_old=False)
    assert partition.keep_retention(rules, BASE_TIME + 10**9) == 0
    partition.log.delete_before(3, rules, 0)
    assert partition.log.start_offset == 3 and len(partition.log.segments) == 2


def test_a_start_inside_a_segment_does_not_move_back(tmp_path):
    partition = grown(tmp_path, 4)
    partition.log.delete_before(3, SMALL, 0)
    put(partition, [VALUE], SMALL)
    assert partition.keep_retention(replace(SMALL, retention_bytes=BATCH), BASE_TIME) == 1
    assert partition.log.start_offset == 4
    partition.log.delete_before(5, SMALL, 0)
    assert partition.keep_retention(replace(SMALL, retention_bytes=0), BASE_TIME) == 1
    assert (partition.log.start_offset, partition.log.end_offset) == (5, 5)


def test_files_are_deleted_after_their_delay_or_at_the_next_start(tmp_path):
    partition = grown(tmp_path, 6)
    rules = replace(SMALL, retention_bytes=2 * BATCH, file_delete_delay_ms=60_000)
    assert partition.keep_retention(rules, BASE_TIME) == 2
    assert len(files(tmp_path)) == 1 and len(files(tmp_path, "*.deleted")) == 2
    partition.keep_retention(rules, BASE_TIME + 59_999)
    assert len(files(tmp_path, "*.deleted")) == 2
    partition.keep_retention(rules, BASE_TIME + 60_000)
    assert files(tmp_path, "*.deleted") == []
    put(partition, [VALUE] * 3, rules)
    assert partition.keep_retention(rules, BASE_TIME) == 1
    assert len(files(tmp_path, "*.deleted")) == 1
    opened(tmp_path)
    assert files(tmp_path, "*.deleted") == []


def test_a_disk_that_refuses_costs_nothing(tmp_path, monkeypatch):
    partition = grown(tmp_path, 6)
    before = files(tmp_path)

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", refuse)
    with pytest.raises(StorageError):
        partition.keep_retention(replace(SMALL, retention_bytes=0), BASE_TIME)
    monkeypatch.undo()
    assert partition.log.start_offset == 0 and files(tmp_path) >= before
    assert put(partition, [VALUE]) == 6
    assert opened(tmp_path).log.end_offset == 7


@given(seed=st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_whatever_goes_the_rest_reads_as_before(tmp_path_factory, seed):
    folder = tmp_path_factory.mktemp("log")
    dice = random.Random(seed)
    partition = opened(folder)
    values, now = [], BASE_TIME
    for _ in range(40):
        now += dice.randint(0, 1000)
        value = dice.randbytes(dice.randint(1, 900))
        assert put(partition, [value], SMALL, times=[now]) == len(values)
        values.append(value)
        act = dice.randint(0, 9)
        start = partition.log.start_offset
        if act == 0:
            rules = replace(SMALL, retention_ms=dice.randint(0, 3000))
            partition.keep_retention(rules, now)
        elif act == 1:
            rules = replace(SMALL, retention_bytes=dice.randint(0, 4000))
            partition.keep_retention(rules, now)
        elif act == 2:
            partition.log.delete_before(dice.randint(start, len(values)), SMALL, now)
        elif act == 3:
            partition = opened(folder)
        assert start <= partition.log.start_offset <= len(values) == partition.log.end_offset
        for offset in range(partition.log.start_offset, len(values)):
            data = partition.log.read(partition.log.cursor(offset), 1)
            assert values[offset] in data


def test_a_segment_is_full_when_its_records_span_segment_ms(tmp_path):
    partition = opened(tmp_path)
    rules = replace(RULES, segment_ms=1000)
    for at in (0, 1000, 500, 1001, 2001, 2002):
        put(partition, [b"v"], rules, times=[BASE_TIME + at])
    assert [part.base_offset for part in partition.log.segments] == [0, 3, 5]
    again = opened(tmp_path)
    put(again, [b"v"], rules, times=[BASE_TIME + 2002 + 1001])
    assert len(again.log.segments) == 4, "the first time is known after a start as well"


# --- with a server ----------------------------------------------------------------------------


@pytest.fixture
def hurried(tmp_path):
    broker = BrokerProcess(tmp_path / "data", "--retention-check-ms", "20").start()
    yield broker
    broker.stop()


async def configure(wire, topic, **values):
    changes = [
        admin.ConfigChange(name=name.replace("_", "."), operation=0, value=str(value))
        for name, value in values.items()
    ]
    resource = admin.ChangeConfigsResource(kind=2, name=topic, configs=changes)
    request = admin.IncrementalAlterConfigsRequest(resources=[resource])
    answer = await wire.call(44, 0, request, admin.AlterConfigsResponse)
    assert answer.results[0].error_code == 0, answer


async def start_of(wire, topic):
    return (await wire.list_offset(topic, -2)).offset


async def test_a_server_drops_what_is_too_old_and_clients_see_where_the_log_begins(hurried):
    async with Wire(hurried.port) as wire, Wire(hurried.port) as waiting:
        topic = await wire.create(unique())
        kept = await wire.create(unique(), cleanup_policy="compact", retention_ms=1)
        for name in (topic, kept):
            await wire.produce(name, make_batch([b"old", b"old too"]))
        await until(lambda: drained(wire, topic))  # BASE_TIME is more than 7 days ago
        assert (await wire.list_offset(topic, -1)).offset == 2
        (gone,) = await wire.fetch(topic, {0: 0})
        assert gone.error_code == 1
        await waiting.send(1, 11, waiting.fetch_request(topic, {0: 2}, wait_ms=30_000))
        fresh = make_batch([b"new"], times=[int(time.time() * 1000)])
        assert (await wire.produce(topic, fresh)).base_offset == 2
        woken = await waiting.receive(11, data.FetchResponse)
        assert b"new" in bytes(woken.topics[0].partitions[0].records)
        assert await start_of(wire, kept) == 0, "compact alone deletes nothing"
    hurried.kill()
    hurried.start()
    async with Wire(hurried.port) as wire:
        assert await start_of(wire, topic) == 2
        assert (await wire.list_offset(topic, -1)).offset == 3


async def drained(wire, topic):
    return await start_of(wire, topic) == 2


async def test_a_smaller_size_acts_on_a_log_that_is_there(hurried):
    async with Wire(hurried.port) as wire:
        limits = {"internal_segment_bytes": 2 * BATCH, "retention_ms": -1}
        topic = await wire.create(unique(), **limits)
        for _ in range(9):
            await wire.produce(topic, make_batch([VALUE]))
        other = await wire.create(unique(), **limits, retention_bytes=4 * BATCH)
        for _ in range(9):
            await wire.produce(other, make_batch([VALUE]))

        async def other_is_cut():
            return await start_of(wire, other) == 4

        await until(other_is_cut)  # so a check has passed over this one, too
        assert await start_of(wire, topic) == 0
        await configure(wire, topic, retention_bytes=4 * BATCH)

        async def cut():
            return await start_of(wire, topic) == 4

        await until(cut)
