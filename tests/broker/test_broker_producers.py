"""What a partition takes from producers: sound batches, once, in order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.broker.embedded import batch, producers
from streaming.broker.embedded.errors import ApiError, ErrorCode
from tests.broker.log_support import SMALL, opened, put


@given(raw=st.binary(max_size=150))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_batch_or_refused(raw):
    with pytest.raises(ApiError):
        batch.check(memoryview(raw), 1000)


def send(partition, sequence, count=1, *, producer_id=7, epoch=0):
    values = [b"%d" % (sequence + i) for i in range(count)]
    return put(partition, values, producer_id=producer_id, epoch=epoch, sequence=sequence)


def code_of(partition, *args, **kwargs):
    with pytest.raises(ApiError) as refused:
        send(partition, *args, **kwargs)
    return refused.value.code


@pytest.mark.parametrize("restart", [None, "clean", "hard"])
def test_repeats_are_answered_and_gaps_refused(tmp_path, restart):
    partition = opened(tmp_path)
    offsets = [send(partition, sequence, 2) for sequence in range(0, 14, 2)]
    if restart == "clean":
        partition.close()
    if restart:
        partition = opened(tmp_path)
    assert [send(partition, sequence, 2) for sequence in range(4, 14, 2)] == offsets[2:]
    assert partition.log.end_offset == 14, "repeats are not written"
    out_of_order = ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert code_of(partition, 2, 2) is out_of_order, "older than the five remembered"
    assert code_of(partition, 16, 2) is out_of_order
    assert code_of(partition, 12, 1) is out_of_order, "same start, other length"
    assert send(partition, 14) == 14
    assert send(partition, 14, producer_id=8) == 15, "another producer begins where it likes"


def test_epochs_fence(tmp_path):
    partition = opened(tmp_path)
    send(partition, 0, epoch=1)
    assert code_of(partition, 1, epoch=0) is ErrorCode.INVALID_PRODUCER_EPOCH
    assert code_of(partition, 1, epoch=2) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert send(partition, 0, epoch=2) == 1
    assert code_of(partition, 1, epoch=1) is ErrorCode.INVALID_PRODUCER_EPOCH


def test_sequences_wrap_around(tmp_path):
    partition = opened(tmp_path)
    send(partition, 2**31 - 2, 2)
    assert send(partition, 0) == 2
    assert send(partition, 2**31 - 2, 2) == 0, "still known"


def test_producers_are_remembered_across_finished_segments(tmp_path):
    partition = opened(tmp_path)
    for sequence in range(40):
        put(partition, [b"z" * 200], SMALL, producer_id=7, epoch=0, sequence=sequence)
    assert len(list(tmp_path.glob("*.log"))) > 2
    again = opened(tmp_path)
    assert send(again, 39) == 39
    assert again.log.end_offset == 40


def test_quiet_producers_are_forgotten(tmp_path):
    partition = opened(tmp_path)
    put(partition, [b"a"], now_ms=0, producer_id=1, epoch=0, sequence=0)
    for now in (80_000_000, 90_000_000, 170_000_000):
        put(partition, [b"b"], now_ms=now, producer_id=now, epoch=0, sequence=0)
    assert len(partition.producers) == 2


def test_too_many_producers_push_the_quietest_out(tmp_path, monkeypatch):
    monkeypatch.setattr(producers, "_MOST_PRODUCERS", 3)
    partition = opened(tmp_path)
    for producer_id in (1, 2, 3, 1, 4):
        sequence = 1 if producer_id == 1 and partition.log.end_offset > 1 else 0
        put(partition, [b"a"], producer_id=producer_id, epoch=0, sequence=sequence)
    assert sorted(row[0] for row in partition.producers.rows()) == [1, 3, 4]
