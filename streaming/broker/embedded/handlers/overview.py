"""What the cluster is made of, and who writes to it."""

from __future__ import annotations

from typing import Final

from streaming.broker.embedded.broker import Broker, Call
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.messages import overview as m

_BROKERS: Final = 1
_CONTROLLERS: Final = 2


async def describe_cluster(
    broker: Broker, request: m.DescribeClusterRequest, call: Call
) -> m.DescribeClusterResponse:
    """One server is the whole cluster; it tells nobody of controllers, as Kafka's brokers do."""
    if request.endpoint_type != _BROKERS:
        asked = request.endpoint_type
        code = (
            ErrorCode.MISMATCHED_ENDPOINT_TYPE
            if asked == _CONTROLLERS
            else ErrorCode.UNSUPPORTED_ENDPOINT_TYPE
        )
        return m.DescribeClusterResponse(
            error_code=code,
            error_message=f"a broker knows no endpoints of type {asked}",
        )
    node = broker.config.node_id
    return m.DescribeClusterResponse(
        cluster_id=broker.cluster_id,
        controller_id=node,
        brokers=[m.ClusterBroker(node_id=node, host=broker.host, port=broker.port)],
    )


async def describe_producers(
    broker: Broker, request: m.DescribeProducersRequest, call: Call
) -> m.DescribeProducersResponse:
    """The idempotent producers each partition remembers."""
    topics = []
    for topic in request.topics:
        results = []
        for index in topic.partitions:
            result = m.DescribeProducersPartition(index=index)
            try:
                result.producers = _producers(broker, topic.name, index)
            except ApiError as error:
                result.error_code, result.error_message = error.code, error.message
            results.append(result)
        topics.append(m.DescribeProducersTopicResult(name=topic.name, partitions=results))
    return m.DescribeProducersResponse(topics=topics)


def _producers(broker: Broker, topic: str, index: int) -> list[m.ActiveProducer]:
    table = broker.topics.partition(topic, index).producers
    return [
        m.ActiveProducer(
            producer_id=number,
            producer_epoch=producer.epoch,
            last_sequence=producer.batches[-1].last_sequence,
            last_timestamp=producer.batches[-1].max_timestamp,
        )
        for number, producer in table.items()
    ]
