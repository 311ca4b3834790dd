"""Millions of records through a group whose members are killed, frozen, stopped and joined by more.

The bounds of memory and of idle processor time are those the embedded broker promises; of Apache
Kafka only what it answers is checked.
"""

from __future__ import annotations

import signal
import time

import pytest
from confluent_kafka import Consumer, TopicPartition
from soak_evidence import proof
from soak_group import GroupUnderTest, make_topic, producing
from soak_member import SESSION_MS

from tests.broker.support import unique

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

PARTITIONS = 8
RECORDS = 2_000_000
VALUE_BYTES = 100
PRODUCE_S = 30
RSS_LIMIT = 60 * 2**20
IDLE_CPU = 0.01
IDLE_S = 20
EVICTION_SLACK_S = 1.0


@pytest.fixture
def group(measured, tmp_path):
    topic = unique("soak")
    make_topic(measured.bootstrap, topic, PARTITIONS, measured.replication)
    own = GroupUnderTest(measured.bootstrap, topic, unique("soak-group"), tmp_path)
    yield own
    own.end()


def ends_of(bootstrap, topic):
    """First and next offset of each partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": unique("ends")})
    try:
        return [
            consumer.get_watermark_offsets(TopicPartition(topic, index), 30)
            for index in range(PARTITIONS)
        ]
    finally:
        consumer.close()


def test_every_record_once_and_in_order_while_members_come_and_go(measured, group):
    records, each = RECORDS, RECORDS // PARTITIONS
    began = time.monotonic()

    def reached(share):
        group.wait(lambda: group.delivered() >= share * records, f"{share:.0%} were read")

    with (
        measured.watched(),
        producing(
            measured.bootstrap, group.topic, PARTITIONS, records, VALUE_BYTES, PRODUCE_S
        ) as producer,
    ):
        first, second, third = group.join(), group.join(), group.join()
        reached(0.1)
        first.kill()
        reached(0.2)
        fourth = group.join()
        group.wait(fourth.assigned, "the fourth has shards")
        reached(0.3)
        second.signal(signal.SIGSTOP)  # it wakes as a zombie: its shards have other owners by then
        frozen = time.monotonic()
        reached(0.4)
        third.stop()
        reached(0.5)
        fifth = group.join()
        group.wait(lambda: time.monotonic() > frozen + SESSION_MS / 1000 + 2, "the session is over")
        second.signal(signal.SIGCONT)
        reached(0.7)
        fourth.kill()
        sixth = group.join()
        group.wait(lambda: fifth.assigned() and sixth.assigned(), "the last ones have shards")
        assert producer.wait(300) == 0
        produced_s = time.monotonic() - began
        group.wait(lambda: group.committed(PARTITIONS) == [each] * PARTITIONS, "all were read")
    took = time.monotonic() - began
    assert ends_of(measured.bootstrap, group.topic) == [(0, each)] * PARTITIONS
    found = proof([member.file for member in group.members], PARTITIONS, each)
    assert found.assignments > len(group.members) and found.commits > 100
    measured.tell(
        f"{records:,} records of {VALUE_BYTES} B in {took:.0f} s (written in {produced_s:.0f} s), "
        f"{len(group.members)} members, 2 killed, 1 frozen, 1 stopped: 0 lost, 0 doubled, in "
        f"order; "
        f"{found.assignments} assignments, {found.rereads:,} re-reads of uncommitted records"
    )
    if measured.process is not None:
        measured.tell(
            f"largest resident set {measured.peak_rss / 2**20:.1f} MiB, "
            f"{measured.cpu_s():.1f} s of processor time"
        )
        for member in group.members[:-1]:
            member.process.kill()
        group.wait(lambda: group.size() == 1, "one member is left", 60)
        share = idle_share(measured)
        measured.tell(f"{share:.2%} of a processor with one idle consumer, over {IDLE_S} s")
        assert measured.peak_rss <= RSS_LIMIT
        assert share <= IDLE_CPU


def idle_share(measured):
    """The share of one processor the broker takes while the group has nothing to do."""
    began, cpu_s = time.monotonic(), measured.cpu_s()
    time.sleep(IDLE_S)
    return (measured.cpu_s() - cpu_s) / (time.monotonic() - began)


def test_a_dead_member_is_evicted_in_time(measured, group):
    dead, alive = group.join(), group.join()
    group.wait(lambda: group.size() == 2 and dead.assigned() and alive.assigned(), "both are in")
    killed = dead.kill()
    group.wait(lambda: group.size() == 1, "the dead one is out", 60)
    took = time.monotonic() - killed
    measured.tell(f"a killed member is out after {took:.1f} s (session {SESSION_MS / 1000:.0f} s)")
    assert took <= SESSION_MS / 1000 + EVICTION_SLACK_S
    assert alive.process.poll() is None
