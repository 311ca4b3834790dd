"""Aggregates against the real KPL's bytes, and against AWS's own Python library both ways."""

from __future__ import annotations

import random
from base64 import b64encode
from hashlib import md5

import pytest
from aws_kinesis_agg import aggregator as theirs
from aws_kinesis_agg.deaggregator import deaggregate_records
from hypothesis import given
from hypothesis import strategies as st

from streaming.shards.hash_keys import HASH_KEYS, even_starts, hash_key
from streaming.shards.kpl import (
    AGGREGATE_KEY,
    MAGIC,
    AggregatedBlob,
    Aggregator,
    UserRecord,
    deaggregate,
    within_range,
)
from tests.shards.kpl_vectors import ONE_KEY, PLAIN, RECORDS, WITH_HASH_KEYS

ENVELOPE = 20  # magic and digest

keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.text("ab", max_size=2)
hashes = st.none() | st.integers(0, HASH_KEYS - 1) | st.integers(0, 3)
datas = st.binary(max_size=40) | st.binary(min_size=100, max_size=400)
records = st.builds(UserRecord, keys, hashes, datas)


def pack(some: list[UserRecord], max_bytes: int = 10**6) -> AggregatedBlob:
    packer = Aggregator(max_bytes)
    assert all(packer.add(record) for record in some)
    return packer.finish()


def sealed(message: bytes) -> bytes:
    return MAGIC + message + md5(message, usedforsecurity=False).digest()


@pytest.mark.parametrize("golden", RECORDS, ids=["hash keys", "no hash keys", "one key"])
def test_the_real_kpl_s_bytes(golden: bytes) -> None:
    assert pack(RECORDS[golden]).data == golden
    assert deaggregate(golden) == RECORDS[golden]


def test_where_an_aggregate_goes() -> None:
    first = RECORDS[WITH_HASH_KEYS][0]
    blob = pack(RECORDS[WITH_HASH_KEYS])
    assert (blob.partition_key, blob.count) == (AGGREGATE_KEY, 4) == ("a", 4)
    assert blob.explicit_hash_key == first.explicit_hash_key
    plain = pack([UserRecord("k", None, b"1"), UserRecord("l", None, b"2")])
    assert plain.explicit_hash_key == hash_key("k")


def test_one_record_alone_is_sent_as_it_is() -> None:
    assert pack([UserRecord("k", None, b"x")]) == AggregatedBlob("k", hash_key("k"), b"x", 1)
    assert pack([UserRecord("k", 5, b"")]) == AggregatedBlob("k", 5, b"", 1)
    assert deaggregate(PLAIN) is None


@given(st.lists(records, min_size=2, max_size=200))
def test_aws_s_library_packs_the_same_bytes(some: list[UserRecord]) -> None:
    packer = theirs.RecordAggregator()
    for key, explicit, data in some:
        packer.add_user_record(key, data, None if explicit is None else str(explicit))
    blob = pack(some)
    _, _, data = packer.clear_and_get().get_contents()
    assert data == blob.data
    assert deaggregate(data) == some


@given(st.lists(records, min_size=2, max_size=50), st.booleans())
def test_aws_s_library_reads_what_is_packed(some: list[UserRecord], explicit: bool) -> None:
    # It gives records without an explicit hash key the first one's when any has one, so all do.
    some = [r._replace(explicit_hash_key=r.hash_key if explicit else None) for r in some]
    read = deaggregate_records(
        {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "sequenceNumber": "1",
                "approximateArrivalTimestamp": 0,
                "partitionKey": AGGREGATE_KEY,
                "data": b64encode(pack(some).data),
            }
        }
    )
    assert [
        (r["kinesis"]["partitionKey"], r["kinesis"]["explicitHashKey"], r["kinesis"]["data"])
        for r in read
    ] == [
        (key, None if number is None else str(number), b64encode(data))
        for key, number, data in some
    ]


@given(st.lists(records, min_size=1, max_size=100), st.integers(0, 2000), st.integers(1, 100))
def test_limits_are_kept_and_sizes_known_to_the_byte(
    some: list[UserRecord], max_bytes: int, max_records: int
) -> None:
    packer, blobs = Aggregator(max_bytes, max_records), []
    packed: list[UserRecord] = []
    for record in some:
        before = packer.size, len(packer)
        if not packer.add(record):
            assert (packer.size, len(packer)) == before
            # Without limits the record shows that it would not have fitted.
            assert len(packed) == max_records or len(pack([*packed, record]).data) > max_bytes
            blobs.append(packer.finish())
            assert len(blobs[-1].data) == before[0]
            assert packer.size == len(packer) == 0
            assert packer.add(record)
            packed = []
        packed.append(record)
    blobs.append(packer.finish())
    read = []
    for blob in blobs:
        assert blob.count == 1 or (len(blob.data) <= max_bytes and blob.count <= max_records)
        read += [blob.data] if blob.count == 1 else [r.data for r in deaggregate(blob.data) or ()]
    assert read == [record.data for record in some]


def test_a_record_above_the_limit_goes_alone() -> None:
    packer = Aggregator(100)
    assert packer.add(UserRecord("k", None, bytes(500)))
    assert not packer.add(UserRecord("k", None, b""))
    assert packer.finish().data == bytes(500)


def test_what_cannot_be_packed_is_refused_and_changes_nothing() -> None:
    packer = Aggregator()
    with pytest.raises(ValueError, match="no record"):
        packer.finish()
    for bad in (UserRecord("k", HASH_KEYS, b""), UserRecord("k", -1, b"")):
        with pytest.raises(ValueError, match="explicit hash key"):
            packer.add(bad)
    with pytest.raises(UnicodeEncodeError):
        packer.add(UserRecord("\ud800", None, b""))
    assert len(packer) == 0
    both = [UserRecord("k", HASH_KEYS - 1, b"1"), UserRecord("k", 0, b"2")]
    assert deaggregate(pack(both).data) == both


KEYS = {
    "one": lambda chance: "c",
    "customers": lambda chance: f"c-{chance.randrange(1000):03d}",
    "uuids": lambda chance: f"{chance.getrandbits(144):036x}",
}


@pytest.mark.parametrize(
    ("kind", "counts", "costs"),
    [
        # Ids of five characters, of 1,000 customers.
        ("customers", (455, 162, 50), (12.3, 14.6, 14.9)),
        # A key costs its length and two bytes the first time; what is left here costs each record.
        ("one", (482, 166, 50), (6.0, 8.0, 8.1)),
        ("uuids", (353, 147, 48), (44.6, 46.1, 46.0)),
    ],
)
def test_how_many_records_fit_into_a_kpl_s_aggregate(
    kind: str, counts: tuple[int, ...], costs: tuple[float, ...]
) -> None:
    for size, count, cost in zip((100, 300, 1000), counts, costs, strict=True):
        chance, packer = random.Random(1), Aggregator()
        while packer.add(UserRecord(KEYS[kind](chance), None, bytes(size))):
            pass
        blob = packer.finish()
        assert blob.count == count
        assert (len(blob.data) - ENVELOPE) / count - size == pytest.approx(cost, abs=0.05)


def test_what_is_no_aggregate_is_a_plain_record() -> None:
    golden = WITH_HASH_KEYS
    for data in (b"", MAGIC, MAGIC[:3], b"x" + golden, golden[:-1], golden + b"\0", golden[4:]):
        assert deaggregate(data) is None
    for place in (0, 4, 100, len(golden) - 1):
        changed = bytearray(golden)
        changed[place] ^= 1
        assert deaggregate(bytes(changed)) is None
    assert deaggregate(sealed(b"")) is None


@pytest.mark.parametrize(
    "message",
    [
        b"\x0a\x05a",  # a key that ends after the message
        b"\x0a",  # nothing after a tag
        b"\x80",  # half a number
        b"\xff" * 10 + b"\x01",  # a number of eleven bytes
        b"\x02\x00",  # field number 0
        b"\x1b\x1c",  # a group
        b"\x0f",  # a wire type that does not exist
        b"\x0d\x00\x00\x00",  # half a fixed number
        b"\x0a\x01a\x1a\x02\x08\x00",  # a record without data
        b"\x0a\x01a\x1a\x02\x1a\x00",  # a record without a key
        b"\x0a\x01a\x1a\x04\x08\x01\x1a\x00",  # a key that is not in the table
        b"\x0a\x01a\x1a\x0d\x08" + b"\xff" * 9 + b"\x01\x1a\x00",  # nor is the 2^64th
        b"\x0a\x01a\x1a\x06\x08\x00\x10\x00\x1a\x00",  # nor is the explicit hash key
        b"\x12\x02-1\x0a\x01a",  # an explicit hash key that is no number
        b"\x12\xac\x02" + b"9" * 300,  # one that is far too long
    ],
)
def test_hostile_messages_with_a_right_digest_are_plain_records(message: bytes) -> None:
    assert deaggregate(sealed(message)) is None


def test_fields_that_are_unknown_or_out_of_order_do_not_matter() -> None:
    record = b"\x1a\x0b\x08\x00\x25\x00\x00\x00\x00\x22\x00\x1a\x00"
    unknown = b"\x28\x07\x31" + bytes(8) + b"\x3a\x01x"
    assert deaggregate(sealed(record + unknown + b"\x0a\x01k")) == [UserRecord("k", None, b"")]
    assert deaggregate(sealed(b"\x0a\x01\xff" + record)) == [UserRecord("\ufffd", None, b"")]
    assert deaggregate(sealed(b"\x0a\x01k")) == []


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_are_a_plain_record(message: bytes) -> None:
    assert deaggregate(message) is None
    deaggregate(sealed(message))


@given(st.lists(records, min_size=2, max_size=5), st.data())
def test_changed_messages_are_read_as_protobuf_does_or_not_at_all(
    some: list[UserRecord], draw: st.DataObject
) -> None:
    message = bytearray(pack(some).data[4:-16])
    for _ in range(draw.draw(st.integers(1, 4))):
        message[draw.draw(st.integers(0, len(message) - 1))] = draw.draw(st.integers(0, 255))
    read = deaggregate(sealed(bytes(message)))
    if read is None:
        return
    parsed = theirs.messages_pb2.AggregatedRecord()
    parsed.ParseFromString(bytes(message))
    assert read == [
        UserRecord(
            text(parsed.partition_key_table[r.partition_key_index]),
            int(parsed.explicit_hash_key_table[r.explicit_hash_key_index])
            if r.HasField("explicit_hash_key_index")
            else None,
            r.data,
        )
        for r in parsed.records
    ]


def text(key: str | bytes) -> str:
    """Protobuf for Python leaves a key that is no UTF-8 as bytes; for Java it replaces."""
    return key if isinstance(key, str) else key.decode("utf-8", "replace")


def test_one_record_of_another_shard_is_enough_to_drop_all() -> None:
    first, second = even_starts(2)
    low, high = UserRecord("k", second - 1, b""), UserRecord("k", second, b"")
    assert within_range([low, low], first, second - 1)
    assert within_range([high], second, HASH_KEYS - 1)
    assert not within_range([low, high], first, second - 1)
    assert not within_range([low, high], second, HASH_KEYS - 1)
    assert not within_range([UserRecord("a", None, b"")], hash_key("a") + 1, HASH_KEYS - 1)
    assert within_range([UserRecord("a", None, b"")], hash_key("a"), hash_key("a"))
    assert within_range(RECORDS[ONE_KEY], 0, HASH_KEYS - 1)
