"""Partitions without a server."""

from dataclasses import replace

from streaming.broker.embedded.config import BrokerConfig
from streaming.broker.embedded.partition import Partition
from streaming.broker.embedded.rules import LogRules
from streaming.broker.embedded.segment import SegmentCaches
from tests.broker.support import make_batch

RULES = LogRules(max_message_bytes=2**20, segment_bytes=2**26, segment_ms=2**40)
SMALL = replace(RULES, segment_bytes=3000)


def opened(folder, *, interval=600, open_files=8, indexes=8):
    config = BrokerConfig(data=folder, index_interval_bytes=interval)
    partition = Partition("t", 0, folder, config, SegmentCaches(open_files, indexes))
    partition.log.open()
    return partition


def put(partition, values, rules=RULES, now_ms=0, **fields):
    return partition.append(memoryview(make_batch(values, **fields)), rules, now_ms).base_offset
