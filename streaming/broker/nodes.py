"""Watches the nodes of a cluster: which answer, who leads, which replicas are behind.

Each node is asked on a connection of its own, so that a dead one is seen within a second or two
and not only when the controller has fenced it (nine seconds by Kafka's defaults).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError, KafkaError

from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError
from streaming.broker.probe import (
    BrokerFacts,
    ClusterFacts,
    NodeFacts,
    broker_facts,
    cluster_facts,
)
from streaming.lab.snapshot import NodeState, NodeView

log: Final = logging.getLogger(__name__)

ANSWER_S: Final = 2.0
"""A node that does not answer for so long is missing."""

CONNECT_S: Final = 5.0


class NodeChange(NamedTuple):
    """A node that came into `state`; `after_s` is how long it was in the other one."""

    node: NodeView
    after_s: float


class ReplicaCounts(NamedTuple):
    """Shards with a replica that is not in sync, and shards that nobody leads just now."""

    behind: int
    leaderless: int


class NodeWatch:
    """Knows the nodes since `begin`; `look` asks each of them once.

    `topics` are those whose shards are counted.
    """

    def __init__(
        self,
        topics: Sequence[str],
        kafka: Connection,
        on_change: Callable[[NodeChange], None],
    ) -> None:
        self._topics = list(topics)
        self._kafka = kafka
        self._on_change = on_change
        self._connections: dict[int, AIOKafkaConnection] = {}
        self._known: dict[int, NodeFacts] = {}
        self._views: dict[int, NodeView] = {}
        self._facts: ClusterFacts | None = None
        self.answered: bool | None = None

    def begin(self, facts: BrokerFacts) -> None:
        """Start from what one of the nodes said."""
        self._facts = facts.cluster
        self._learn(facts.cluster)

    @property
    def nodes(self) -> tuple[NodeView, ...]:
        """All nodes ever seen, by id."""
        return tuple(self._views[node] for node in sorted(self._views))

    @property
    def replicas(self) -> ReplicaCounts | None:
        """How the shards' replicas are; None while no node answers."""
        if self._facts is None or not self.answered:
            return None
        parts = self._facts.partitions
        return ReplicaCounts(
            behind=sum(len(p.in_sync) < len(p.replicas) for p in parts),
            leaderless=sum(p.leader < 0 for p in parts),
        )

    async def look(self) -> None:
        """Ask every known node; returns after `ANSWER_S` at the latest."""
        asked = list(self._known.values())
        answers = await asyncio.gather(*(self._ask(node) for node in asked))
        heard = {node.id: facts for node, facts in zip(asked, answers, strict=True) if facts}
        self.answered = bool(heard)
        if heard:
            # The controller's word is the newest; it fences nodes and moves leaders.
            best = next(
                (facts for node, facts in heard.items() if node == facts.controller),
                next(iter(heard.values())),
            )
            self._facts = best
            self._learn(best)
        for node in asked:
            self._note(node, "up" if node.id in heard else "missing")

    async def close(self) -> None:
        """Drop all connections."""
        for node in list(self._connections):
            self._drop(node)

    async def _ask(self, node: NodeFacts) -> ClusterFacts | None:
        asking = asyncio.ensure_future(self._ask_now(node))
        try:
            await asyncio.wait({asking}, timeout=ANSWER_S)
        finally:
            asking.cancel()
        if asking.done() and not asking.cancelled():
            error = asking.exception()
            if error is None:
                return asking.result()
            if not isinstance(error, KafkaError | OSError | TimeoutError):
                raise error
            log.info("node %d at %s: %s", node.id, node.address, error)
        self._drop(node.id)
        return None

    async def _ask_now(self, node: NodeFacts) -> ClusterFacts:
        connection = self._connections.get(node.id)
        if connection is not None and connection.connected():
            try:
                return await cluster_facts(connection, self._topics)
            except KafkaConnectionError:
                # A broker cuts a connection whose login has expired (KIP-368): a new one tells.
                self._drop(node.id)
        connection = await self._kafka.open(node.host, node.port, timeout_s=ANSWER_S)
        self._connections[node.id] = connection
        return await cluster_facts(connection, self._topics)

    def _learn(self, facts: ClusterFacts) -> None:
        for node in facts.nodes:
            if self._known.get(node.id) != node:
                self._known[node.id] = node
                self._drop(node.id)  # it may have moved to another address
            if node.id not in self._views:
                self._note(node, "up")

    def _note(self, node: NodeFacts, state: NodeState) -> None:
        now = int(time.time() * 1000)
        before = self._views.get(node.id)
        changed = before is None or before.state != state
        view = NodeView(
            id=node.id,
            address=node.address,
            rack=node.rack,
            state=state,
            since_at_ms=now if before is None or changed else before.since_at_ms,
            leads=self._leads(node.id),
        )
        self._views[node.id] = view
        if before is not None and changed:
            self._on_change(NodeChange(view, (now - before.since_at_ms) / 1000))

    def _leads(self, node: int) -> int | None:
        if self._facts is None or not self._facts.partitions:
            return None
        return sum(part.leader == node for part in self._facts.partitions)

    def _drop(self, node: int) -> None:
        connection = self._connections.pop(node, None)
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()


async def first_facts(kafka: Connection) -> BrokerFacts:
    """What the first of the addresses that answers says. Raises BrokerError."""
    failure: BaseException = OSError("no address was given")
    for host, port in kafka.addresses:
        try:
            connection = await kafka.open(host, port, timeout_s=CONNECT_S)
        except (KafkaError, OSError, TimeoutError) as error:
            failure = error
            continue
        try:
            return await broker_facts(connection)
        except (KafkaError, OSError, TimeoutError) as error:
            failure = error
        finally:
            connection.close()
    raise BrokerError(
        f"The broker at {kafka.bootstrap} does not answer as Kafka does: "
        f"{str(failure) or type(failure).__name__}. Check that the address is a Kafka listener "
        "this client may use."
    ) from failure
