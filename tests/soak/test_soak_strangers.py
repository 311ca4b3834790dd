"""Bytes that are not Kafka, or only look like it, beside a healthy client that must not notice."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

import crc32c
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from soak_group import make_topic

from streaming.broker.embedded import apis
from streaming.broker.embedded.codec import encode
from streaming.broker.embedded.lengths import NO_TAGS
from streaming.broker.embedded.messages import data
from tests.broker.any_message import COMMON_NAME, messages
from tests.broker.support import unique

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

EXAMPLES = {"embedded": 1500, "apache": 200}
RSS_LIMIT = 60 * 2**20
ANSWER_S = 0.02
HUGE = (0, 1, 9, -1, -(2**31), 100 * 2**20, 100 * 2**20 + 1, 2**31 - 1)


def framed(body):
    return struct.pack(">i", len(body)) + body


def header(key, version):
    return struct.pack(">hhih", key, version, 7, -1)


@st.composite
def requests(draw):
    """A whole request of any API, its fields of any value."""
    key = draw(st.sampled_from(sorted(apis.APIS)))
    api = apis.APIS[key]
    version = draw(st.integers(api.first, api.last))
    flexible = version >= api.flexible
    out = bytearray(header(key, version) + (NO_TAGS if flexible else b""))
    encode(draw(messages(api.request, version)), version, out, flexible=flexible)
    return framed(bytes(out))


@st.composite
def forged_batches(draw):
    """A Produce request whose batch has a right checksum and contents that make no sense."""
    count = draw(st.sampled_from((1, 2, 2**31 - 1)))
    times = st.sampled_from((-1, 0, int(time.time() * 1000), 2**62))
    attributes = draw(st.integers(0, 0x0F))  # any compression, either kind of time
    who = draw(st.sampled_from(((-1, -1, -1), (0, 0, 0), (0, 0, 2**31 - 1), (5, 3, 7))))
    covered = struct.pack(
        ">hiqqqhii", attributes, count - 1, draw(times), draw(times), *who, count
    ) + draw(st.binary(max_size=120))
    checksum = crc32c.crc32c(covered)
    raw = struct.pack(">qiibI", 0, 9 + len(covered), 0, 2, checksum) + covered
    part = data.ProducePartition(index=draw(st.integers(0, 1)), records=raw)
    topics = [data.ProduceTopic(name=COMMON_NAME, partitions=[part])]
    out = bytearray(header(0, 8))
    encode(data.ProduceRequest(acks=-1, timeout_ms=1000, topics=topics), 8, out)
    return framed(bytes(out))


@st.composite
def damaged(draw):
    """A request with one stretch of bytes replaced; its length may be wrong now."""
    raw = draw(requests())
    at = draw(st.integers(0, len(raw) - 1))
    return raw[:at] + draw(st.binary(max_size=12)) + raw[at + draw(st.integers(0, 12)) :]


LEAST_ROUNDS = 11

NOISE = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=300).map(framed),
    st.tuples(st.sampled_from(HUGE), st.binary(max_size=40)).map(
        lambda parts: struct.pack(">i", parts[0]) + parts[1]
    ),
    st.tuples(st.integers(0, 70), st.integers(0, 12), st.binary(max_size=200)).map(
        lambda parts: framed(header(*parts[:2]) + parts[2])
    ),
)
# What is understood may change a cluster that other tests use, too: for our own broker only.
FORGED = st.one_of(
    requests(),
    forged_batches(),
    damaged(),
    requests().flatmap(lambda raw: st.integers(0, len(raw)).map(lambda end: raw[:end])),
)


class Healthy(threading.Thread):
    """A client that writes and reads on; `stop` says how many records went round."""

    def __init__(self, bootstrap, topic):
        super().__init__()
        self.over = threading.Event()
        self.problems = []
        self.written, self.read = 0, []
        self.bootstrap, self.topic = bootstrap, topic

    def run(self):
        common = {"bootstrap.servers": self.bootstrap}
        producer = Producer(common | {"enable.idempotence": True, "linger.ms": 0})
        consumer = Consumer(common | {"group.id": unique("healthy")})
        consumer.assign([TopicPartition(self.topic, 0, 0)])
        while not self.over.is_set() or len(self.read) < self.written:
            if not self.over.is_set():
                producer.produce(self.topic, b"%d" % self.written, on_delivery=self.note)
                self.written += 1
                producer.flush(30)
            for message in consumer.consume(100, 0.05):
                if message.error() is not None:
                    self.problems.append(message.error())
                else:
                    self.read.append(int(message.value()))
        consumer.close()

    def note(self, error, _):
        if error is not None:
            self.problems.append(error)

    def reach(self, rounds):
        """Wait until so many records went round: strangers may be done sooner than that."""
        end = time.monotonic() + 60
        while len(self.read) < rounds:
            assert time.monotonic() < end and not self.problems, (self.read, self.problems)
            time.sleep(0.02)

    def stop(self):
        self.over.set()
        self.join(60)
        assert not self.is_alive(), f"{self.written} written, {len(self.read)} read"
        return self.written


def say(port, raw):
    """Send bytes, hear a little of what comes back, hang up."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=10) as client,
    ):
        client.sendall(raw)
        client.settimeout(ANSWER_S)
        client.recv(4096)


def test_strangers_harm_nobody(measured):
    topic = unique("healthy")
    make_topic(measured.bootstrap, topic, 1, measured.replication)
    healthy = Healthy(measured.bootstrap, topic)
    healthy.start()
    frames = NOISE
    if measured.kind == "embedded":
        make_topic(measured.bootstrap, COMMON_NAME, 2, 1)
        frames = NOISE | FORGED

    @given(raw=frames)
    @settings(
        max_examples=EXAMPLES[measured.kind],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def talk(raw):
        say(measured.port, raw)

    with measured.watched():
        talk()
        healthy.reach(LEAST_ROUNDS)
        rounds = healthy.stop()
    assert healthy.problems == [] and healthy.read == list(range(rounds))
    measured.tell(f"{EXAMPLES[measured.kind]} strangers beside {rounds} healthy round trips")
    if measured.process is not None:
        measured.tell(f"largest resident set meanwhile {measured.peak_rss / 2**20:.1f} MiB")
        assert measured.peak_rss <= RSS_LIMIT
