"""A process's standing with its cluster: the login's tokens, refusals, and when to try again.

aiokafka's clients try again after 0.1 s and in silence. A wrong password asked for so often locks
accounts, so every connection is opened here: after a refusal one at a time, after a growing pause.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from typing import Any, Final

import aiokafka.client
from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from streaming.broker.tokens import Source, Tokens, TokenUnavailable

log: Final = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 60.0

_REFUSALS: Final = (
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    IllegalSaslStateError,
    TokenUnavailable,
    ssl.SSLError,
)
_BROKEN: Final = (ssl.SSLEOFError, ssl.SSLSyscallError, ssl.SSLZeroReturnError)


class Access(AbstractTokenProvider):  # type: ignore[misc]
    """Shared by all clients of a process; travels as their token provider, which each passes on."""

    def __init__(self, source: Source | None = None) -> None:
        self.tokens = None if source is None else Tokens(source)
        self.refusal: BaseException | None = None
        self._refusals = 0
        self._not_before = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def token(self) -> str:
        """A token that is valid now. Raises TokenUnavailable."""
        if self.tokens is None:
            raise TokenUnavailable("this mechanism uses no token")
        return await self.tokens.get()

    @property
    def resting(self) -> bool:
        """Whether it was refused and must not try again just now."""
        return time.monotonic() < self._not_before

    async def open(self, connection: AIOKafkaConnection) -> None:
        """Connect, after the pause that a refusal asks for."""
        if not self._refusals:
            await self._open(connection)
            return
        async with self._one_at_a_time:
            await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
            await self._open(connection)

    async def _open(self, connection: AIOKafkaConnection) -> None:
        try:
            await connection.connect()
        except (KafkaError, OSError, TimeoutError) as error:
            self._failed(error)
            raise
        except (ValueError, LookupError, AssertionError) as error:
            # Answers that are no SCRAM or no Kafka; a client's background task would die of these.
            broken = KafkaConnectionError(f"unintelligible answer: {type(error).__name__}")
            self._failed(broken)
            raise broken from error
        self.refusal = None
        self._refusals = 0
        self._not_before = 0.0

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, _REFUSALS) or isinstance(error, _BROKEN):
            return
        self.refusal = error
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._refusals)
        self._refusals = min(self._refusals + 1, 10)
        self._not_before = time.monotonic() + pause
        if self.tokens is not None:
            self.tokens.forget()
        log.warning("the broker refused this process; it tries again in %.0f s", pause)


class _Bearer:
    """The client's side of OAUTHBEARER (RFC 7628, section 3.2).

    aiokafka takes any answer for success. A broker that refuses a token answers with a JSON text
    and names its error only after the client has sent one more byte.
    """

    def __init__(self, access: AbstractTokenProvider) -> None:
        self._access = access
        self._step = 0

    async def step(self, answer: bytes | None) -> tuple[bytes, bool] | None:
        self._step += 1
        if self._step == 1:
            return f"n,,\x01auth=Bearer {await self._access.token()}\x01\x01".encode(), True
        return (b"\x01", True) if answer and self._step == 2 else None


class _Connection(AIOKafkaConnection):  # type: ignore[misc]
    def authenticator_oauth(self) -> _Bearer:
        return _Bearer(self._sasl_oauth_token_provider)


async def open_connection(host: str, port: int, **options: Any) -> AIOKafkaConnection:
    """What aiokafka's `create_conn` does, through the `Access` among the options.

    Raises OSError, TimeoutError and aiokafka's errors only.
    """
    connection = _Connection(host, port, **options)
    access = options.get("sasl_oauth_token_provider")
    if isinstance(access, Access):
        await access.open(connection)
    else:
        await connection.connect()
    return connection


# Clients offer no other way to have a say in how their connections are opened.
aiokafka.client.create_conn = open_connection
