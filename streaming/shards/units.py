"""What Kinesis counts when it bills records (Amazon Kinesis Data Streams pricing, key terms).

Its KB are 1,024 bytes; the "1 MB" of its example, 40 units, are 1,000 of them: a record of 1 MiB,
the default limit, has 41.
"""

from __future__ import annotations

from typing import Final

KB: Final = 1024

PAYLOAD_UNIT_KB: Final = 25


def put_payload_units(size: int) -> int:
    """PUT payload units of a record of `size` bytes in provisioned mode: begun chunks of 25 KB.

    An empty record is one chunk all the same.
    """
    return max(1, _rounded_up(size, PAYLOAD_UNIT_KB * KB))


def on_demand_kb(size: int) -> int:
    """The KB that a record of `size` bytes is billed as in on-demand mode: each begun one."""
    return _rounded_up(size, KB)


def _rounded_up(size: int, unit: int) -> int:
    return -(-size // unit)
