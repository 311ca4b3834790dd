"""A broker that may be killed: the embedded one as a process of its own, or a node of a cluster."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class MortalEmbedded:
    """An embedded broker that always comes back to the same port."""

    process: Any  # tests.broker.support.BrokerProcess
    kind: str = "embedded"

    @property
    def bootstrap(self):
        return self.process.bootstrap

    @property
    def port(self):
        return self.process.port

    def kill(self):
        self.process.kill()

    def start(self):
        self.process.arguments = ("--port", str(self.process.port))
        self.process.start()


@dataclass(frozen=True)
class MortalNode:
    """The last node of a cluster; topics with their only replica there are gone while it is."""

    cluster: Any  # kafka_cluster.KafkaCluster
    kind: str = "apache"

    @property
    def number(self):
        return self.cluster.size

    @property
    def bootstrap(self):
        return self.cluster.bootstrap

    @property
    def port(self):
        return self.cluster.nodes[self.number].ports["PLAINTEXT"]

    def kill(self):
        self.cluster.kill(self.number)

    def start(self):
        self.cluster.restart(self.number)
        self.cluster.wait()
