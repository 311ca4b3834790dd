"""A refusal is not asked for again at once: pauses that grow, one attempt at a time."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, SaslAuthenticationFailed
from security_support import token_file, way_of

from kafka_cluster import KafkaCluster
from streaming.broker import access
from streaming.broker.access import Access
from streaming.broker.nodes import NodeWatch, first_facts
from streaming.broker.tokens import Token
from streaming.broker.topics import LogWatch


class Fake:
    """A connection that ends as told, one outcome after the other."""

    def __init__(self, *outcomes: BaseException | None) -> None:
        self.outcomes = list(outcomes)
        self.at: list[float] = []
        self.together = self.most = 0

    async def connect(self) -> None:
        self.at.append(asyncio.get_running_loop().time())
        self.together += 1
        self.most = max(self.most, self.together)
        await asyncio.sleep(0)
        self.together -= 1
        outcome = self.outcomes.pop(0)
        if outcome is not None:
            raise outcome


async def tried(gate: Access, fake: Fake) -> BaseException | None:
    try:
        await gate.open(fake)
    except (KafkaError, OSError, TimeoutError) as error:
        return error
    return None


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(access, "LONGEST_PAUSE_S", 0.15)


async def test_pauses_grow_and_end_with_a_success(quick: None) -> None:
    gate = Access()
    fake = Fake(*[SaslAuthenticationFailed("no") for _ in range(4)], None, None)
    for _ in range(4):
        assert isinstance(await tried(gate, fake), SaslAuthenticationFailed)
        assert gate.resting and gate.refusal is not None
    for _ in range(2):
        assert await tried(gate, fake) is None
        assert not gate.resting and gate.refusal is None
    pauses = [b - a for a, b in zip(fake.at, fake.at[1:], strict=False)]
    assert all(p >= least for p, least in zip(pauses, (0.05, 0.1, 0.15, 0.15), strict=False))


async def test_many_clients_ask_one_at_a_time(quick: None) -> None:
    gate = Access()
    fake = Fake(*[SaslAuthenticationFailed("no") for _ in range(4)])
    await tried(gate, fake)
    await asyncio.gather(*(tried(gate, fake) for _ in range(3)))
    assert fake.most == 1
    assert all(b - a >= 0.05 for a, b in zip(fake.at, fake.at[1:], strict=False))


async def test_a_dead_node_is_no_refusal() -> None:
    gate = Access()
    fake = Fake(ConnectionRefusedError(), TimeoutError(), ssl.SSLEOFError(), KafkaConnectionError())
    for _ in range(4):
        assert await tried(gate, fake) is not None
        assert not gate.resting and gate.refusal is None


async def test_answers_that_make_no_sense_are_the_clients_own_errors() -> None:
    for outcome in (ValueError("Server sent wrong signature!"), KeyError("r"), AssertionError()):
        assert isinstance(await tried(Access(), Fake(outcome)), KafkaConnectionError)


async def test_a_refused_token_is_fetched_anew() -> None:
    fetched: list[int] = []

    async def source() -> Token:
        fetched.append(1)
        return Token("t", None)

    gate = Access(source)
    await gate.token()
    await tried(gate, Fake(SaslAuthenticationFailed("no")))
    await gate.token()
    assert len(fetched) == 2


# --- on a real cluster ----------------------------------------------------------------------


async def test_every_client_keeps_the_pause(
    secured_kafka: KafkaCluster, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lab's watches and aiokafka's own clients, which else try again ten times a second."""
    kafka = (
        way_of(secured_kafka, "SCRAM-SHA-512", tmp_path, tls=False).but(password="no").connection
    )
    attempts: list[float] = []
    connect = access._Connection.connect

    async def counted(self: Any) -> Any:
        attempts.append(asyncio.get_running_loop().time())
        return await connect(self)

    monkeypatch.setattr(access._Connection, "connect", counted)
    monkeypatch.setattr(access, "FIRST_PAUSE_S", 60)
    host, port = kafka.addresses[0]
    with pytest.raises(SaslAuthenticationFailed):
        await kafka.open(host, port, timeout_s=20)
    clients = (AIOKafkaConsumer(**kafka.options()), AIOKafkaProducer(**kafka.options()))
    for client in clients:
        starting = asyncio.ensure_future(client.start())
        await asyncio.wait({starting}, timeout=0.5)
        starting.cancel()
        await asyncio.wait({starting})
    assert await LogWatch(kafka).ends({"a": 1}) is None
    with pytest.raises((KafkaError, TimeoutError)):
        await asyncio.wait_for(first_facts(kafka), 0.5)
    assert len(attempts) == 1 and kafka.access.resting
    assert "wrong user name or password" in kafka.trouble
    for client in clients:
        await client.stop()


async def test_a_session_that_is_cut_is_no_missing_node(
    secured_kafka: KafkaCluster, tmp_path: Any
) -> None:
    """Kafka cuts a connection when its token ends; the watches come back with a fresh one."""
    way = way_of(secured_kafka, "OAUTHBEARER", tmp_path)
    path = token_file(tmp_path, 3)
    kafka = way.but(token_file=str(path)).connection
    changes: list[Any] = []
    watch, log = NodeWatch([], kafka, changes.append), LogWatch(kafka)
    watch.begin(await first_facts(kafka))
    await watch.look()
    assert await log.ends({}) == {}
    first = dict(watch._connections)
    token_file(tmp_path, 3600).rename(path)
    ends = asyncio.get_running_loop().time() + 20
    while any(watch._connections.get(node) is link for node, link in first.items()):
        assert asyncio.get_running_loop().time() < ends, "the cluster cut nothing"
        await watch.look()
        assert await log.ends({}) is not None
        await asyncio.sleep(0.2)
    assert changes == [] and watch.answered
    await watch.close()
    await log.close()
