"""compose.yaml, as far as no container engine is needed: its settings run a real cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient

from kafka_cluster import KafkaCluster
from tests.pipeline.lab_driver import run_cli

COMPOSE = Path(__file__).parents[2] / "compose.yaml"
OF_THE_PLACE = {  # addresses, folders and roles, which differ between containers and processes
    "node.id", "process.roles", "listeners", "advertised.listeners", "log.dirs", "broker.rack",
    "listener.security.protocol.map", "inter.broker.listener.name", "controller.listener.names",
    "controller.quorum.voters", "heap.opts",
}  # fmt: skip


def services() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())["services"]


def brokers() -> dict[str, Any]:
    return {name: one for name, one in services().items() if "kafka:" in one["image"]}


def properties(environment: dict[str, Any]) -> dict[str, str]:
    """What the image makes of KAFKA_ variables: lower case, underscores to dots."""
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in environment.items()
        if name.startswith("KAFKA_")
    }


@pytest.mark.soak
def test_three_nodes_with_health_checks_and_a_web_view_on_request() -> None:
    assert len(brokers()) == 3
    published = []
    for name, node in brokers().items():
        assert node["healthcheck"]["test"] and node["healthcheck"]["retries"]
        own = properties(node["environment"])
        (port,) = node["ports"]
        assert port.startswith("127.0.0.1:"), "nothing is offered to other machines"
        published.append(port.rpartition(":")[0])
        assert f"OUTSIDE://{published[-1]}" in own["advertised.listeners"]
        assert f"{own['node.id']}@{name}:" in own["controller.quorum.voters"]
    web = services()["web"]
    assert web["profiles"] == ["ui"]
    assert set(web["depends_on"]) == set(brokers())
    assert ",".join(published) in COMPOSE.read_text(), "the comment says how to connect"


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_a_lab_on_a_cluster_with_these_settings(
    tmp_path: Path, own_kafka: Callable[..., KafkaCluster]
) -> None:
    """Kafka refuses to start on a value it does not understand; the lab gets three replicas."""
    settings = [properties(node["environment"]) for node in brokers().values()]
    shared = {k: v for k, v in settings[0].items() if k not in OF_THE_PLACE}
    assert all(shared.items() <= one.items() for one in settings)
    cluster = own_kafka(len(settings), properties=shared, heap="384m")
    done = run_cli(
        "run", "--duration", "5s", "--verify", "--json", "-", "--bootstrap", cluster.bootstrap,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["lost"], summary["duplicates"], summary["wrong"]) == (0, 0, 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    try:
        (topic,) = await admin.describe_topics(["clicks"])
    finally:
        await admin.close()
    assert [len(part["isr"]) for part in topic["partitions"]] == [3, 3, 3, 3]
