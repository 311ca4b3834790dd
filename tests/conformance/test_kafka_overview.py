"""What tools see of the cluster as a whole."""

import time

import pytest

from streaming.broker.embedded.messages import overview
from tests.broker.support import make_batch


async def describe(wire, version, **fields):
    request = overview.DescribeClusterRequest(**fields)
    return await wire.call(60, version, request, overview.DescribeClusterResponse)


@pytest.mark.parametrize("version", [0, 1, 2])
async def test_the_cluster_is_described_as_metadata_does(wire, version):
    found = await describe(wire, version)
    known = await wire.metadata([])
    assert (found.error_code, found.error_message) == (0, None)
    assert found.cluster_id == known.cluster_id
    assert found.controller_id in {broker.node_id for broker in known.brokers}
    assert {(b.node_id, b.host, b.port) for b in found.brokers} == {
        (b.node_id, b.host, b.port) for b in known.brokers
    }
    assert found.operations == -(2**31), "nobody asked what is permitted"


@pytest.mark.parametrize(("kind", "code"), [(2, 114), (3, 115), (0, 115)])
async def test_a_broker_does_not_describe_controllers(wire, kind, code):
    found = await describe(wire, 1, endpoint_type=kind)
    assert found.error_code == code and found.error_message
    assert (found.brokers, found.cluster_id, found.controller_id) == ([], "", -1)
    assert found.endpoint_type == 1


async def producers(wire, topic, *partitions):
    asked = overview.DescribeProducersTopic(name=topic, partitions=list(partitions))
    request = overview.DescribeProducersRequest(topics=[asked])
    answer = await wire.call(61, 0, request, overview.DescribeProducersResponse)
    assert answer.topics[0].name == topic
    return {part.index: part for part in answer.topics[0].partitions}


async def test_the_producers_of_a_partition(wire):
    topic = await wire.create(partitions=2)
    first, second = await wire.new_producer(), await wire.new_producer()
    now = int(time.time() * 1000)
    for who, sequence, times in (
        (first, 0, [now - 9000, now - 2000]),
        (first, 2, [now - 5000]),
        (second, 0, [now - 1000, now - 3000]),
    ):
        raw = make_batch([b"v"] * len(times), times=times, sequence=sequence, **who)
        assert (await wire.produce(topic, raw)).error_code == 0
    found = await producers(wire, topic, 0, 1, 7)
    assert [part.error_code for part in (found[0], found[1])] == [0, 0]
    assert found[1].producers == []
    assert {
        (p.producer_id, p.producer_epoch, p.last_sequence, p.last_timestamp)
        for p in found[0].producers
    } == {
        (first["producer_id"], 0, 2, now - 5000),
        (second["producer_id"], 0, 1, now - 1000),
    }
    assert {(p.coordinator_epoch, p.transaction_start_offset) for p in found[0].producers} == {
        (-1, -1)
    }
    assert found[7].error_code == 3 and found[7].producers == []
