"""Sequence numbers, against those that AWS shows in its documentation."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.shards.sequence import LAST_INDEX, BadSequence, SequenceNumber

SHOWN = [
    # In the reference of PutRecord, for shardId-000000000000.
    ("49546986683135544286507457936321625675700192471156785154", 0, 2015, 156),
    # In an event that Lambda gets, for shardId-000000000006: a shard almost a month old.
    ("49590338271490256608559692538361571095921575989136588898", 6, 2018, 2_308_392),
]


@pytest.mark.parametrize(("text", "shard", "year", "age_s"), SHOWN)
def test_numbers_that_aws_shows_name_their_shard_and_sensible_times(text, shard, year, age_s):
    found = SequenceNumber.parse(text)
    assert found.shard == shard and found.seq_index > 0
    assert dt.datetime.fromtimestamp(found.created_s, dt.UTC).year == year
    assert found.time_s - found.created_s == age_s
    assert str(found) == text


NUMBERS = st.builds(
    SequenceNumber,
    created_s=st.integers(0, 16_025_174_999),
    shard=st.integers(0, 2**31 - 1),
    seq_index=st.integers(0, LAST_INDEX),
    time_s=st.integers(0, 16_025_174_999),
)


@given(NUMBERS)
def test_what_is_written_is_read_again(number):
    assert SequenceNumber.parse(str(number)) == number
    assert 2**185 < number.number < 2**186


@given(NUMBERS, st.integers(1, 2**40), st.integers(0, 10**6))
def test_later_records_of_a_shard_have_greater_numbers(number, more, seconds):
    later = number._replace(seq_index=number.seq_index + more, time_s=number.time_s + seconds)
    assert later.number > number.number


def test_the_layout_is_the_one_that_was_found():
    number = SequenceNumber(0x123456789, 0xABCDE, 0x0123456789ABCDEF, 0x0FEDCBA98)
    assert f"{number.number:x}" == "2123456789e0123456789abcdef000fedcba98000abcde2"


@pytest.mark.parametrize(
    "text",
    # The first one ends as those of version 1 do.
    ["49545115243490985018280067714973144582180062593244200961", "", "-1", "1e9", "٣", "0",
     "1" * 5000, str(2**185), str(2**186),
     str(SequenceNumber(1, 0, 0, 1).number + 1),
     str(SequenceNumber(16_025_175_000, 0, 0, 1).number),
     str(SequenceNumber(1, 0, LAST_INDEX + 1, 1).number)],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(BadSequence):
        SequenceNumber.parse(text)
