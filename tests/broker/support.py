"""A broker as a process, a raw client for it, and record batches made by aiokafka's builder."""

import asyncio
import contextlib
import json
import struct
import subprocess
import sys
import time
import uuid

import msgspec
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from streaming.broker.embedded import apis, faults, orders
from streaming.broker.embedded.codec import decode, encode
from streaming.broker.embedded.lengths import NO_TAGS
from streaming.broker.embedded.messages import admin, data

DEADLINE_S = 30
BASE_TIME = 1_700_000_000_000


class BrokerProcess:
    """The server as users run it; ends with the test because its standard input is our pipe."""

    def __init__(self, folder, *arguments, errors=None):
        """`errors` is a file for what it writes to standard error."""
        self.folder = folder
        self.errors = errors
        self.arguments = arguments
        self.process = None
        self.ready = {}

    def start(self):
        command = [sys.executable, "-m", "streaming.broker.embedded", "--parent-pipe"]
        with contextlib.ExitStack() as stack:
            errors = stack.enter_context(self.errors.open("ab")) if self.errors else None
            self.process = subprocess.Popen(
                [*command, "--data", str(self.folder), *self.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self.ready = json.loads(self.process.stdout.readline())
        return self

    @property
    def port(self):
        return self.ready["port"]

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def order(self, line):
        """Send one line to a server that was started with --control and return its answer."""
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def plant(self, effect, **which):
        """Plant a fault and return its number."""
        fault = faults.Fault(effect=effect, **which)
        answer = self.order(msgspec.json.encode(orders.PlantFault(1, fault)))
        assert answer["error"] is None, answer
        return answer["id"]

    def lift(self, number=None):
        return self.order(msgspec.json.encode(orders.LiftFault(2, number)))["faults"]

    def struck(self, number):
        """How often a fault struck."""
        known = self.order(b'{"op": "faults", "n": 3}')["faults"]
        return next(state["struck"] for state in known if state["id"] == number)

    def kill(self):
        """What `kill -9` does."""
        self.process.kill()
        self._reap()

    def stop(self):
        """End it as its parent would, and return the exit code."""
        if self.process is not None and self.process.poll() is None:
            self.process.stdin.close()
        return self._reap()

    def terminate(self):
        self.process.terminate()
        return self._reap()

    def _reap(self):
        if self.process is None:
            return None
        code = self.process.wait(DEADLINE_S)
        self.process.stdout.close()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        return code


class Wire:
    """A client without any cleverness: one request, one answer."""

    def __init__(self, port, client_id="wire"):
        self.port = port
        self.client_id = client_id
        self.correlation = 0
        self.flexible = False  # the last request, and so its answer

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def send(self, key, version, request):
        self.correlation += 1
        name = self.client_id.encode()
        out = bytearray(struct.pack(">hhih", key, version, self.correlation, len(name)) + name)
        self.flexible = version >= apis.APIS[key].flexible
        if self.flexible:
            out += NO_TAGS
        encode(request, version, out, flexible=self.flexible)
        self.writer.write(struct.pack(">i", len(out)) + out)
        await self.writer.drain()

    async def receive(self, version, kind):
        async with asyncio.timeout(DEADLINE_S):
            (size,) = struct.unpack(">i", await self.reader.readexactly(4))
            frame = await self.reader.readexactly(size)
        assert struct.unpack_from(">i", frame)[0] == self.correlation
        start = 4 + len(NO_TAGS) * self.flexible
        return decode(kind, version, frame, start, flexible=self.flexible)

    async def call(self, key, version, request, kind):
        await self.send(key, version, request)
        return await self.receive(version, kind)

    async def create(self, topic, partitions=1, **settings):
        new = admin.NewTopic(
            name=topic,
            num_partitions=partitions,
            replication_factor=1,
            configs=[
                admin.ConfigValue(name=name.replace("_", "."), value=str(value))
                for name, value in settings.items()
            ],
        )
        request = admin.CreateTopicsRequest(topics=[new], timeout_ms=1000)
        answer = await self.call(19, 4, request, admin.CreateTopicsResponse)
        assert answer.topics[0].error_code == 0, answer
        return topic

    async def produce(self, topic, records, partition=0, acks=-1, version=8):
        part = data.ProducePartition(index=partition, records=bytes(records))
        request = data.ProduceRequest(
            acks=acks,
            timeout_ms=1000,
            topics=[data.ProduceTopic(name=topic, partitions=[part])],
        )
        answer = await self.call(0, version, request, data.ProduceResponse)
        return answer.topics[0].partitions[0]

    def fetch_request(self, topic, offsets, *, wait_ms=0, min_bytes=1, max_bytes=2**24, each=2**20):
        """`offsets`: partition to fetch offset."""
        parts = [
            data.FetchPartition(index=index, fetch_offset=offset, max_bytes=each)
            for index, offset in offsets.items()
        ]
        return data.FetchRequest(
            max_wait_ms=wait_ms,
            min_bytes=min_bytes,
            max_bytes=max_bytes,
            topics=[data.FetchTopic(name=topic, partitions=parts)],
        )

    async def fetch(self, topic, offsets, version=11, **limits):
        request = self.fetch_request(topic, offsets, **limits)
        answer = await self.call(1, version, request, data.FetchResponse)
        return answer.topics[0].partitions if answer.topics else answer

    async def list_offset(self, topic, timestamp, partition=0, version=5):
        part = data.ListOffsetsPartition(index=partition, timestamp=timestamp)
        request = data.ListOffsetsRequest(
            topics=[data.ListOffsetsTopic(name=topic, partitions=[part])]
        )
        answer = await self.call(2, version, request, data.ListOffsetsResponse)
        return answer.topics[0].partitions[0]


def make_batch(
    values,
    *,
    times=None,
    key=None,
    compression=0,
    producer_id=-1,
    epoch=-1,
    sequence=-1,
    base_offset=0,
):
    """One record batch; `times` in milliseconds, one for each value, `key` for all."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=compression,
        is_transactional=False,
        producer_id=producer_id,
        producer_epoch=epoch,
        base_sequence=sequence,
        batch_size=2**30,
    )
    for at, value in enumerate(values):
        when = BASE_TIME + at if times is None else times[at]
        builder.append(at, when, key, value, [])
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, base_offset)
    return bytes(raw)


def values_in(records):
    """The values of all records in whole batches, with their offsets."""
    from aiokafka.record.memory_records import MemoryRecords

    found = []
    batches = MemoryRecords(bytes(records))
    while batches.has_next():
        batch = batches.next_batch()
        assert batch.validate_crc()
        found += [(record.offset, record.value) for record in batch]
    return found


def unique(prefix="t"):
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


async def until(condition, deadline_s=DEADLINE_S):
    """Wait for a condition, a plain function or a coroutine function; fail when it never holds."""
    end = time.monotonic() + deadline_s
    while True:
        holds = condition()
        if asyncio.iscoroutine(holds):
            holds = await holds
        if holds:
            return
        assert time.monotonic() < end, "the condition never held"
        await asyncio.sleep(0.01)
