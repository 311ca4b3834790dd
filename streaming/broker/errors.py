"""What goes wrong between the lab and a broker."""

from __future__ import annotations

from aiokafka.errors import KafkaError


class BrokerError(Exception):
    """There is no usable broker; the text says what, why and what to do."""


class TokenUnavailable(KafkaError):  # type: ignore[misc]
    """There is no token to log in with; the text says why and what to do, never the token.

    One of the client's own errors, so that its background tasks survive it and try again.
    """
