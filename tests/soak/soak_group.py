"""A group of member processes and the producer that feeds it, for tests to steer."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from soak_member import ROW

HERE = Path(__file__).parent
DEADLINE_S = 300


def make_topic(bootstrap: str, topic: str, partitions: int, replication: int) -> None:
    """Make a topic and wait until it is there."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for made in admin.create_topics([NewTopic(topic, partitions, replication)]).values():
        made.result(30)


@contextlib.contextmanager
def producing(bootstrap: str, topic: str, *numbers: int) -> Iterator[subprocess.Popen]:
    """Run the producer; the numbers are its partitions, records, bytes a value and seconds."""
    command = [sys.executable, HERE / "soak_producer.py", bootstrap, topic, *map(str, numbers)]
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Member:
    """One member process and the files it writes."""

    def __init__(self, bootstrap: str, topic: str, group: str, file: Path) -> None:
        self.file = file
        command = [sys.executable, HERE / "soak_member.py", bootstrap, topic, group, file]
        self.process = subprocess.Popen(command)

    @property
    def rows(self) -> int:
        """Records it was given so far."""
        path = self.file.with_suffix(".records")
        return path.stat().st_size // ROW.itemsize if path.exists() else 0

    def assigned(self) -> bool:
        """Whether it has had an assignment."""
        path = self.file.with_suffix(".events")
        return path.exists() and "assigned" in path.read_text()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> float:
        """What `kill -9` does; returns the monotonic time of it."""
        self.process.kill()
        at_s = time.monotonic()
        self.process.wait()
        return at_s

    def stop(self) -> None:
        """Let it leave the group."""
        self.process.terminate()
        assert self.process.wait(60) == 0


class GroupUnderTest:
    """Members that come and go; all their files stay."""

    def __init__(self, bootstrap: str, topic: str, name: str, folder: Path) -> None:
        self.name, self.topic = name, topic
        self.members: list[Member] = []
        self._where = (bootstrap, topic, name)
        self._reader = Consumer({"bootstrap.servers": bootstrap, "group.id": name})
        self._folder = folder
        self._admin = AdminClient({"bootstrap.servers": bootstrap})

    def join(self) -> Member:
        """Start one more member."""
        member = Member(*self._where, self._folder / f"member-{len(self.members)}")
        self.members.append(member)
        return member

    def delivered(self) -> int:
        """Records given to all members so far, re-reads included."""
        return sum(member.rows for member in self.members)

    def size(self) -> int:
        """Members the broker counts."""
        described = self._admin.describe_consumer_groups([self.name])[self.name].result(30)
        return len(described.members)

    def committed(self, partitions: int) -> list[int]:
        """The offset the group has committed of each partition; -1001 is none."""
        parts = [TopicPartition(self.topic, index) for index in range(partitions)]
        return [part.offset for part in self._reader.committed(parts, 30)]

    def wait(self, condition, what: str, deadline_s: float = DEADLINE_S) -> None:
        """Wait for a condition; fail when it does not come to hold."""
        end = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < end, f"never happened: {what}"
            time.sleep(0.02)

    def end(self) -> None:
        """Leave no process behind."""
        self._reader.close()
        for member in self.members:
            with contextlib.suppress(ProcessLookupError):
                member.signal(signal.SIGCONT)
            member.process.kill()
            member.process.wait()
