"""The partitioner for records without a key: how long it stays and where it goes next."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.shards.keys import STICKY_BYTES
from streaming.shards.sticky import Sticky, frequencies


class InTurn(random.Random):
    """Draws 0, 1, 2 and so on below the limit, as Kafka's own test does."""

    def __init__(self) -> None:
        super().__init__()
        self._next = -1

    def randrange(self, limit: int) -> int:  # type: ignore[override]
        self._next += 1
        return self._next % limit


def drawn(sticky: Sticky, count: int) -> list[int]:
    """The partitions of as many records, each of which fills a batch."""
    return [sticky(None, "", STICKY_BYTES)[0] for _ in range(count)]


def test_kafka_s_own_vector() -> None:
    # BuiltInPartitionerTest.adaptivePartitionsTest: two turns through the table.
    queues = [5, 0, 3, 0, 1]
    assert frequencies(queues) == [1, 6, 3, 6, 5]
    found = Counter(drawn(Sticky(5, InTurn(), lambda: queues), 42))
    assert [found[partition] for partition in range(5)] == [2, 12, 6, 12, 10]


def test_the_example_in_kafka_s_comment() -> None:
    assert frequencies([0, 3, 1]) == [4, 1, 3]
    assert drawn(Sticky(3, InTurn(), lambda: [0, 3, 1]), 8) == [0, 0, 0, 0, 1, 2, 2, 2]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20))
def test_every_partition_can_be_drawn_and_shorter_queues_more_often(queues: list[int]) -> None:
    found = Counter(drawn(Sticky(len(queues), InTurn(), lambda: queues), sum(frequencies(queues))))
    assert [found[partition] for partition in range(len(queues))] == frequencies(queues)
    assert min(frequencies(queues)) == 1
    assert frequencies(queues)[queues.index(min(queues))] == max(frequencies(queues))


@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_equal_queues_are_as_good_as_none(partitions: int) -> None:
    plain = drawn(Sticky(partitions, random.Random(5)), 300)
    equal = drawn(Sticky(partitions, random.Random(5), lambda: [9] * partitions), 300)
    assert plain == equal
    assert set(plain) == set(range(partitions))


def test_queues_are_looked_at_for_every_draw() -> None:
    queues = [0, 10**9]
    sticky = Sticky(2, random.Random(1), lambda: queues)
    assert set(drawn(sticky, 50)) == {0}
    queues.reverse()
    assert set(drawn(sticky, 50)) == {1}


def test_it_stays_until_a_batch_is_full() -> None:
    sticky = Sticky(5, InTurn(), batch_bytes=100)
    sizes = [40, 40, 40, 99, 1, 100, 250, 10]
    assert [sticky(None, "k", size)[:2] for size in sizes] == [
        (0, None), (0, None), (0, None),  # the third goes over and still belongs to it
        (1, None), (1, None), (2, None), (3, None), (4, None),
    ]  # fmt: skip


def test_it_draws_first_when_a_record_comes() -> None:
    asked = []
    sticky = Sticky(3, random.Random(1), lambda: asked.append(1) or [0, 0, 0])
    assert not asked
    sticky(None, "", 1)
    assert len(asked) == 1


# --- the rule of ready batches (RecordAccumulator.allBatchesFull, updatePartitionInfo) -----------


def partitions_of(sticky: Sticky, sizes: list[int | None]) -> list[int]:
    """Where records of these sizes go; at None all batches are sent."""
    found = []
    for size in sizes:
        if size is None:
            sticky.sent()
        else:
            found.append(sticky(None, "", size).shard)
    return found


def test_a_batch_that_was_sent_early_leaves_no_small_one_behind() -> None:
    """The example in Kafka's comment: 12 KB in each linger.ms, batch.size 16 KB.

    Without the rule there would be batches of 12 and 4 KB in turn; with it all are of 12 KB.
    """
    ticks = [4, 4, 4, None]
    assert partitions_of(Sticky(9, InTurn(), batch_bytes=16), ticks * 6) == [
        *[0] * 6, *[1] * 6, *[2] * 6,
    ]  # fmt: skip


def test_a_batch_that_is_not_full_is_filled_first() -> None:
    # 16 are reached by the second batch's first record; it is left when it is full itself.
    sticky = Sticky(9, InTurn(), batch_bytes=16)
    assert partitions_of(sticky, [15, None, *[1] * 30]) == [0] * 17 + [1] * 14


def test_a_full_batch_may_be_left_before_it_is_sent() -> None:
    assert partitions_of(Sticky(9, InTurn(), batch_bytes=16), [8, 8, 8, 8, None, 8]) == [
        0, 0, 1, 1, 2,
    ]  # fmt: skip


@given(st.lists(st.one_of(st.none(), st.integers(1, 60)), max_size=200))
def test_a_partition_gets_one_batch_to_two_and_the_last_record(sizes: list[int | None]) -> None:
    sticky, visits, last = Sticky(7, InTurn(), batch_bytes=50), [], None
    for size in sizes:
        if size is None:
            sticky.sent()
            continue
        partition = sticky(None, "", size).shard
        if partition != last:
            visits.append(0)
            last = partition
        visits[-1] += size
    assert all(50 <= produced < 2 * 50 + 60 for produced in visits[:-1])


# --- partitions without a leader (BuiltInPartitionerTest.unavailablePartitionsTest) --------------


def test_a_partition_without_a_leader_is_not_drawn() -> None:
    assert frequencies([0, None, 0]) == [1, 0, 1]
    assert frequencies([2, None, 0]) == [1, 0, 3]
    assert set(drawn(Sticky(3, random.Random(1), lambda: [0, None, 0]), 100)) == {0, 2}
    assert set(drawn(Sticky(2, random.Random(1), lambda: [None, 0]), 100)) == {1}


def test_without_any_leader_all_partitions_are_drawn() -> None:
    assert frequencies([None, None]) == [1, 1]
    assert set(drawn(Sticky(2, random.Random(1), lambda: [None, None]), 100)) == {0, 1}
