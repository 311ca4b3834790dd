"""Shards that may not be read yet, on a clock of our own."""

from aiokafka import TopicPartition

from streaming.consumer.pacing import Pacing
from streaming.lab.messages import ReadRule

ONE, OTHER = TopicPartition("x.clicks", 0), TopicPartition("x.clicks", 1)
FREE = TopicPartition("x.orders", 0)
TOPICS = {"clicks": "x.clicks", "orders": "x.orders"}


def rule(**changes):
    return ReadRule(
        **{"stream": "clicks", "numbers": "today", "readers": 1, "fan_out": False, **changes}
    )


def test_each_shard_waits_for_itself():
    pacing = Pacing(TOPICS)
    pacing.follow([rule(), ReadRule("orders", "off", 1, False)])
    assert pacing.ready(ONE, 0.0)
    pacing.took(ONE, 10, 0.0)
    assert not pacing.ready(ONE, 0.1) and pacing.ready(OTHER, 0.1) and pacing.ready(ONE, 0.21)
    pacing.took(FREE, 10**9, 0.3)
    assert pacing.ready(FREE, 0.3)


def test_the_next_read_is_told_and_rules_can_change():
    pacing = Pacing(TOPICS)
    assert pacing.wait_s(0.0) == 1.0
    pacing.follow([rule(readers=5)])
    assert pacing.ready(ONE, 0.0)
    pacing.took(ONE, 10, 0.0)
    assert 0.4 < pacing.wait_s(0.5) < 0.6
    pacing.follow([rule(readers=5)])  # the same again changes nothing
    assert not pacing.ready(ONE, 0.5)
    pacing.follow([rule(fan_out=True)])
    assert pacing.ready(ONE, 0.5)
    pacing.follow([])
    pacing.took(ONE, 10**9, 0.5)
    assert pacing.ready(ONE, 0.5) and pacing.wait_s(0.5) == 1.0
