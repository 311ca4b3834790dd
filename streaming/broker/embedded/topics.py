"""The topics of the server and where they are kept: one registry file, one folder a partition."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from streaming.broker.embedded import storage
from streaming.broker.embedded.config import BrokerConfig
from streaming.broker.embedded.errors import ApiError, ErrorCode, StorageError
from streaming.broker.embedded.partition import Partition
from streaming.broker.embedded.rules import LogRules
from streaming.broker.embedded.segment import SegmentCaches
from streaming.broker.embedded.settings import check, rules, topic_settings

log = logging.getLogger(__name__)

_LEGAL_NAME: Final = re.compile(r"[a-zA-Z0-9._-]{1,249}\Z")  # Kafka's rule for topic names
_MOST_AT_ONCE: Final = 10_000  # Kafka's bound for the partitions one request makes


class Topic:
    """A topic's partitions and its own settings."""

    def __init__(self, name: str, settings: dict[str, str], log_rules: LogRules) -> None:
        self.name = name
        self.settings = settings
        self.rules = log_rules
        self.partitions: list[Partition] = []


def check_name(name: str) -> None:
    """Refuse what cannot be a topic's name. Raises ApiError INVALID_TOPIC."""
    if not _LEGAL_NAME.match(name) or name in (".", ".."):
        raise ApiError(
            ErrorCode.INVALID_TOPIC,
            "a topic's name has 1 to 249 letters, digits, dots, underscores or hyphens",
        )


class Topics:
    """Makes, changes, finds and deletes topics. Changes are on disk before they are visible."""

    def __init__(self, config: BrokerConfig) -> None:
        self._config = config
        self._file = config.data / storage.TOPICS_FILE
        self._folder = config.data / storage.TOPICS_FOLDER
        self._topics: dict[str, Topic] = {}
        self._caches = SegmentCaches(config.max_open_files, config.max_indexes)
        self.known_settings = topic_settings(config)

    def open(self) -> None:
        """Read the registry, recover all logs, clear what a crash left of deleted topics.

        Raises OSError, or ValueError when the registry cannot be read; no data is touched then.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        stored = storage.read_file(self._file, dict[str, storage.StoredTopic])
        if stored is None:
            if any(self._folder.iterdir()):
                raise ValueError(f"{self._file} is missing although {self._folder} has data")
            stored = {}
        expected = set()
        for name, entry in stored.items():
            expected |= {storage.folder_name(name, i) for i in range(entry.partitions)}
            self._topics[name] = self._open_topic(name, entry.partitions, entry.settings)
        for folder in list(self._folder.iterdir()):
            if folder.name not in expected:
                storage.discard(folder)

    def close(self) -> None:
        """End cleanly."""
        for topic in self._topics.values():
            for partition in topic.partitions:
                partition.close()

    def __iter__(self) -> Iterator[Topic]:
        return iter(self._topics.values())

    def __contains__(self, name: str) -> bool:
        return name in self._topics

    def find(self, name: str) -> Topic:
        """The topic. Raises ApiError UNKNOWN_TOPIC_OR_PARTITION."""
        topic = self._topics.get(name)
        if topic is None:
            raise ApiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"no topic {name!r}")
        return topic

    def partition(self, name: str, index: int) -> Partition:
        """The partition. Raises ApiError UNKNOWN_TOPIC_OR_PARTITION."""
        partitions = self.find(name).partitions
        if not 0 <= index < len(partitions):
            raise ApiError(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"topic {name!r} has no partition {index}"
            )
        return partitions[index]

    def create(
        self,
        name: str,
        partitions: int,
        settings: Mapping[str, str | None],
        *,
        validate_only: bool = False,
    ) -> None:
        """Make a topic. Raises ApiError; StorageError when the disk refuses."""
        check_name(name)
        if name in self._topics:
            raise ApiError(ErrorCode.TOPIC_ALREADY_EXISTS, f"topic {name!r} exists")
        self._check_collision(name)
        self._check_count(partitions, partitions)
        own = check(settings, self.known_settings)
        if validate_only:
            return
        self._change(name, storage.StoredTopic(partitions=partitions, settings=own), present=0)

    def extend(self, name: str, count: int, *, validate_only: bool = False) -> None:
        """Raise the number of partitions to `count`; what is there stays. Raises ApiError."""
        topic = self.find(name)
        present = len(topic.partitions)
        if count <= present:
            raise ApiError(
                ErrorCode.INVALID_PARTITIONS, f"topic {name!r} has {present} partitions already"
            )
        self._check_count(count, count - present)
        if not validate_only:
            entry = storage.StoredTopic(partitions=count, settings=topic.settings)
            self._change(name, entry, present=present)

    def configure(
        self, name: str, settings: Mapping[str, str | None], *, validate_only: bool = False
    ) -> None:
        """Replace a topic's own settings. Raises ApiError."""
        topic = self.find(name)
        own = check(settings, self.known_settings)
        if not validate_only:
            present = len(topic.partitions)
            entry = storage.StoredTopic(partitions=present, settings=own)
            self._change(name, entry, present=present)

    def delete(self, name: str) -> None:
        """Remove a topic and its records. Raises ApiError; StorageError when the disk refuses."""
        topic = self.find(name)
        self._save({key: value for key, value in self._stored().items() if key != name})
        del self._topics[name]
        for partition in topic.partitions:
            partition.abandon()
            with contextlib.suppress(OSError):  # the next start tries again
                storage.discard(partition.log.folder)

    def keep_retention(self, now_ms: int) -> None:
        """Drop what the logs have outlived. `now_ms` is the wall clock, as records carry it.

        A disk that refuses costs that log its turn, not the others theirs.
        """
        for topic in self._topics.values():
            for partition in topic.partitions:
                try:
                    dropped = partition.keep_retention(topic.rules, now_ms)
                except StorageError as error:
                    log.error("%s-%d keeps its old records: %s", topic.name, partition.index, error)
                    continue
                if dropped:
                    log.info(
                        "%s-%d: %d old segments dropped, begins at %d",
                        topic.name,
                        partition.index,
                        dropped,
                        partition.log.start_offset,
                    )

    def _change(self, name: str, entry: storage.StoredTopic, present: int) -> None:
        """Write the registry with `entry`, then make it so; `present` partitions are open."""
        try:
            for index in range(present, entry.partitions):
                storage.discard(self._partition_folder(name, index))
                self._partition_folder(name, index).mkdir(parents=True)
        except OSError as error:
            raise StorageError(f"cannot make topic {name!r}: {error.strerror}") from error
        self._save(self._stored() | {name: entry})
        topic = self._topics.get(name)
        if topic is None or present == 0:
            self._topics[name] = self._open_topic(name, entry.partitions, entry.settings)
            return
        topic.settings = entry.settings
        topic.rules = rules(entry.settings, self._config)
        topic.partitions += [
            self._open_partition(name, index) for index in range(present, entry.partitions)
        ]

    def _check_count(self, count: int, added: int) -> None:
        if count < 1:
            raise ApiError(ErrorCode.INVALID_PARTITIONS, "a topic has at least one partition")
        total = sum(len(topic.partitions) for topic in self._topics.values()) + added
        if added > _MOST_AT_ONCE or total > self._config.max_partitions:
            raise ApiError(
                ErrorCode.POLICY_VIOLATION,
                f"{total} partitions in all, this server holds {self._config.max_partitions}",
            )

    def _check_collision(self, name: str) -> None:
        """Names of Kafka's metrics have underscores for dots, so it keeps such topics apart."""
        plain = name.replace(".", "_")
        for other in self._topics:
            if other.replace(".", "_") == plain:
                raise ApiError(ErrorCode.INVALID_TOPIC, f"the name collides with topic {other!r}")

    def _stored(self) -> dict[str, storage.StoredTopic]:
        return {
            topic.name: storage.StoredTopic(
                partitions=len(topic.partitions), settings=topic.settings
            )
            for topic in self._topics.values()
        }

    def _save(self, stored: dict[str, storage.StoredTopic]) -> None:
        try:
            storage.replace_file(self._file, stored)
        except OSError as error:
            raise StorageError(f"cannot write {self._file.name}: {error.strerror}") from error

    def _open_topic(self, name: str, partitions: int, settings: dict[str, str]) -> Topic:
        topic = Topic(name, settings, rules(settings, self._config))
        topic.partitions = [self._open_partition(name, index) for index in range(partitions)]
        return topic

    def _open_partition(self, name: str, index: int) -> Partition:
        partition = Partition(
            name, index, self._partition_folder(name, index), self._config, self._caches
        )
        partition.log.open()
        return partition

    def _partition_folder(self, name: str, index: int) -> Path:
        return self._folder / storage.folder_name(name, index)
