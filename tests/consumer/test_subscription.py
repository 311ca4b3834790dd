"""What members say as they join, byte for byte as Kafka's schema has it."""

import struct

import pytest

from streaming.consumer.sticky import Member
from streaming.consumer.subscription import by_topic, decode, encode

# ConsumerProtocolSubscription.json of Apache Kafka, written out by hand.
TOPICS = b"\x00\x00\x00\x02\x00\x01a\x00\x02bc"
OWNED = (
    b"\x00\x00\x00\x02"
    b"\x00\x01a\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x03"
    b"\x00\x02bc\x00\x00\x00\x01\x00\x00\x00\x01"
)
NOTHING = b"\xff\xff\xff\xff"
WANTS = frozenset({"a", "bc"})
HAS = frozenset({("a", 0), ("a", 3), ("bc", 1)})


def test_a_member_is_written_as_version_two():
    field = b"\x00\x00\x00\x04\x00\x00\x00\x09"
    assert encode(Member(WANTS, HAS, 9)) == (
        b"\x00\x02" + TOPICS + field + OWNED + b"\x00\x00\x00\x09"
    )


@pytest.mark.parametrize(
    ("data", "member"),
    [
        (b"\x00\x00" + TOPICS + NOTHING, Member(WANTS)),
        (b"\x00\x00" + TOPICS + b"\x00\x00\x00\x00", Member(WANTS)),
        (b"\x00\x01" + TOPICS + NOTHING + OWNED, Member(WANTS, HAS)),
        (b"\x00\x01" + TOPICS + b"\x00\x00\x00\x04\x00\x00\x00\x05" + OWNED, Member(WANTS, HAS, 5)),
        (b"\x00\x02" + TOPICS + NOTHING + OWNED + b"\x00\x00\x00\x06", Member(WANTS, HAS, 6)),
        (
            b"\x00\x03" + TOPICS + NOTHING + OWNED + b"\x00\x00\x00\x06\x00\x04rack",
            Member(WANTS, HAS, 6),
        ),
        (b"\x00\x09" + TOPICS + NOTHING + OWNED + b"\x00\x00\x00\x06???", Member(WANTS, HAS, 6)),
    ],
)
def test_members_of_any_version_are_understood(data, member):
    assert decode(data) == member


def test_it_reads_what_it_writes():
    for member in (Member(WANTS, HAS, 12), Member(frozenset({"t"}))):
        assert decode(encode(member)) == member


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x01" + TOPICS, b"\x00\x00\x00\x00\x00\x07"])
def test_what_is_no_subscription_is_refused(data):
    with pytest.raises((ValueError, struct.error)):
        decode(data)


def test_partitions_are_listed_by_topic():
    assert by_topic([("b", 2), ("a", 1), ("b", 0)]) == [("a", [1]), ("b", [0, 2])]
