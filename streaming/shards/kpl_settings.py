"""The knobs of the Kinesis Producer Library that the lab's producer has, with their defaults.

Defaults and ranges are those of the KPL's own configuration
(awslabs/amazon-kinesis-producer, `aws/kinesis/core/configuration.h`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

_RANGES: Final[dict[str, tuple[int, int]]] = {
    "record_max_buffered_time_ms": (0, 2**63 - 1),
    "aggregation_max_size": (64, 10 * 2**20),
    "aggregation_max_count": (1, 2**63 - 1),
    "collection_max_count": (1, 500),
    "collection_max_size": (52_224, 2**63 - 1),
    "rate_limit_percent": (1, 2**63 - 1),
}


@dataclass(frozen=True, slots=True)
class KplSettings:
    """How long a producer gathers, how much it puts together and how fast it sends.

    Sizes are bytes. Raises ValueError for a value outside the KPL's range, with that range.
    """

    record_max_buffered_time_ms: int = 100
    """What a record may wait (ms). Two records change places by at most twice this."""

    aggregation_max_size: int = 51_200
    """The largest aggregate. A record with more data than this is sent alone."""

    aggregation_max_count: int = 4_294_967_295
    """The most records in an aggregate."""

    collection_max_count: int = 500
    """The most records of Kinesis in one PutRecords."""

    collection_max_size: int = 5 * 2**20
    """The most data in one PutRecords, half of what the service takes today."""

    rate_limit_percent: int = 150
    """What a producer sends a shard at most, in percent of the shard's limits."""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least, most = _RANGES[name]
            if not least <= value <= most:
                raise ValueError(f"{name} is {value}; the KPL takes {least} to {most}")


DEFAULTS: Final = KplSettings()

CALL_BYTES_OF_A_SHARD: Final = 256 * 1024
"""A PutRecords is sent once it has so much for one shard, so that no shard gets it in bursts
(`aws/kinesis/core/collector.h`). No knob."""
