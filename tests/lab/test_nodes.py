"""The watch on a cluster's nodes, on a real broker that is killed and comes back."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from streaming.broker.connection import Connection
from streaming.broker.nodes import NodeChange, NodeWatch, first_facts
from streaming.broker.topics import ensure_topics
from tests.broker.support import BrokerProcess


async def test_a_killed_node_is_missing_and_then_back(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path).start()
    port = broker.port
    kafka = Connection(broker.bootstrap)
    changes: list[NodeChange] = []
    watch = NodeWatch(["a"], kafka, changes.append)
    try:
        await ensure_topics(kafka, {"a": 3}, [], 1)
        facts = await first_facts(kafka)
        assert facts.embedded and 0 in facts.apis
        watch.begin(facts)
        await watch.look()
        (node,) = watch.nodes
        assert (node.address, node.state, node.leads) == (f"127.0.0.1:{port}", "up", 3)
        assert watch.answered and watch.replicas == (0, 0)
        assert changes == []

        broker.kill()
        await watch.look()
        assert not watch.answered and watch.replicas is None
        assert [c.node.state for c in changes] == ["missing"]
        missing_since = watch.nodes[0].since_at_ms
        await watch.look()
        assert len(changes) == 1 and watch.nodes[0].since_at_ms == missing_since

        broker = BrokerProcess(tmp_path, "--port", str(port)).start()
        await watch.look()
        assert [c.node.state for c in changes] == ["missing", "up"]
        assert changes[1].after_s >= 0 and watch.answered
    finally:
        await watch.close()
        broker.stop()


async def test_a_node_that_takes_connections_and_says_nothing_is_missing(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path).start()
    port = broker.port
    kafka = Connection(broker.bootstrap)
    watch = NodeWatch([], kafka, lambda change: None)
    watch.begin(await first_facts(kafka))
    broker.kill()
    with socket.create_server(("127.0.0.1", port)):
        await watch.look()
    assert [node.state for node in watch.nodes] == ["missing"]
    await watch.close()
    broker.stop()


async def test_the_first_address_that_answers_counts(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path).start()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    try:
        facts = await first_facts(Connection(f"127.0.0.1:{dead},127.0.0.1:{broker.port}"))
        assert facts.embedded
    finally:
        broker.stop()
    with pytest.raises(Exception, match="onnect"):
        await first_facts(Connection(f"127.0.0.1:{dead}"))
