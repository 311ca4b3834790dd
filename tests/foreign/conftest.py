import asyncio

import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from foreign_support import wait_until

from streaming.broker.embedded.messages.cluster import MetadataRequest, MetadataResponse
from tests.broker.support import DEADLINE_S, Wire, unique


@pytest.fixture
def admin(kafka):
    return AdminClient({"bootstrap.servers": kafka.bootstrap})


@pytest.fixture
def topic(kafka, admin):
    """A new topic of three partitions that every node knows, replicated as far as there are nodes.

    A client that asks a node too early takes the topic for one without partitions, for minutes.
    """
    name = unique("foreign")
    admin.create_topics([NewTopic(name, 3, kafka.replication)])[name].result(DEADLINE_S)
    for address in kafka.bootstrap.split(","):
        port = int(address.rpartition(":")[2])
        wait_until(lambda port=port: asyncio.run(has_leaders(port, name)))
    yield name
    admin.delete_topics([name])[name].result(DEADLINE_S)


async def has_leaders(port, name):
    """Whether this node knows a leader for each partition of the topic."""
    request = MetadataRequest(topics=[name], allow_auto_topic_creation=False)
    async with Wire(port) as wire:
        (found,) = (await wire.call(3, 8, request, MetadataResponse)).topics
    return len(found.partitions) == 3 and all(part.leader_id >= 0 for part in found.partitions)
