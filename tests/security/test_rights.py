"""A cluster with ACLs: what others have made can be used, what is not allowed is said at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from security_support import way_of

from kafka_cluster import KafkaCluster
from kafka_security import USER
from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError
from streaming.broker.topics import check_group, ensure_topics

AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
}


def allow(cluster: KafkaCluster, kind: ResourceType, name: str, operation: AclOperation) -> None:
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    which = (kind, name, ResourcePatternType.LITERAL, f"User:{USER}", "*")
    binding = AclBinding(*which, operation, AclPermissionType.ALLOW)
    for future in admin.create_acls([binding]).values():
        future.result(20)


async def test_a_user_who_may_not_do_everything(
    own_kafka: Callable[..., KafkaCluster], tmp_path: Path
) -> None:
    cluster = own_kafka(1, properties=AUTHORIZER)
    kafka = way_of(cluster, "SCRAM-SHA-512", tmp_path).connection
    with pytest.raises(BrokerError, match=r"did not make topic a: .*[^.]\. .*docs/kafka\.md"):
        await ensure_topics(kafka, {"a": 2}, [], 1)
    with pytest.raises(BrokerError, match=r"consumer group lab\. .*docs/kafka\.md"):
        await check_group(kafka, "lab")

    await ensure_topics(Connection(cluster.bootstrap), {"a": 2}, ["dead"], 1)
    for topic in ("a", "dead"):
        allow(cluster, ResourceType.TOPIC, topic, AclOperation.WRITE)
    allow(cluster, ResourceType.GROUP, "lab", AclOperation.READ)
    assert await ensure_topics(kafka, {"a": 2}, ["dead"], 1) == {"a": 2}
    await check_group(kafka, "lab")
    with pytest.raises(BrokerError, match=r"no partitions to a\. Ask for fewer --shards"):
        await ensure_topics(kafka, {"a": 3}, ["dead"], 1)
