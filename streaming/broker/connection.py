"""How every client of the lab reaches its Kafka: the one place that knows the clients' options."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiokafka.conn import AIOKafkaConnection, create_conn


class Connection(msgspec.Struct, frozen=True):
    """A Kafka cluster by its bootstrap addresses ("HOST:PORT,HOST:PORT")."""

    bootstrap: str

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each bootstrap address, as the settings have checked them."""
        pairs = (address.strip().rpartition(":") for address in self.bootstrap.split(","))
        return [(host.strip("[]"), int(port)) for host, _, port in pairs]

    async def open(self, host: str, port: int, *, timeout_s: float) -> AIOKafkaConnection:
        """One connection to a node, its handshakes done; the caller closes it.

        Raises OSError, TimeoutError and aiokafka's errors.
        """
        opening = create_conn(
            host, port, client_id="dasprep-tui", request_timeout_ms=int(timeout_s * 1000)
        )
        return await asyncio.wait_for(opening, timeout_s * 2)

    def options(self) -> dict[str, Any]:
        """The keyword arguments that aiokafka's consumer, producer and admin client all take."""
        return {"bootstrap_servers": self.bootstrap}
