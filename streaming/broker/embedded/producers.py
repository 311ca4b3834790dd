"""What a partition remembers of idempotent producers, to refuse gaps and answer repeats."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from streaming.broker.embedded.batch import BatchHeader
from streaming.broker.embedded.errors import ApiError, ErrorCode

REMEMBERED_BATCHES: Final = 5  # KIP-98: as many as a producer may have in flight
_MOST_PRODUCERS: Final = 10_000  # in one partition; about 10 MiB
_SEQUENCES: Final = 2**31  # sequence numbers wrap to 0 after 2^31 - 1


class SentBatch(NamedTuple):
    """A batch that is in the log."""

    first_sequence: int
    last_sequence: int
    base_offset: int
    max_timestamp: int = -1  # unknown in files of older versions


class Producer:
    """One producer id in one partition. `seen_ms` is the wall clock of its last batch."""

    __slots__ = ("batches", "epoch", "seen_ms")

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.seen_ms = 0
        self.batches: deque[SentBatch] = deque(maxlen=REMEMBERED_BATCHES)


ProducerRow = tuple[int, int, int, list[tuple[int, ...]]]


class ProducerTable:
    """All producers of one partition, forgotten `expiry_ms` after their last batch."""

    def __init__(self, expiry_ms: int) -> None:
        self._expiry_ms = expiry_ms
        self._producers: dict[int, Producer] = {}

    def check(self, header: BatchHeader) -> SentBatch | None:
        """The earlier copy of this batch, or None when it is new and next in line.

        Follows Kafka's `ProducerAppendInfo`: an unknown producer may begin anywhere, for what it
        wrote before may have been deleted; a new epoch begins at sequence 0.
        """
        producer = self._producers.get(header.producer_id)
        if producer is None:
            return None
        if header.producer_epoch < producer.epoch:
            raise ApiError(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                f"epoch {header.producer_epoch}, the partition has seen {producer.epoch}",
            )
        if header.producer_epoch > producer.epoch:
            expected = 0
        else:
            last = _last_sequence(header)
            for sent in producer.batches:
                if sent.first_sequence == header.base_sequence and sent.last_sequence == last:
                    return sent
            expected = (producer.batches[-1].last_sequence + 1) % _SEQUENCES
        if header.base_sequence != expected:
            raise ApiError(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                f"sequence {header.base_sequence}, expected {expected}",
            )
        return None

    def note(self, header: BatchHeader, base_offset: int, now_ms: int) -> None:
        """Remember a batch that is in the log."""
        producer = self._producers.pop(header.producer_id, None)
        if producer is None or producer.epoch != header.producer_epoch:
            producer = Producer(header.producer_epoch)
        producer.batches.append(
            SentBatch(
                header.base_sequence, _last_sequence(header), base_offset, header.max_timestamp
            )
        )
        producer.seen_ms = now_ms
        # The dict's order is the order of the last batches: the front expires first.
        self._producers[header.producer_id] = producer
        oldest = next(iter(self._producers))
        expired = now_ms - self._producers[oldest].seen_ms > self._expiry_ms
        if expired or len(self._producers) > _MOST_PRODUCERS:
            del self._producers[oldest]

    def rows(self) -> list[ProducerRow]:
        """A copy for the file beside a segment."""
        return [
            (
                key,
                producer.epoch,
                producer.seen_ms,
                [tuple(sent) for sent in producer.batches],
            )
            for key, producer in self._producers.items()
        ]

    def load(self, rows: list[ProducerRow]) -> None:
        """Take the copy back."""
        self._producers = {}
        for key, epoch, seen_ms, batches in rows:
            producer = Producer(epoch)
            producer.seen_ms = seen_ms
            producer.batches.extend(SentBatch(*sent) for sent in batches)
            self._producers[key] = producer

    def items(self) -> Iterable[tuple[int, Producer]]:
        """All producers by their ids."""
        return self._producers.items()

    def __len__(self) -> int:
        return len(self._producers)


def _last_sequence(header: BatchHeader) -> int:
    return (header.base_sequence + header.last_offset_delta) % _SEQUENCES
