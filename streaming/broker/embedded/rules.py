"""What a topic's settings mean for its partitions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LogRules:
    """The settings of a topic that its partitions obey. Sizes are bytes, times milliseconds.

    `before_max_ms` and `after_max_ms` bound how far a record's time may be from that of its
    arrival. -1 as a retention keeps everything. `delete_old` is whether `cleanup.policy` names
    `delete`; without it retention by time and size does not act (and compaction is not offered,
    so such a log keeps all that was not removed by DeleteRecords).
    """

    max_message_bytes: int
    segment_bytes: int
    segment_ms: int
    log_append_time: bool = False
    before_max_ms: int = 2**63 - 1
    after_max_ms: int = 2**63 - 1
    retention_ms: int = -1
    retention_bytes: int = -1
    delete_old: bool = True
    file_delete_delay_ms: int = 0
