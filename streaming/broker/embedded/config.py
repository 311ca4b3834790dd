"""What the server is told at its start, what it says when ready, and why it may not start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = "dasprep embedded broker (not Apache Kafka)"
VERSION: Final = "0.1.0"
CLUSTER_PREFIX: Final = "dasprep-embedded-"
"""How its cluster id begins, so that clients can tell it from Apache Kafka."""
LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "::1", "localhost"})

MIB: Final = 1024 * 1024
DAY_MS: Final = 24 * 60 * 60 * 1000


@dataclass(frozen=True, kw_only=True)
class BrokerConfig:
    """Settings of one server. Sizes are bytes, times milliseconds.

    `port` 0 takes a free one. `advertised_host`/`advertised_port` are what clients are told to
    connect to when that differs from the socket (a proxy in front, say). `max_message_bytes` is
    Kafka's default: one MiB plus the header of a batch; a topic's own setting goes first.
    Retention is as Kafka's, too: 7 days by default, -1 keeps all, looked after once in a while.
    With `parent_pipe` the end of standard input ends the server; `control` takes orders from it.
    `fetch_max_bytes` bounds the memory one answer takes, whatever the client allows.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 0
    allow_remote: bool = False
    parent_pipe: bool = False
    control: bool = False
    advertised_host: str | None = None
    advertised_port: int | None = None
    node_id: int = 1
    auto_create: bool = True
    default_partitions: int = 1
    max_partitions: int = 4096
    segment_bytes: int = 64 * MIB
    segment_ms: int = 7 * DAY_MS
    retention_ms: int = 7 * DAY_MS
    retention_bytes: int = -1
    retention_check_ms: int = 300_000
    index_interval_bytes: int = 8192
    max_message_bytes: int = MIB + 12
    max_frame_bytes: int = 100 * MIB
    fetch_max_bytes: int = 4 * MIB
    max_connections: int = 500
    max_open_files: int = 256
    max_indexes: int = 64
    group_min_session_timeout_ms: int = 200
    group_max_session_timeout_ms: int = 1_800_000
    group_initial_rebalance_delay_ms: int = 0
    producer_expiry_ms: int = 86_400_000


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The server listens: where, and as which process."""

    host: str
    port: int
    pid: int
    cluster_id: str
    version: str = VERSION
    name: str = NAME

    @property
    def bootstrap(self) -> str:
        """The address as Kafka clients take it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class BrokerStartError(Exception):
    """The server cannot start. The message says what happened, why, and what to do."""
