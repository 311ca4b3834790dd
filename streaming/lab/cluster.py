"""What the engine knows of the cluster behind its broker: what it can do, and how its nodes are."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from streaming.broker.backend import Embedded, External
from streaming.broker.capabilities import capabilities, replicas
from streaming.broker.nodes import NodeChange, NodeWatch, first_facts
from streaming.broker.probe import BrokerFacts
from streaming.lab.faulting import fault_views
from streaming.lab.snapshot import BrokerState, BrokerView, CapabilityView

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

LOOK_EVERY_S: Final = 1.0


class Cluster:
    """Probes once at the start, then looks at each node every second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._watch = NodeWatch(
            list(engine.topics.values()), engine.backend.connection, self._changed
        )
        self._capabilities: tuple[CapabilityView, ...] = ()
        self.facts: BrokerFacts | None = None

    async def begin(self) -> None:
        """Probe the broker, which has started. Raises BrokerError."""
        backend = self._engine.backend
        self.facts = facts = await first_facts(backend.connection)
        own = not isinstance(backend, External)
        self._capabilities = capabilities(facts, own=own)
        self._watch.begin(facts)
        if isinstance(backend, External):
            backend.label = label_of(facts)

    @property
    def replicas(self) -> int:
        """Replicas of each new topic: as set, or one on each node, three at most."""
        wanted = self._engine.settings.replication
        if wanted is not None:
            return wanted
        return 1 if self.facts is None else replicas(self.facts)

    async def run(self) -> None:
        """Look at the nodes until cancelled."""
        try:
            while True:
                began = time.monotonic()
                await self._watch.look()
                self._set_state()
                await asyncio.sleep(max(0.1, LOOK_EVERY_S - (time.monotonic() - began)))
        finally:
            await self._watch.close()

    def view(self) -> BrokerView:
        """The broker as it stands."""
        b, watch = self._engine.backend, self._watch
        counts = watch.replicas
        return BrokerView(
            b.kind,
            b.label,
            b.connection.bootstrap,
            b.state,
            b.since_at_ms,
            b.restarts,
            nodes=watch.nodes,
            behind=None if counts is None else counts.behind,
            leaderless=None if counts is None else counts.leaderless,
            capabilities=self._capabilities,
            refused=b.connection.trouble,
            faults=fault_views(b),
        )

    def _set_state(self) -> None:
        """Another's cluster is up while any node answers; of our own broker the process tells."""
        backend = self._engine.backend
        state: BrokerState = "up" if self._watch.answered else "down"
        if isinstance(backend, External) and backend.state != state:
            backend.state = state
            backend.since_at_ms = int(time.time() * 1000)
            why = "" if state == "up" else backend.connection.trouble or "no node answers"
            self._engine.broker_changed(state, why)

    def _changed(self, change: NodeChange) -> None:
        if not isinstance(self._engine.backend, External):
            return  # its one node is the process, whose end was said already
        node, journal = change.node, self._engine.journal
        name = f"node {node.id} ({node.address})"
        if node.state == "missing":
            refused = self._engine.backend.connection.trouble
            how = "refuses the lab" if refused else "does not answer"
            journal.add("alarm", "node", f"{name} {how}")
            self._engine.meter.mark(f"node {node.id} missing")
        else:
            journal.add("good", "node", f"{name} is back after {change.after_s:.0f} s")
            self._engine.meter.mark(f"node {node.id} back")


def label_of(facts: BrokerFacts) -> str:
    """What to call a cluster: what it says it is, and how many nodes it has."""
    if facts.embedded:
        return Embedded.label
    nodes = len(facts.cluster.nodes)
    what = f"Kafka {facts.release}" if facts.release else "Kafka"
    return f"{what}, {nodes} node{'s' if nodes > 1 else ''}"
