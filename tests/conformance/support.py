"""Raw access to the broker under test: a client that puts all it makes on one node of it."""

import asyncio
import time

from streaming.broker.embedded.codec import encode
from streaming.broker.embedded.messages import admin, cluster, data, groups
from tests.broker.support import DEADLINE_S, Wire, unique

# What a node answers while a topic or a group has just come to it (Kafka protocol guide).
NOT_YET = {
    3: "UNKNOWN_TOPIC_OR_PARTITION",
    5: "LEADER_NOT_AVAILABLE",
    6: "NOT_LEADER_OR_FOLLOWER",
    14: "COORDINATOR_LOAD_IN_PROGRESS",
    15: "COORDINATOR_NOT_AVAILABLE",
    16: "NOT_COORDINATOR",
}


def first_port(kafka):
    """The port of the first node."""
    return int(kafka.bootstrap.split(",")[0].rpartition(":")[2])


class NodeWire(Wire):
    """A raw client of one node.

    On a cluster only a partition's leader serves it and only a group's coordinator knows it. So
    the topics made here have all their replicas on this node, and group names are chosen until
    one belongs to it: then a check needs one connection, on every kind of broker.
    """

    async def __aenter__(self):
        await super().__aenter__()
        self.node = next(
            b.node_id for b in (await self.metadata([])).brokers if b.port == self.port
        )
        return self

    def again(self, client_id="again"):
        """Another connection to the same node."""
        return Wire(self.port, client_id)

    async def metadata(self, topics, *, create=False, version=8):
        request = cluster.MetadataRequest(topics=topics, allow_auto_topic_creation=create)
        return await self.call(3, version, request, cluster.MetadataResponse)

    async def create(self, topic=None, partitions=1, **settings):
        """Make a topic whose partitions this node leads, and return its name.

        It keeps everything unless told otherwise: the batches of most checks are of 2023.
        """
        topic = topic or unique()
        settings = {"retention_ms": -1} | settings
        result = await self.try_create(
            topic,
            partitions=-1,
            replicas=-1,
            settings={name.replace("_", "."): str(value) for name, value in settings.items()},
            assignments={index: [self.node] for index in range(partitions)},
        )
        assert result.error_code == 0, result
        await self.leads(topic, range(partitions))
        return topic

    async def try_create(
        self, topic, partitions=1, replicas=1, *, settings=None, assignments=None, dry=False
    ):
        """One topic's result of a CreateTopics request."""
        new = admin.NewTopic(
            name=topic,
            num_partitions=partitions,
            replication_factor=replicas,
            assignments=[
                admin.ReplicaAssignment(partition=index, brokers=brokers)
                for index, brokers in (assignments or {}).items()
            ],
            configs=[
                admin.ConfigValue(name=name, value=value)
                for name, value in (settings or {}).items()
            ],
        )
        request = admin.CreateTopicsRequest(topics=[new], timeout_ms=10_000, validate_only=dry)
        answer = await self.call(19, 4, request, admin.CreateTopicsResponse)
        return answer.topics[0]

    async def leads(self, topic, partitions):
        """Wait until this node serves the partitions: a cluster spreads the news of a topic."""
        for partition in partitions:
            await ready(lambda p=partition: self.list_offset(topic, -1, p))

    async def delete_topic(self, topic):
        request = admin.DeleteTopicsRequest(names=[topic], timeout_ms=10_000)
        answer = await self.call(20, 3, request, admin.DeleteTopicsResponse)
        return answer.topics[0].error_code

    async def group(self):
        """A new group's name whose coordinator this node is."""
        while not await self.coordinates(name := unique("g")):
            pass
        await ready(lambda: self.describe_group(name))
        return name

    async def coordinates(self, group):
        """Whether this node is the group's coordinator."""
        request = cluster.FindCoordinatorRequest(key=group)
        found = await ready(lambda: self.call(10, 2, request, cluster.FindCoordinatorResponse))
        return found.node_id == self.node

    async def describe_group(self, name):
        request = groups.DescribeGroupsRequest(groups=[name])
        answer = await self.call(15, 4, request, groups.DescribeGroupsResponse)
        return answer.groups[0]

    async def delete_records(self, topic, offset, partition=0):
        part = admin.DeleteRecordsPartition(index=partition, offset=offset)
        request = admin.DeleteRecordsRequest(
            topics=[admin.DeleteRecordsTopic(name=topic, partitions=[part])], timeout_ms=10_000
        )
        answer = await self.call(21, 1, request, admin.DeleteRecordsResponse)
        return answer.topics[0].partitions[0]

    async def produce_all(self, topic, batches, at_once=100):
        """Append one batch after the other, many requests under way at a time."""
        for start in range(0, len(batches), at_once):
            first = self.correlation
            some = batches[start : start + at_once]
            for raw in some:
                part = data.ProducePartition(index=0, records=raw)
                topics = [data.ProduceTopic(name=topic, partitions=[part])]
                await self.send(0, 8, data.ProduceRequest(acks=-1, timeout_ms=1000, topics=topics))
            for self.correlation in range(first + 1, first + 1 + len(some)):
                answer = await self.receive(8, data.ProduceResponse)
                assert answer.topics[0].partitions[0].error_code == 0, answer

    async def new_producer(self):
        """Id and epoch of a new idempotent producer."""
        request = data.InitProducerIdRequest(transaction_timeout_ms=1000)
        answer = await ready(lambda: self.call(22, 1, request, data.InitProducerIdResponse))
        assert answer.error_code == 0
        return {"producer_id": answer.producer_id, "epoch": answer.producer_epoch}


async def ready(ask):
    """The answer, asked for again while it says that the cluster is not ready for the question."""
    end = time.monotonic() + DEADLINE_S
    while (answer := await ask()).error_code in NOT_YET:
        assert time.monotonic() < end, f"still {NOT_YET[answer.error_code]}"
        await asyncio.sleep(0.005)
    return answer


def encoded(request, version):
    """A request's body as bytes."""
    out = bytearray()
    encode(request, version, out)
    return bytes(out)


async def listed(wire):
    """The names of all topics."""
    return {topic.name for topic in (await wire.metadata(None)).topics}


async def partitions_of(wire, topic):
    """How many partitions a topic has, None when it is not known."""
    (described,) = (await wire.metadata([topic])).topics
    return len(described.partitions) if described.error_code == 0 else None


async def has_partitions(wire, topic, count):
    """Whether it has so many by now."""
    return await partitions_of(wire, topic) == count
