"""Logs on disk without a server: offsets, times, limits, recovery."""

import random
import shutil
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.broker.embedded import batch
from streaming.broker.embedded.config import BrokerConfig
from streaming.broker.embedded.errors import ApiError, ErrorCode, StorageError
from streaming.broker.embedded.partition import Partition
from streaming.broker.embedded.segment import SegmentCaches
from tests.broker.log_support import RULES, SMALL, opened, put
from tests.broker.support import BASE_TIME, make_batch, values_in


def read_all(log, limit=10_000):
    found, offset = [], log.start_offset
    while offset < log.end_offset:
        part = values_in(log.read(log.cursor(offset), limit))
        found += [item for item in part if item[0] >= offset]
        offset = found[-1][0] + 1
    return found


def fill(partition, seed, batches=60, rules=SMALL):
    """Random batches; returns (offset, value, time) of all records."""
    dice = random.Random(seed)
    records = []
    for _ in range(batches):
        values = [dice.randbytes(dice.randint(0, 120)) for _ in range(dice.randint(1, 9))]
        times = [BASE_TIME + dice.randint(0, 5000) for _ in values]
        base = put(partition, values, rules, times=times, compression=dice.choice((0, 0, 1)))
        records += [(base + i, values[i], times[i]) for i in range(len(values))]
    return records


@given(seed=st.integers(0, 2**32), limit=st.integers(1, 5000))
@settings(max_examples=25, deadline=None)
def test_reads_are_whole_batches_in_order_whatever_the_limit(tmp_path_factory, seed, limit):
    folder = tmp_path_factory.mktemp("log")
    partition = opened(folder)
    records = fill(partition, seed)
    log = partition.log
    assert read_all(log, limit) == [(offset, value) for offset, value, _ in records]
    for offset in random.Random(seed).sample(range(log.end_offset), 20):
        data = log.read(log.cursor(offset), limit)
        headers = list(batch.walk(data))
        assert headers[0][1].base_offset <= offset < headers[0][1].next_offset
        assert sum(header.size for _, header in headers) == len(data), "a torn batch"
        assert len(data) <= limit or len(headers) == 1
        bounded = log.read(log.cursor(offset), limit, at_least_one=False)
        assert bounded == (data if len(data) <= limit else b"")
    partition.close()
    shutil.rmtree(folder)


@given(seed=st.integers(0, 2**32), hard=st.booleans())
@settings(max_examples=15, deadline=None)
def test_times_are_found_as_by_looking_at_every_record(tmp_path_factory, seed, hard):
    folder = tmp_path_factory.mktemp("log")
    partition = opened(folder)
    records = fill(partition, seed)
    if not hard:
        partition.close()
    partition = opened(folder)
    for when in [BASE_TIME - 1, BASE_TIME + 5001, *random.Random(seed).choices(range(5001), k=15)]:
        when += BASE_TIME if when < BASE_TIME - 1 else 0
        expected = next(((o, t) for o, _, t in records if t >= when), None)
        found = partition.log.offset_at_time(when)
        # Kafka looks for the first *batch* that reaches the time and for the record inside it:
        # with unordered times that is the first record too.
        assert found == expected
    partition.abandon()
    shutil.rmtree(folder)


@pytest.mark.parametrize("hard", [False, True])
def test_a_log_is_the_same_after_it_was_opened_again(tmp_path, hard):
    partition = opened(tmp_path)
    records = fill(partition, 5)
    if not hard:
        partition.close()
    again = opened(tmp_path)
    assert read_all(again.log) == [(offset, value) for offset, value, _ in records]
    assert put(again, [b"more"]) == len(records)
    assert len(list(tmp_path.glob("*.log"))) > 3


def test_missing_and_damaged_summaries_only_cost_time(tmp_path):
    partition = opened(tmp_path)
    records = fill(partition, 6)
    partition.close()
    summaries = sorted(tmp_path.glob("*.summary"))
    summaries[0].unlink()
    summaries[1].write_bytes(b"\x00" * 50)
    summaries[2].write_bytes(b"")
    again = opened(tmp_path)
    assert read_all(again.log) == [(offset, value) for offset, value, _ in records]


@pytest.mark.parametrize("cut", [1, 60, 61, 62, 100])
def test_a_torn_tail_is_cut_and_written_over(tmp_path, cut):
    partition = opened(tmp_path)
    put(partition, [b"first"])
    put(partition, [b"x" * 200])
    file = next(tmp_path.glob("*.log"))
    raw = file.read_bytes()
    whole = len(make_batch([b"first"]))
    file.write_bytes(raw[: whole + cut])
    again = opened(tmp_path)
    assert again.log.end_offset == 1
    assert file.stat().st_size == whole
    assert file.with_suffix(".torn").read_bytes() == raw[whole : whole + cut]
    assert put(again, [b"second"]) == 1
    assert values_in(file.read_bytes()) == [(0, b"first"), (1, b"second")]


def test_a_flipped_bit_in_the_last_segment_ends_the_log_before_it(tmp_path):
    partition = opened(tmp_path)
    for value in (b"one", b"two", b"three"):
        put(partition, [value])
    file = next(tmp_path.glob("*.log"))
    raw = bytearray(file.read_bytes())
    raw[len(make_batch([b"one"])) + 65] ^= 1
    file.write_bytes(raw)
    assert read_all(opened(tmp_path).log) == [(0, b"one")]


def test_recovery_reads_batches_larger_than_its_buffer(tmp_path):
    partition = opened(tmp_path)
    rules = replace(RULES, max_message_bytes=10_000_000)
    for size in (10, 3_000_000, 10, 1_500_000, 10):
        put(partition, [b"v" * size], rules)
    assert opened(tmp_path).log.end_offset == 5


class FullDisk:
    """A file that takes some bytes and then says that the disk is full."""

    def __init__(self, file, room, *, can_cut):
        self.file, self.room, self.can_cut = file, room, can_cut

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, view):
        if self.room == 0:
            raise OSError(28, "No space left on device")
        taken = self.file.write(view[: self.room])
        self.room -= taken
        return taken

    def truncate(self, size):
        if not self.can_cut:
            raise OSError(5, "Input/output error")
        return self.file.truncate(size)


@pytest.mark.parametrize("can_cut", [True, False])
@pytest.mark.parametrize("room", [0, 5, 80])
def test_a_full_disk_refuses_and_nothing_of_the_batch_is_visible(tmp_path, room, can_cut):
    partition = opened(tmp_path)
    put(partition, [b"before"])
    segment = partition.log._segments[-1]
    good = segment._file
    segment._file = FullDisk(good, room, can_cut=can_cut)
    with pytest.raises(StorageError, match="No space left"):
        put(partition, [b"y" * 500], producer_id=7, epoch=0, sequence=0)
    assert partition.log.end_offset == 1
    assert read_all(partition.log) == [(0, b"before")]
    assert len(partition.producers) == 0, "a refused batch is not remembered"
    segment._file = good
    put(partition, [b"y"], producer_id=7, epoch=0, sequence=0)
    expected = [(0, b"before"), (1, b"y")]
    assert read_all(partition.log) == expected
    assert read_all(opened(tmp_path).log) == expected, "and a hard end now finds the same"


def test_offsets_outside_the_log_are_refused(tmp_path):
    partition = opened(tmp_path)
    put(partition, [b"a", b"b"])
    partition.log.cursor(2)
    for offset in (-1, 3):
        with pytest.raises(ApiError) as refused:
            partition.log.cursor(offset)
        assert refused.value.code is ErrorCode.OFFSET_OUT_OF_RANGE


def test_deleting_records_moves_the_start_and_survives(tmp_path):
    partition = opened(tmp_path)
    records = fill(partition, 9)
    files = len(list(tmp_path.glob("*.log")))
    middle = len(records) // 2
    partition.log.delete_before(middle, SMALL, 0)
    assert len(list(tmp_path.glob("*.log"))) < files
    expected = [(offset, value) for offset, value, _ in records[middle:]]
    assert read_all(partition.log) == expected
    assert read_all(opened(tmp_path).log) == expected
    first_late = next((o, t) for o, _, t in records[middle:] if t >= BASE_TIME)
    assert partition.log.offset_at_time(BASE_TIME) == first_late
    with pytest.raises(ApiError):
        partition.log.cursor(middle - 1)


def test_few_open_files_serve_many_segments(tmp_path):
    caches = SegmentCaches(files=2, indexes=2)
    config = BrokerConfig(data=tmp_path)
    parts = [Partition("t", i, tmp_path / str(i), config, caches) for i in range(5)]
    for part in parts:
        part.log.open()
    for turn in range(3):
        for part in parts:
            assert put(part, [b"%d" % turn]) == turn
    assert sum(part.log._segments[-1]._file is not None for part in parts) == 2
    assert all(len(read_all(part.log)) == 3 for part in parts)


@pytest.mark.parametrize("damage", ["none", "missing", "garbage"])
def test_few_indexes_serve_many_segments(tmp_path, damage):
    partition = opened(tmp_path, indexes=2)
    records = fill(partition, 11)
    segments = partition.log.segments
    assert len(segments) > 8
    if damage == "missing":
        for path in tmp_path.glob("*.summary"):
            path.unlink()
    elif damage == "garbage":
        for path in tmp_path.glob("*.summary"):
            path.write_bytes(b"\xff" * 30)
    for log in (partition.log, opened(tmp_path, indexes=2).log):
        for _ in range(2):
            assert read_all(log, 1) == [(offset, value) for offset, value, _ in records]
            for when in range(0, 5001, 500):
                expected = next(((o, t) for o, _, t in records if t >= BASE_TIME + when), None)
                assert log.offset_at_time(BASE_TIME + when) == expected
        held = [part for part in log.segments if part._index is not None]
        assert len(held) <= 3 and log.segments[-1] in held, "two, and that of the written one"


def test_log_append_time_replaces_the_producers_time(tmp_path):
    partition = opened(tmp_path)
    rules = replace(RULES, log_append_time=True)
    done = partition.append(memoryview(make_batch([b"a", b"b"])), rules, 12345)
    assert done.append_time_ms == 12345
    raw = partition.log.read(partition.log.cursor(0), 9999)
    header = batch.read_header(raw)
    assert header.log_append_time and header.max_timestamp == 12345
    assert values_in(raw) == [(0, b"a"), (1, b"b")], "the checksum was made anew"
    assert partition.log.offset_at_time(12345) == (0, 12345)
    assert partition.log.offset_at_time(12346) is None


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "records",
    [b"\x01" * 50, b"\x09" * 50, b"\x80" * 500_000, b"\x00" * 50, b"\xff" * 9 + b"\x01"],
    ids=["back by one", "back by five", "endless", "empty", "longest"],
)
def test_forged_records_do_not_keep_the_server_busy(tmp_path, records):
    """Their checksum fits, their count and lengths lead nowhere."""
    partition = opened(tmp_path)
    raw = bytearray(make_batch([b"a"])[:61] + records)
    struct.pack_into(">i", raw, 8, len(raw) - 12)
    struct.pack_into(">i", raw, 23, 2**31 - 2)
    struct.pack_into(">i", raw, 57, 2**31 - 1)
    struct.pack_into(">I", raw, 17, batch.crc32c.crc32c(bytes(raw[21:])))
    partition.append(memoryview(bytes(raw)), replace(RULES, needs_keys=True), 0)
    assert partition.log.end_offset == 2**31 - 1
    assert partition.log.offset_at_time(BASE_TIME) is None


def test_an_unreadable_compression_answers_with_the_batchs_start(tmp_path):
    partition = opened(tmp_path)
    raw = bytearray(make_batch([b"a", b"b", b"c"]))
    struct.pack_into(">h", raw, 21, 3)  # says lz4, is not
    struct.pack_into(">I", raw, 17, batch.crc32c.crc32c(bytes(raw[21:])))
    partition.append(memoryview(bytes(raw)), RULES, 0)
    assert partition.log.offset_at_time(BASE_TIME + 2) == (0, BASE_TIME + 2)
