"""How every client of the lab reaches its Kafka: the one place that knows the clients' options."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aiokafka.conn import AIOKafkaConnection

from streaming.broker.access import Access, open_connection
from streaming.broker.explain import refused
from streaming.broker.security import PLAINTEXT, Security
from streaming.broker.tokens import source_of
from streaming.broker.wire import Wire


@dataclass(frozen=True)
class Connection:
    """A Kafka cluster by its bootstrap addresses ("HOST:PORT,HOST:PORT") and how to log in."""

    bootstrap: str
    security: Security = PLAINTEXT

    @classmethod
    def received(cls, wire: Wire) -> Connection:
        """The connection that the parent process sent."""
        return cls(wire.bootstrap, Security.model_validate(wire.security))

    def wire(self) -> Wire:
        """For a child process."""
        return Wire(self.bootstrap, self.security.sealed())

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each bootstrap address, as the settings have checked them."""
        pairs = (address.strip().rpartition(":") for address in self.bootstrap.split(","))
        return [(host.strip("[]"), int(port)) for host, _, port in pairs]

    @cached_property
    def access(self) -> Access:
        """Tokens, refusals and pauses, shared by all clients of this process."""
        return Access(source_of(self.security))

    @cached_property
    def _secured(self) -> dict[str, Any]:
        s = self.security
        options: dict[str, Any] = {
            "security_protocol": s.transport,
            "ssl_context": s.tls_context(),
            "sasl_oauth_token_provider": self.access,
        }
        if s.sasl:
            options["sasl_mechanism"] = s.wire_mechanism
            options["sasl_plain_username"] = s.username
            options["sasl_plain_password"] = s.secret("password")
        return options

    @property
    def trouble(self) -> str:
        """Why the cluster refuses this process, "" when it does not or is not there at all."""
        refusal = self.access.refusal
        return "" if refusal is None else refused(self.bootstrap, refusal, self)

    def options(self) -> dict[str, Any]:
        """The keyword arguments that aiokafka's consumer, producer and admin client all take.

        Raises BrokerError when a certificate's file cannot be used.
        """
        return {"bootstrap_servers": self.bootstrap, **self._secured}

    async def open(self, host: str, port: int, *, timeout_s: float) -> AIOKafkaConnection:
        """One connection to a node, its handshakes done; the caller closes it.

        Raises OSError, TimeoutError and aiokafka's errors.
        """
        opening = open_connection(
            host,
            port,
            client_id="dasprep-tui",
            request_timeout_ms=int(timeout_s * 1000),
            **self._secured,
        )
        return await asyncio.wait_for(opening, timeout_s * 2)
