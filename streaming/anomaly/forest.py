"""The random cut forest: the only module that knows its engine.

The engine is `krcf`, Python's door to the Rust core of Amazon's random-cut-forest-by-aws. Its
scores are what Kinesis Data Analytics gives ("normalised expected inverse height", 0 to
log2(sample)), not the CoDisp of the paper. What it would swallow and choke on later is refused
here: NaN, infinities, and numbers beyond a 32-bit float.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

import krcf
import msgspec

from streaming.anomaly.sealed import SnapshotDamaged, seal, unseal

WRITER: Final = f"krcf {version('krcf')}"

MOST: Final = 3.4e38
"""Largest magnitude of a coordinate: the engine computes in 32-bit floats."""

MOST_BYTES: Final = 512 << 20
"""What a forest may be estimated at; see `estimated_bytes`."""

MOST_STORED: Final = 16 << 20
"""The same for one that goes into the store time and again."""


class ForestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A forest's shape.

    `dimensions`: numbers of a point. `trees`, `sample`: trees and points in each. `decay`: about
    how many points the past is made of (the engine's lambda is 1 / decay). `shingle`: how many
    points in a row are seen as one. `cache`: part (0–1) of bounding boxes kept; 0 gives the same
    scores with half of the memory and two to three times the work.
    """

    dimensions: int = 1
    trees: int = 50
    sample: int = 256
    decay: int = 100_000
    shingle: int = 1
    seed: int = 0
    cache: float = 1.0

    @property
    def estimated_bytes(self) -> int:
        """About the bytes of a snapshot before it is compressed (578 KiB were seen at 50 × 256)."""
        return self.trees * self.sample * (28 + 8 * self.dimensions * self.shingle)

    @property
    def memory_bytes(self) -> int:
        """About what it takes in memory (1.1 MB were seen at 50 × 256 points of one number)."""
        return self.trees * self.sample * (80 + 8 * self.dimensions * self.shingle)

    @property
    def top_score(self) -> float:
        """The largest score there is."""
        return math.log2(self.sample)


def check_size(settings: ForestSettings, most: int) -> None:
    """ValueError when a forest of this shape would be too large."""
    if settings.estimated_bytes > most:
        raise ValueError(
            f"{settings.trees} trees of {settings.sample} points of "
            f"{settings.dimensions * settings.shingle} numbers are too large a forest "
            f"({settings.estimated_bytes >> 20} MiB, at most {most >> 20}): take fewer trees, a "
            "smaller sample, fewer columns or a shorter shingle"
        )


def usable(point: Sequence[float]) -> bool:
    """Whether the engine can take these numbers."""
    return all(-MOST < x < MOST for x in point)


class Forest:
    """Scores points and learns them. A score is 0 until `sample` points were learnt."""

    def __init__(self, settings: ForestSettings, engine: Any = None) -> None:
        """Begin empty. ValueError: it would be too large."""
        check_size(settings, MOST_BYTES)
        self.settings = settings
        self._engine = krcf.RandomCutForest(_options(settings)) if engine is None else engine

    @property
    def seen(self) -> int:
        """Points learnt so far."""
        return int(self._engine.entries_seen())

    def score(self, point: Sequence[float]) -> float:
        """How unlike the past this point is. ValueError for a point that is not `usable`."""
        _check(point)
        return float(self._engine.score(point))

    def learn(self, point: Sequence[float]) -> None:
        """Take the point into the past. ValueError for a point that is not `usable`."""
        _check(point)
        self._engine.update(point)

    def attribution(self, point: Sequence[float]) -> list[tuple[float, float]]:
        """Each column's part of the score as (by being high, by being low); their sum is the score.

        With a shingle, a column's parts of all its points are added.
        """
        _check(point)
        parts = self._engine.attribution(point)
        columns = self.settings.dimensions
        high, low = parts["high"], parts["low"]
        return [(sum(high[i::columns]), sum(low[i::columns])) for i in range(columns)]

    def dump(self) -> bytes:
        """Everything, sealed; a forest that is loaded from it goes on with the same bits."""
        body = msgspec.msgpack.encode((self.settings, self._engine.to_msgpack()))
        return seal(WRITER, body)

    @classmethod
    def load(cls, sealed: bytes) -> Forest:
        """Go on from a dump. Raises SnapshotDamaged."""
        body = unseal(WRITER, sealed)
        try:
            settings, engine = msgspec.msgpack.decode(body, type=tuple[ForestSettings, bytes])
            return cls(settings, krcf.RandomCutForest.from_msgpack(engine))
        except (msgspec.MsgspecError, RuntimeError, ValueError) as error:
            raise SnapshotDamaged(str(error).splitlines()[0]) from None


def _check(point: Sequence[float]) -> None:
    if not usable(point):
        raise ValueError("a forest takes finite numbers below 3.4e38 only")


def _options(settings: ForestSettings) -> krcf.RandomCutForestOptions:
    return {
        "dimensions": settings.dimensions,
        "shingle_size": settings.shingle,
        "num_trees": settings.trees,
        "sample_size": settings.sample,
        "output_after": settings.sample,
        "random_seed": settings.seed,
        "lambda": 1.0 / settings.decay,  # type: ignore[typeddict-unknown-key]  # a keyword there
        "bounding_box_cache_fraction": settings.cache,
    }
