"""What all requests share: the state of the server, and the client that asks."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from streaming.broker.embedded import storage
from streaming.broker.embedded.config import CLUSTER_PREFIX, BrokerConfig
from streaming.broker.embedded.coordinator import Coordinator
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.faults import Faults
from streaming.broker.embedded.offsets import OffsetStore
from streaming.broker.embedded.topics import Topics

log = logging.getLogger(__name__)

_REPORT_EVERY_S: Final = 10.0

T = TypeVar("T")


class PeerGoneError(Exception):
    """The client hung up while its request waited; nobody is left to answer."""


@dataclass(eq=False)
class Peer:
    """One connection. A request that waits does so through `wait`, so that a hang-up ends it."""

    host: str
    gone: bool = False
    _waiting: asyncio.Future[Any] | None = field(default=None, repr=False)

    async def wait(self, future: asyncio.Future[T]) -> T:
        """The future's result. Raises PeerGoneError as soon as the client hangs up."""
        if self.gone and not future.done():
            raise PeerGoneError
        self._waiting = future
        try:
            return await future
        except asyncio.CancelledError:
            if self.gone:
                raise PeerGoneError from None
            raise
        finally:
            self._waiting = None

    def hang_up(self) -> None:
        """The client closed its side or the connection broke."""
        self.gone = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.cancel()


@dataclass(frozen=True)
class Call:
    """One request's circumstances."""

    peer: Peer
    version: int
    client_id: str


class Broker:
    """Topics, groups and identity. `host` and `port` are what clients are told to connect to."""

    def __init__(
        self, config: BrokerConfig, loop: asyncio.AbstractEventLoop, faults: Faults | None = None
    ) -> None:
        self.config = config
        self.faults = Faults(loop) if faults is None else faults
        self.host = config.advertised_host or config.host
        self.port = config.advertised_port or config.port
        self.topics = Topics(config)
        self.offsets = OffsetStore(config.data / storage.OFFSETS_FILE)
        self.groups = Coordinator(
            loop, self.offsets, config.group_initial_rebalance_delay_ms / 1000
        )
        self.cluster_id = ""
        self._quiet_until = 0.0
        self._producer_ids: storage.ProducerIds | None = None

    def open(self) -> None:
        """Read the data folder. Raises OSError, or ValueError when a file makes no sense."""
        path = self.config.data / storage.IDENTITY_FILE
        identity = storage.read_file(path, storage.Identity)
        if identity is None:
            identity = storage.Identity(cluster_id=CLUSTER_PREFIX + secrets.token_hex(4))
            storage.replace_file(path, identity)
        if identity.format != storage.FORMAT:
            raise ValueError(f"{path} says format {identity.format}, this program knows 1")
        self.cluster_id = identity.cluster_id
        self._producer_ids = storage.ProducerIds(path, identity)
        self.topics.open()
        self.offsets.open()

    def new_producer_id(self) -> int:
        """An id for an idempotent producer. Raises ApiError when it cannot be kept on disk."""
        if self._producer_ids is None:
            raise ApiError(ErrorCode.STORAGE_ERROR, "the server is not open")
        try:
            return self._producer_ids.take()
        except OSError as error:
            raise ApiError(ErrorCode.STORAGE_ERROR, str(error)) from error

    def report(self, error: ApiError) -> None:
        """Tell the operator that the disk refuses, not more than once in a while."""
        now = time.monotonic()
        if error.code is ErrorCode.STORAGE_ERROR and now >= self._quiet_until:
            self._quiet_until = now + _REPORT_EVERY_S
            log.error("records are refused: %s", error.message)

    def close(self) -> None:
        """Close all files."""
        self.topics.close()
        self.offsets.close()
