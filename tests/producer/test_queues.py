"""What the partitioner for records without keys is told of the partitions."""

import pytest

from streaming.broker.connection import Connection
from streaming.producer.writer import Writer


class Cluster:
    """A cluster whose partitions have these leaders."""

    def __init__(self, leaders):
        self._leaders = leaders

    def leader_for_partition(self, tp):
        assert tp.topic == "topic-of-clicks"
        return self._leaders.get(tp.partition)


@pytest.fixture
async def writer():
    made = Writer(Connection("127.0.0.1:1"), {"clicks": "topic-of-clicks"})
    yield made
    await made.stop()


@pytest.mark.parametrize(
    ("queued", "leaders", "told"),
    [
        ({0: 3, 1: 0, 2: 1}, {0: 1, 1: 1, 2: 2}, [3, 0, 1]),
        ({0: 3, 1: 0, 2: 1}, {0: 1, 1: -1}, [3, None, None]),  # -1: it has none; 2 is not known
        ({0: 3, 2: 1}, {0: 1, 1: 1, 2: 2}, [0, 0, 0]),  # 1 never had a batch
        ({}, {0: 1, 2: 0}, [0, None, 0]),
    ],
)
async def test_queues_are_unanswered_batches_of_partitions_with_leaders(
    writer, queued, leaders, told
):
    writer._producer.client.cluster = Cluster(leaders)
    writer._queued.update({("clicks", shard): count for shard, count in queued.items()})
    assert writer.queues("clicks", 3) == told
