"""Whether a cluster can be used as the settings say, and if not, in one text why and what to do.

Passwords are sent once and to one node only: a refusal ends the check, since the next node would
refuse as well and accounts get locked.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any, Final

from aiokafka.errors import KafkaError, UnsupportedSaslMechanismError
from aiokafka.protocol.metadata import MetadataRequest

from streaming.broker import explain
from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError
from streaming.broker.greeting import Greeting, greet, mechanisms

CONNECT_S: Final = 10.0
GREET_S: Final = 8.0
OTHERWISE_S: Final = 3.0
"""For a second look, with TLS where there was none or the other way round."""

_REACH_S: Final = 5.0


async def check(kafka: Connection) -> None:
    """Connect and log in as every client of the lab will. Raises BrokerError."""
    tls = kafka.options()["ssl_context"]
    reached = await _reachable(kafka.addresses, CONNECT_S)
    problems = [f"{_at(*at)}: {why}" for at, why in reached.items() if why]
    for (host, port), why in reached.items():
        if why:
            continue
        greeting = await greet(host, port, tls, GREET_S)
        if greeting.kind == "kafka":
            await _log_in(kafka, host, port, tls)
            return
        text, final = await _no_kafka(kafka, host, port, tls, greeting)
        if final:
            raise BrokerError(text)
        problems.append(text)
    raise BrokerError(
        f"No Kafka broker can be reached ({'; '.join(problems)}). Check the address given with "
        "--bootstrap and that the cluster is up, or leave --bootstrap out to use the embedded "
        "broker."
    )


async def _reachable(
    addresses: Sequence[tuple[str, int]], wait_s: float
) -> dict[tuple[str, int], str]:
    """Each address, with why no connection can be made, "" where one can."""

    async def knock(host: str, port: int) -> str:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), wait_s)
        except TimeoutError:
            return f"no answer within {wait_s:.0f} s"
        except (OSError, ValueError) as error:  # ValueError: no host name
            return explain.network(error)
        writer.close()
        return ""

    answers = await asyncio.gather(*(knock(host, port) for host, port in addresses))
    return dict(zip(addresses, answers, strict=True))


async def _no_kafka(
    kafka: Connection, host: str, port: int, tls: ssl.SSLContext | None, greeting: Greeting
) -> tuple[str, bool]:
    """What to say of an address that did not greet as Kafka, and whether that ends the check."""
    at, security = _at(host, port), kafka.security
    if isinstance(greeting.error, ssl.SSLError) and (
        text := explain.certificates(at, greeting.error, security)
        or explain.handshake(at, greeting.error)
    ):
        return text, True
    if tls is None:
        if greeting.kind == "tls" or await _speaks_tls(host, port):
            return explain.speaks_tls(at, security), True
        other = greeting
    else:
        other = await greet(host, port, None, OTHERWISE_S)
        if other.kind == "kafka":
            return explain.speaks_no_tls(at, security), True
    if other.kind == "other":
        what = other.what or "a server of another kind"
        return f"{at} is {what}, not a Kafka broker", False
    if other.kind == "silent":
        return f"{at} takes connections, but does not answer as Kafka does", False
    return f"{at} closes connections without an answer, which Kafka does not do", False


async def _log_in(kafka: Connection, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    at, logged_in = _at(host, port), False
    try:
        connection = await kafka.open(host, port, timeout_s=CONNECT_S)
        logged_in = True
        try:
            answer = await connection.send(MetadataRequest([]))
        finally:
            connection.close()
    except (KafkaError, OSError, TimeoutError) as error:
        offered: list[str] = []
        unfit = isinstance(error, UnsupportedSaslMechanismError)
        if unfit or (logged_in and not kafka.security.sasl):
            offered = await mechanisms(host, port, tls)
        if offered and not unfit:
            raise BrokerError(explain.wants_login(at, kafka.security, offered)) from error
        raise BrokerError(explain.refused(at, error, kafka, offered)) from error
    await _check_nodes(at, answer)


async def _check_nodes(at: str, answer: Any) -> None:
    """Clients go where the cluster sends them, which may be a name only known in its network."""
    nodes = {(str(host), int(port)): int(node) for node, host, port, *_ in answer.brokers}
    reached = await _reachable(list(nodes), _REACH_S)
    if nodes and all(reached.values()):
        lost = [f"node {nodes[n]} at {_at(*n)} does not answer: {reached[n]}" for n in nodes]
        raise BrokerError(explain.advertised(at, lost))


async def _speaks_tls(host: str, port: int) -> bool:
    """Whether TLS is spoken there, by whomever: no secret goes over this connection."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return (await greet(host, port, context, OTHERWISE_S)).kind in ("kafka", "tls")


def _at(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
