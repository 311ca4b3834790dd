"""What consumers tell each other through the server when they join: their subscriptions."""

from __future__ import annotations

from typing import Final

from streaming.broker.embedded.codec import DecodeError, Int16, Message, String, decode
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.group import Group

_CONSUMER: Final = "consumer"  # the protocol type of groups of consumers


class _Subscription(Message, kw_only=True):
    """The beginning of Kafka's ConsumerProtocolSubscription, the same in all its versions."""

    version: Int16
    topics: list[String]


def uses(group: Group, topic: str) -> bool:
    """Whether a consumer in the group is subscribed to the topic, or may be: it cannot be told.

    Raises ApiError NON_EMPTY_GROUP for members that are no consumers (KIP-496).
    """
    if not group.members:
        return False
    if group.protocol_type != _CONSUMER:
        raise ApiError(ErrorCode.NON_EMPTY_GROUP, "its members are no consumers")
    told = [_topics(member.info.protocols.get(group.protocol)) for member in group.members]
    return any(topics is None or topic in topics for topics in told)


def _topics(metadata: bytes | None) -> list[str] | None:
    """The topics in a member's metadata; None when it is not a consumer's subscription."""
    if metadata is None:
        return None
    try:
        return decode(_Subscription, 0, metadata, whole=False).topics
    except DecodeError:
        return None
