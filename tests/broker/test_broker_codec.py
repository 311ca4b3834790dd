"""The codec and the message classes, without a server."""

import contextlib
import inspect
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.broker.embedded import apis
from streaming.broker.embedded.codec import DecodeError, Message, decode, encode
from streaming.broker.embedded.messages import admin, cluster, data, groups, overview, upkeep
from tests.broker.any_message import messages, versions_of

TOP = [
    kind
    for module in (admin, cluster, data, groups, overview, upkeep)
    for name, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Message) and name.endswith(("Request", "Response"))
]


@pytest.mark.parametrize("kind", TOP, ids=lambda kind: kind.__name__)
@given(chance=st.data())
@settings(max_examples=15, deadline=None)
def test_every_message_survives_the_wire(kind, chance):
    for version, flexible in versions_of(kind):
        message = chance.draw(messages(kind, version))
        out = bytearray()
        encode(message, version, out, flexible=flexible)
        assert decode(kind, version, bytes(out), flexible=flexible) == message


@pytest.mark.parametrize("key", sorted(apis.APIS))
@given(frame=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_a_message_or_refused(key, frame):
    api = apis.APIS[key]
    for version in (api.first, api.last):
        with contextlib.suppress(DecodeError):
            decode(api.request, version, frame, flexible=version >= api.flexible)


def test_a_count_is_not_believed_beyond_the_bytes_there():
    frame = struct.pack(">i", 2**31 - 1) + b"\x00" * 16
    with pytest.raises(DecodeError, match="items announced"):
        decode(cluster.MetadataRequest, 1, frame)


def test_a_flexible_message_is_as_kip_482_says():
    """Compact lengths are one more than the length, and unknown tagged fields are skipped."""
    request = groups.ListGroupsRequest(states=["Stable"])
    out = bytearray()
    encode(request, 4, out, flexible=True)
    assert out == b"\x02" + b"\x07Stable" + b"\x00"
    tagged = out[:-1] + b"\x02" + b"\x00\x01x" + b"\x81\x01\x03abc"
    assert decode(groups.ListGroupsRequest, 4, bytes(tagged), flexible=True) == request
    long = groups.ListGroupsRequest(states=["s" * 300])
    out = bytearray()
    encode(long, 4, out, flexible=True)
    assert out[1:3] == b"\xad\x02"  # 301
    assert decode(groups.ListGroupsRequest, 4, bytes(out), flexible=True) == long


@pytest.mark.parametrize(
    "rest", [b"\xff" * 9, b"\x01\x00\xff\xff\xff\xff\x0f", b"\x01\x00\x7f", b""]
)
def test_tags_past_the_end_are_refused(rest):
    with pytest.raises(DecodeError):
        decode(groups.ListGroupsRequest, 4, b"\x01" + rest, flexible=True)


def test_left_over_bytes_are_refused():
    with pytest.raises(DecodeError, match="left over"):
        decode(cluster.ApiVersionsRequest, 0, b"x")


def test_null_where_it_is_not_allowed_is_refused():
    with pytest.raises(DecodeError):
        decode(groups.HeartbeatRequest, 0, struct.pack(">h", -1) + b"\x00" * 6)
    with pytest.raises(TypeError):
        encode(
            groups.HeartbeatRequest(group_id=None, generation_id=1, member_id=""), 0, bytearray()
        )


def test_versions_carry_their_fields_only():
    topic = groups.OffsetCommitRequest(group_id="g", generation_id=1, member_id="m", topics=[])
    sizes = {}
    for version in (2, 5, 7):
        out = bytearray()
        encode(topic, version, out)
        sizes[version] = len(out)
    assert sizes[5] == sizes[2] - 8, "retention time left with version 5"
    assert sizes[7] == sizes[5] + 2, "a null instance id came with version 7"


@pytest.mark.parametrize("version", range(4, 12))
def test_fetch_is_read_as_aiokafka_writes_it(version):
    import aiokafka.protocol.fetch as theirs

    kind = getattr(theirs, f"FetchRequest_v{version}")
    part = [3] + ([-1] if version >= 9 else []) + [77] + ([-1] if version >= 5 else []) + [1000]
    fields = [-1, 500, 1, 9999, 0] + ([0, -1] if version >= 7 else []) + [[("t", [tuple(part)])]]
    fields += ([[]] if version >= 7 else []) + ([""] if version >= 11 else [])
    request = decode(data.FetchRequest, version, kind(*fields).encode())
    wanted = request.topics[0].partitions[0]
    assert (wanted.index, wanted.fetch_offset, wanted.max_bytes) == (3, 77, 1000)
    assert (request.max_wait_ms, request.min_bytes, request.max_bytes) == (500, 1, 9999)
