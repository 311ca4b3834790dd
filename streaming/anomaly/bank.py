"""The models of all series, as many in memory as the budget allows; the others wait in the store.

A series is a detector's view of one key: of a window's key, or of a shard where records are judged
one by one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec

from streaming.anomaly.model import Model
from streaming.anomaly.plan import Detecting
from streaming.anomaly.scores import Score

SeriesId: TypeAlias = tuple[str, str]
"""Detector, key."""

NEWEST: Final = 120
"""Scores of each series that are kept at hand for the screen."""


class Place(msgspec.Struct, frozen=True):
    """Up to where a series was judged, this included.

    Of windows `last_ms` and `silent` are its track's; of records, `offset` and `sub` the last one's
    (-1: none).
    """

    last_ms: int | None = None
    silent: int = 0
    offset: int = -1
    sub: int = 0


class Scored(msgspec.Struct, frozen=True):
    """A point with its score. `values` are the detector's columns; `place` of what it was."""

    detector: str
    key: str
    at_ms: int
    values: tuple[float | None, ...]
    score: Score
    place: Place


@dataclass
class Series:
    """A model, or where it waits. `since` counts the points after its last dump."""

    detecting: Detecting
    key: str
    place: Place
    model: Model | None = None
    since: int = 0
    anomalies: int = 0
    warmed: tuple[int, int] = (0, 0)
    newest: list[Scored] = field(default_factory=list)

    @property
    def id(self) -> SeriesId:
        """What there is one of."""
        return self.detecting.name, self.key

    def keep(self, scored: Scored) -> None:
        """Have a score at hand."""
        self.newest.append(scored)
        del self.newest[:-NEWEST]
        self.anomalies += scored.score.state == "ANOMALY"


class Bank:
    """Series by detector and key. `wake` fetches a model, `put_away` brings it into the store."""

    def __init__(
        self,
        budget_bytes: int,
        wake: Callable[[Series], Model],
        put_away: Callable[[Series], None],
    ) -> None:
        self._budget = budget_bytes
        self._wake = wake
        self._put_away = put_away
        self.series: dict[SeriesId, Series] = {}
        self._awake: OrderedDict[SeriesId, int] = OrderedDict()

    @property
    def bytes(self) -> int:
        """What the models in memory take, about."""
        return sum(self._awake.values())

    def score(
        self, series: Series, at_ms: int, row: Sequence[float | None], place: Place
    ) -> Scored:
        """Judge the next point of a series; wakes its model, and puts others away for it."""
        model = self._model(series)
        score = model.process(row)
        series.place = place
        series.since += 1
        series.warmed = model.warmed
        scored = Scored(*series.id, at_ms, tuple(row), score, place)
        series.keep(scored)
        return scored

    def forget(self, id_: SeriesId) -> None:
        """A series ends."""
        self.series.pop(id_, None)
        self._awake.pop(id_, None)

    def _model(self, series: Series) -> Model:
        if series.model is None:
            series.model = self._wake(series)
            self._awake[series.id] = series.detecting.model.memory_bytes
            while len(self._awake) > 1 and self.bytes > self._budget:
                oldest = self.series[self._awake.popitem(last=False)[0]]
                self._put_away(oldest)
                oldest.model = None
        self._awake.move_to_end(series.id)
        return series.model
