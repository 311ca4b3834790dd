"""What a topic's settings mean for its partitions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LogRules:
    """The settings of a topic that its partitions obey. Sizes are bytes, times milliseconds.

    `codec` is the compression all batches get; without one they keep theirs. `before_max_ms` and
    `after_max_ms` bound how far a record's time may be from that of its arrival. -1 as a
    retention keeps everything. `delete_old` and `needs_keys` are whether `cleanup.policy` names
    `delete` and `compact`. Without the former retention by time and size does not act; compaction
    is not offered, so a topic that is only compacted keeps all that was not removed by
    DeleteRecords.
    """

    max_message_bytes: int
    segment_bytes: int
    segment_ms: int
    log_append_time: bool = False
    codec: int | None = None
    before_max_ms: int = 2**63 - 1
    after_max_ms: int = 2**63 - 1
    retention_ms: int = -1
    retention_bytes: int = -1
    delete_old: bool = True
    needs_keys: bool = False
    file_delete_delay_ms: int = 0
