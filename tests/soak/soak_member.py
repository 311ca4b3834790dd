"""A member of a consumer group that writes down all it is given, until it is told to stop.

Usage: soak_member.py BOOTSTRAP TOPIC GROUP FILE

FILE.records gets one ROW a record, before it is committed; FILE.events gets a line of JSON for
each assignment and each commit that was acknowledged, with the machine's monotonic clock.
"""

import asyncio
import contextlib
import json
import signal
import sys
import time

import numpy as np
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import KafkaError

ROW = np.dtype([("partition", "i4"), ("offset", "i8"), ("id", "i8")])
SESSION_MS = 6000


class Notes(ConsumerRebalanceListener):
    def __init__(self, file):
        self.records = open(file + ".records", "ab", buffering=0)  # noqa: SIM115, PTH123
        self.events = open(file + ".events", "a", buffering=1)  # noqa: SIM115, PTH123
        self.rows = 0

    def event(self, **what):
        line = json.dumps({"at_s": time.monotonic(), "row": self.rows, **what})
        self.events.write(line + "\n")

    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        self.event(assigned=sorted(part.partition for part in assigned))

    def take(self, batches):
        for part, records in batches.items():
            rows = np.empty(len(records), ROW)
            rows["partition"] = part.partition
            rows["offset"] = [record.offset for record in records]
            rows["id"] = [int.from_bytes(record.value[:8], "big") for record in records]
            self.records.write(rows.tobytes())
            self.rows += len(rows)


async def main(bootstrap, topic, group, file):
    notes = Notes(file)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=500,
        metadata_max_age_ms=5000,
    )
    consumer.subscribe([topic], listener=notes)
    await consumer.start()
    while not stop.is_set():
        batches = await consumer.getmany(timeout_ms=200, max_records=10_000)
        if not batches:
            continue
        notes.take(batches)
        ends = {part: records[-1].offset + 1 for part, records in batches.items()}
        try:
            await consumer.commit(ends)
        except KafkaError:
            continue  # a rebalance: whoever owns the shards now reads them again
        notes.event(committed={part.partition: end for part, end in ends.items()})
    with contextlib.suppress(asyncio.CancelledError):
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
