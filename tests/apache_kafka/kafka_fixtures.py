"""The brokers that tests run against, as pytest fixtures.

`kafka` gives each test twice: on the embedded broker (parameter `embedded`) and on Apache Kafka
(parameter `apache`). Without Java, Maven or the jars the tests on Apache Kafka are skipped with
the reason; where `CI` is set they fail instead.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest

from kafka_cluster import KafkaCluster
from kafka_jars import KafkaUnavailable
from tests.broker.support import BrokerProcess

EXTERNAL = "DASPREP_TEST_KAFKA"
KINDS = ("embedded", "apache")
RAN_ON: pytest.StashKey[str] = pytest.StashKey()
"""The name of the real cluster that ran in this session."""


def embedded_name() -> str:
    return f"embedded broker {importlib.metadata.version('dasprep-tui')}"


@dataclass(frozen=True)
class EmbeddedKafka:
    """The lab's own broker as users start it."""

    process: BrokerProcess
    kind: str = "embedded"
    replication: int = 1

    @property
    def bootstrap(self) -> str:
        return self.process.bootstrap

    @property
    def version(self) -> str:
        return importlib.metadata.version("dasprep-tui")

    @property
    def name(self) -> str:
        return embedded_name()


@dataclass(frozen=True)
class ExternalKafka:
    """A cluster that others run and a test may use, but not harm."""

    bootstrap: str
    kind: str = "apache"
    version: str = "of a version it does not tell"
    replication: int = 1

    @property
    def name(self) -> str:
        return f"Kafka at {self.bootstrap}"


def unavailable(reason: str) -> NoReturn:
    """Skip what needs something this machine lacks; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"needed in CI: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def embedded_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """One embedded broker for all tests that leave it alive and name their own topics."""
    folder = tmp_path_factory.mktemp("embedded-kafka")
    process = BrokerProcess(folder, "--retention-check-ms", "500").start()
    yield EmbeddedKafka(process)
    process.stop()


@pytest.fixture(scope="session")
def apache_kafka(request: pytest.FixtureRequest) -> Iterator[KafkaCluster | ExternalKafka]:
    """One real cluster of three nodes for all tests that leave it whole.

    Or the one whose addresses stand in DASPREP_TEST_KAFKA.
    """
    given = os.environ.get(EXTERNAL)
    if given:
        external = ExternalKafka(given, replication=min(3, given.count(",") + 1))
        request.config.stash[RAN_ON] = external.name
        yield external
        return
    yield from _whole_session(request)


@pytest.fixture(scope="session")
def secured_kafka(
    request: pytest.FixtureRequest, apache_kafka: KafkaCluster | ExternalKafka
) -> Iterator[KafkaCluster]:
    """A real cluster whose TLS and SASL listeners are known: the shared one unless it is given."""
    if isinstance(apache_kafka, KafkaCluster):
        yield apache_kafka
    else:
        yield from _whole_session(request)


@pytest.fixture
def own_kafka(request: pytest.FixtureRequest) -> Iterator[Callable[..., KafkaCluster]]:
    """Starts clusters for one test, to be harmed; the arguments are those of KafkaCluster."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: int, **options: Any) -> KafkaCluster:
            cluster = _started(KafkaCluster(*arguments, **options), request)
            stack.callback(cluster.stop)
            return cluster

        yield start


@pytest.fixture(scope="session", params=KINDS)
def broker_kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def kafka(
    broker_kind: str, request: pytest.FixtureRequest
) -> EmbeddedKafka | KafkaCluster | ExternalKafka:
    """Each broker in turn: `kind`, `name`, `version`, `bootstrap` and `replication`."""
    return request.getfixturevalue(f"{broker_kind}_kafka")


def _whole_session(request: pytest.FixtureRequest) -> Iterator[KafkaCluster]:
    cluster = _started(KafkaCluster(), request)
    request.config.stash[RAN_ON] = cluster.name  # it counts for more than a test's own
    yield cluster
    cluster.stop()


def _started(cluster: KafkaCluster, request: pytest.FixtureRequest) -> KafkaCluster:
    try:
        cluster.start()
    except KafkaUnavailable as error:
        unavailable(str(error))
    request.config.stash.setdefault(RAN_ON, cluster.name)
    return cluster
