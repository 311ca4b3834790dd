"""What DescribeConfigs version 3 adds (KIP-569): what a setting is, and what it is for."""

from streaming.broker.embedded.messages import admin

TOPIC = 2
BOOLEAN, STRING, INT, LONG, DOUBLE, LIST = 1, 2, 3, 5, 6, 7
TYPES = {
    "cleanup.policy": LIST,
    "compression.gzip.level": INT,
    "compression.lz4.level": INT,
    "compression.type": STRING,
    "compression.zstd.level": INT,
    "delete.retention.ms": LONG,
    "file.delete.delay.ms": LONG,
    "flush.messages": LONG,
    "flush.ms": LONG,
    "follower.replication.throttled.replicas": LIST,
    "index.interval.bytes": INT,
    "leader.replication.throttled.replicas": LIST,
    "local.retention.bytes": LONG,
    "local.retention.ms": LONG,
    "max.compaction.lag.ms": LONG,
    "max.message.bytes": INT,
    "message.timestamp.after.max.ms": LONG,
    "message.timestamp.before.max.ms": LONG,
    "message.timestamp.type": STRING,
    "min.cleanable.dirty.ratio": DOUBLE,
    "min.compaction.lag.ms": LONG,
    "min.insync.replicas": INT,
    "preallocate": BOOLEAN,
    "remote.log.copy.disable": BOOLEAN,
    "remote.log.delete.on.disable": BOOLEAN,
    "remote.storage.enable": BOOLEAN,
    "retention.bytes": LONG,
    "retention.ms": LONG,
    "segment.bytes": INT,
    "segment.index.bytes": INT,
    "segment.jitter.ms": LONG,
    "segment.ms": LONG,
    "unclean.leader.election.enable": BOOLEAN,
}


async def test_each_setting_of_a_topic_says_what_it_is(wire):
    topic = await wire.create()
    for documented in (False, True):
        resource = admin.DescribeConfigsResource(kind=TOPIC, name=topic)
        request = admin.DescribeConfigsRequest(
            resources=[resource], include_documentation=documented
        )
        answer = await wire.call(32, 3, request, admin.DescribeConfigsResponse)
        found = answer.results[0].configs
        assert {config.name: config.kind for config in found} == TYPES
        assert all(bool(config.documentation) == documented for config in found)
