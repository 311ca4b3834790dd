"""The states a consumer group passes through."""

from __future__ import annotations

from enum import StrEnum


class GroupState(StrEnum):
    """States under the names DescribeGroups shows (Kafka protocol guide)."""

    EMPTY = "Empty"
    PREPARING = "PreparingRebalance"
    COMPLETING = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"
