"""Inversions counted over any batching, against a dictionary and a loop."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streaming.shards.order import OrderBook

RECORDS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2**53)), max_size=60)


def by_loop(records):
    highest, flags = {}, []
    for key, sequence in records:
        flags.append(sequence < highest.get(key, -1))
        highest[key] = max(sequence, highest.get(key, -1))
    return flags


def judged(book, records):
    keys, sequences = np.array(records, dtype=np.int64).reshape(-1, 2).T
    return book.inverted(keys, sequences).tolist()


@given(records=RECORDS, cuts=st.lists(st.integers(0, 60), max_size=5))
def test_any_batching_finds_the_same_inversions(records, cuts):
    book, found = OrderBook(), []
    edges = [0, *sorted(min(cut, len(records)) for cut in cuts), len(records)]
    for start, end in itertools.pairwise(edges):
        found += judged(book, records[start:end])
    assert found == by_loop(records)


def test_an_equal_number_is_the_same_record_again():
    book = OrderBook()
    assert judged(book, [(1, 5), (1, 5), (2, 1), (1, 4)]) == [False, False, False, True]
    assert judged(book, [(1, 5), (2, 0)]) == [False, True]
