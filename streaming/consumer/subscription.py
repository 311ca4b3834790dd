"""What a member of a group says as it joins, in the bytes that all Kafka clients agree on.

`ConsumerProtocolSubscription`: version 0 has topics and a field for the assignor's own use, 1 adds
the partitions that the member has (KIP-429), 2 since which generation (KIP-792), 3 its rack. Later
versions only add to the end. What the group answers, `ConsumerProtocolAssignment`, is aiokafka's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from io import BytesIO
from typing import Final

from aiokafka.protocol.types import Array, Bytes, Int16, Int32, String

from streaming.consumer.sticky import NO_GENERATION, Member, Partition

VERSION: Final = 2
_TOPICS: Final = Array(String("utf-8"))
_OWNED: Final = Array(("topic", String("utf-8")), ("partitions", Array(Int32)))
_GENERATION_BYTES: Final = 4


def encode(member: Member) -> bytes:
    """The bytes of a cooperative member.

    The generation is in them twice: before version 2 the assignors had it in their own field, as
    Java's still have.
    """
    return b"".join(
        (
            Int16.encode(VERSION),
            _TOPICS.encode(sorted(member.topics)),
            Bytes.encode(Int32.encode(member.generation)),
            _OWNED.encode(by_topic(member.owned)),
            Int32.encode(member.generation),
        )
    )


def decode(data: bytes) -> Member:
    """What any client's member says; what its version does not have is "nothing".

    Raises ValueError or struct.error for what is no subscription.
    """
    source = BytesIO(data)
    version = Int16.decode(source)
    topics = frozenset(_TOPICS.decode(source) or ())
    own_field = Bytes.decode(source) or b""
    owned: Iterable[Partition] = ()
    generation = NO_GENERATION
    if version >= 1:
        listed = _OWNED.decode(source) or ()
        owned = ((topic, part) for topic, parts in listed for part in parts)
    if version >= 2:
        generation = Int32.decode(source)
    if generation == NO_GENERATION and len(own_field) == _GENERATION_BYTES:
        generation = Int32.decode(BytesIO(own_field))
    return Member(topics, frozenset(owned), generation)


def by_topic(partitions: Collection[Partition]) -> list[tuple[str, list[int]]]:
    """Partitions as requests list them: topic by topic."""
    found: dict[str, list[int]] = defaultdict(list)
    for topic, number in sorted(partitions):
        found[topic].append(number)
    return list(found.items())
