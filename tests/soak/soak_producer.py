"""A producer process: record i goes to partition i % PARTITIONS and begins with i in 8 bytes.

Usage: soak_producer.py BOOTSTRAP TOPIC PARTITIONS RECORDS VALUE_BYTES SECONDS

It takes at least SECONDS, so that what happens to the consumers happens meanwhile.
"""

import struct
import sys
import time

from confluent_kafka import Producer


def main(bootstrap, topic, partitions, records, value_bytes, seconds):
    failed = []
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 20,
            "queue.buffering.max.messages": 100_000,
        }
    )

    def note(error, _):
        if error is not None:
            failed.append(error)

    padding = b"." * (int(value_bytes) - 8)
    pack, count = struct.Struct(">Q").pack, int(partitions)
    began_s = time.monotonic()
    for number in range(int(records)):
        while True:
            try:
                producer.produce(
                    topic, pack(number) + padding, partition=number % count, on_delivery=note
                )
                break
            except BufferError:
                producer.poll(0.05)
        if number % 1000 == 0:
            due_s = began_s + number / int(records) * float(seconds)
            producer.poll(max(due_s - time.monotonic(), 0))
    left = producer.flush(120)
    if left or failed:
        sys.exit(f"{left} records left, {len(failed)} failed: {failed[:1]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
