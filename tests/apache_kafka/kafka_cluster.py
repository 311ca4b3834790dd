"""A real Apache Kafka cluster on loopback without Docker: KRaft nodes straight from the jars."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import kafka_jars
from kafka_guard import Guard
from kafka_node import CONTROLLER, Node, jvm, random_id
from kafka_security import (
    MECHANISMS,
    PASSWORD,
    SCRAM,
    USER,
    Certificates,
    Security,
    scram_users,
    server_properties,
)

START_LIMIT_S = 90  # below the time limit of one test


class KafkaFailed(Exception):
    """A node ended or did not answer in time; the text has the end of its log."""


def common_properties(nodes: int) -> dict[str, str]:
    """Settings of every node: three replicas as on a real cluster, and Kafka's slow habits sped up.

    What is not here has Kafka's own default.
    """
    replicas, in_sync = str(min(3, nodes)), str(max(1, min(3, nodes) - 1))
    properties = {"default.replication.factor": replicas, "min.insync.replicas": in_sync}
    for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        properties[f"{topic}.replication.factor"] = replicas
        properties[f"{topic}.num.partitions"] = "8"
    for topic in ("transaction.state.log", "share.coordinator.state.topic"):
        properties[f"{topic}.min.isr"] = in_sync
    return properties | {
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "200",
        "log.initial.task.delay.ms": "500",
        "log.retention.check.interval.ms": "500",
        "log.segment.delete.delay.ms": "0",
        # A dead node is noticed after the session; 9 s by default.
        "broker.session.timeout.ms": "6000",
        "broker.heartbeat.interval.ms": "1000",
        # The cleaner's default buffer of 128 MiB does not fit into a heap this small.
        "log.cleaner.dedupe.buffer.size": "8388608",
        "num.network.threads": "1",
        "num.io.threads": "2",
        "background.threads": "2",
    }


class KafkaCluster:
    """Nodes 1 to `nodes`, each broker and controller, in a folder that goes when they go.

    `properties` override what stands in every node's server.properties. Usable as a context
    manager. Raises KafkaUnavailable without Java, Maven or jars, KafkaFailed if a node does not
    come up.
    """

    kind = "apache"

    def __init__(
        self, nodes: int = 3, *, properties: dict[str, str] | None = None, heap: str = "320m"
    ) -> None:
        self._overrides = properties or {}
        self._heap = heap
        self.size = nodes
        self.replication = min(3, nodes)
        self.nodes: dict[int, Node] = {}

    def start(self) -> Self:
        """Format and start every node, and wait until each of them sees all."""
        self._jars = kafka_jars.jars()
        self.version = kafka_jars.version(self._jars)
        self.folder = Path(tempfile.mkdtemp(prefix="dasprep-kafka-"))
        self._guard = Guard(str(self.folder))
        try:
            self._prepare()
            for node in self.nodes.values():
                node.start(self._guard)
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Kill what runs and remove the folder: nothing of a test's cluster is needed again."""
        for number in self.pids:
            self.nodes[number].end(self._guard, gently=False)
        self._guard.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def name(self) -> str:
        return f"Apache Kafka {self.version} ({self.size} {'node' if self.size == 1 else 'nodes'})"

    @property
    def bootstrap(self) -> str:
        """Every node's PLAINTEXT address, HOST:PORT and commas."""
        return self._addresses("PLAINTEXT")

    @property
    def pids(self) -> dict[int, int]:
        """Node number to process id, of the nodes that run."""
        return {number: pid for number, node in self.nodes.items() if (pid := node.pid)}

    def kill(self, number: int) -> None:
        """What `kill -9` does to a node."""
        self.nodes[number].end(self._guard, gently=False)

    def terminate(self, number: int) -> None:
        """End a node in order: it hands its leaderships to others first."""
        self.nodes[number].end(self._guard, gently=True)

    def restart(self, number: int) -> None:
        """Start a node on what it has on disk, killing it first if it runs; returns at once."""
        if self.nodes[number].pid is not None:
            self.kill(number)
        self.nodes[number].start(self._guard)

    def wait(self, limit_s: float = START_LIMIT_S) -> None:
        """Until every node that was started sees all of them. Raises KafkaFailed."""
        end = time.monotonic() + limit_s
        started = list(self.pids)
        waiting = list(started)
        while waiting:
            waiting = [at for at in waiting if self.nodes[at].brokers() < len(started)]
            dead = [at for at in started if self.nodes[at].pid is None]
            if dead or time.monotonic() > end:
                at = (dead or waiting)[0]
                what = "ended" if dead else f"did not find the others within {limit_s:.0f} s"
                raise KafkaFailed(f"node {at} {what}:\n{self.nodes[at].log_tail()}")
            time.sleep(0.1)

    def security(self, way: str, *, tls: bool = True) -> Security:
        """How to connect by `SSL`, `MTLS` (TLS with client certificate) or a SASL mechanism.

        SCRAM is also offered without TLS.
        """
        files = self.certificates
        if way in ("SSL", "MTLS"):
            own = (files.client, files.client_key) if way == "MTLS" else (None, None)
            return Security(
                self._addresses(way), "SSL", None, None, None, files.ca, files.other_ca, *own
            )
        if way not in (MECHANISMS if tls else SCRAM):
            raise ValueError(f"this cluster has no listener for {way} with tls={tls}")
        protocol = "SASL_SSL" if tls else "SASL_PLAINTEXT"
        password = None if way == "OAUTHBEARER" else PASSWORD
        trust = (files.ca, files.other_ca) if tls else (None, None)
        return Security(self._addresses(protocol), protocol, way, USER, password, *trust)

    def _addresses(self, listener: str) -> str:
        return ",".join(node.address(listener) for node in self.nodes.values())

    def _prepare(self) -> None:
        self.certificates = Certificates.make(self.folder)
        self.nodes = {
            number: Node(number, self.folder, self._jars, self._heap)
            for number in range(1, self.size + 1)
        }
        quorum = ",".join(f"{at}@{node.address(CONTROLLER)}" for at, node in self.nodes.items())
        properties = common_properties(self.size) | server_properties(self.certificates)
        for node in self.nodes.values():
            node.configure(quorum, properties | self._overrides)
        first, *others = self.nodes.values()
        format_it = ["kafka.tools.StorageTool", "format", "--cluster-id", random_id()]
        format_it += ["--config", str(first.settings), *scram_users()]
        done = subprocess.run(
            jvm(self._jars, self._heap, *format_it), capture_output=True, text=True, timeout=60
        )
        if done.returncode != 0:
            raise KafkaFailed(f"the format tool failed: {done.stderr.strip()[-800:]}")
        for node in others:
            node.format_like(first)
