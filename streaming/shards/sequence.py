"""Sequence numbers of Kinesis, version 2: 186 bits that tell a record's place in its shard.

AWS documents only that they grow within a shard (API reference, PutRecord); the layout was found
out by the authors of kinesalite and kinesis-mock and fits the numbers that AWS shows in its docs:

    2 | created: 9 | shard: 1 | index: 16 | 00 | time: 9 | shard: 8 | 2      (hexadecimal digits)

`created` and `time` are seconds since the Unix epoch, the first shard digit is the last one of the
second. They grow from record to record of a shard, by index, and say nothing across shards.
"""

from __future__ import annotations

from typing import Final, NamedTuple

LAST_INDEX: Final = 2**63 - 1
"""The index in a closed shard's EndingSequenceNumber."""

_DIGITS: Final = 47
_LATEST_S: Final = 16_025_175_000
"""Later seconds are refused by the service (kinesalite's tests against production)."""


class BadSequence(ValueError):
    """No sequence number of version 2; the text says why."""


class SequenceNumber(NamedTuple):
    """What a sequence number says. Times are seconds since the Unix epoch."""

    created_s: int
    shard: int
    seq_index: int
    time_s: int

    @classmethod
    def parse(cls, text: str) -> SequenceNumber:
        """Read the decimal form that the API uses. Raises BadSequence."""
        if not (text.isascii() and text.isdecimal()):
            raise BadSequence(f"{text[:60]!r} is no decimal number")
        digits = f"{int(text):x}" if len(text) <= 57 else ""
        if len(digits) != _DIGITS or digits[0] != "2" or digits[-1] != "2":
            raise BadSequence(f"{text[:60]} is no sequence number of version 2")
        found = cls(
            created_s=int(digits[1:10], 16),
            shard=int(digits[38:46], 16),
            seq_index=int(digits[11:27], 16),
            time_s=int(digits[29:38], 16),
        )
        if found.seq_index > LAST_INDEX:
            raise BadSequence(f"{text}: its index is too high")
        if found.created_s >= _LATEST_S:
            raise BadSequence(f"{text}: its shard would be of a time too far ahead")
        return found

    @property
    def number(self) -> int:
        """The number itself: of one shard, a later record's is greater."""
        digits = (
            f"2{self.created_s:09x}{self.shard & 15:x}{self.seq_index:016x}00"
            f"{self.time_s:09x}{self.shard:08x}2"
        )
        return int(digits, 16)

    def __str__(self) -> str:
        """The decimal form that the API uses."""
        return str(self.number)
