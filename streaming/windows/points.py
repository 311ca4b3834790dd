"""The closed windows one after the other, silent ones included: what detectors and alarms see.

A window without events has no result; where windows follow the clock, the engine knows all the
same that it ended. So there is a point for it, without values, as soon as the stream's time has
passed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

import msgspec

from streaming.windows.declared import Result
from streaming.windows.values import Scalar

MOST_SILENT: Final = 60
"""Windows without events that are told in a row; then the key sleeps until it comes back."""

MOST_KEYS: Final = 1_000
"""Of one window that are told of, each with a model of every detector: the first that come."""

TrackKey: TypeAlias = tuple[str, int, str]
"""Window, generation, key."""


class Track(msgspec.Struct):
    """How far a window's key is: the end of its last window, None before the first.

    `silent` counts the windows since the last one with events.
    """

    last_ms: int | None = None
    silent: int = 0

    def until(self, end_ms: int, step_ms: int) -> Iterator[tuple[int, bool]]:
        """The ends of silent windows before `end_ms`, each with whether the key falls asleep.

        The track moves with what is taken. Of a long silence only the beginning is given.
        """
        if self.last_ms is None or step_ms <= 0:
            return
        while self.last_ms + step_ms < end_ms and self.silent <= MOST_SILENT:
            self.last_ms += step_ms
            self.silent += 1
            yield self.last_ms, self.silent > MOST_SILENT

    def arrive(self, end_ms: int) -> None:
        """A window with events ended."""
        self.last_ms, self.silent = end_ms, 0


class Point(msgspec.Struct, frozen=True, gc=False):
    """A window that ended. `values` is None of a silent one, the `silent`-th in a row.

    `asleep`: no more of them follow until there are events again.
    """

    window: str
    generation: int
    key: str
    end_ms: int
    values: dict[str, Scalar] | None
    silent: int = 0
    asleep: bool = False


class Points:
    """Makes points of final results and of how far the windows are final."""

    def __init__(self) -> None:
        self.steps: dict[tuple[str, int], int] = {}
        """Window and generation, to the ms from one window to the next (0: not by the clock)."""
        self.tracks: dict[TrackKey, Track] = {}
        self.moved: set[TrackKey] = set()
        self.crowded: set[tuple[str, int]] = set()
        """Windows with more keys than there is room for."""
        self._keys: Counter[tuple[str, int]] = Counter()

    def load(self, id_: TrackKey, track: Track) -> None:
        """Take a track back from the store; of windows that are not watched it is ignored."""
        if id_[:2] in self.steps:
            self.tracks[id_] = track
            self._keys[id_[:2]] += 1

    def follow(self, steps: Mapping[tuple[str, int], int]) -> list[TrackKey]:
        """Watch these windows from now on; returns the tracks that are forgotten."""
        self.steps = dict(steps)
        gone = [key for key in self.tracks if key[:2] not in self.steps]
        for key in gone:
            del self.tracks[key]
        self.moved -= set(gone)
        self.crowded &= self.steps.keys()
        self._keys = Counter(key[:2] for key in self.tracks)
        return gone

    def take(self, finals: Iterable[Result], horizons: Mapping[str, int]) -> Iterator[Point]:
        """The next points, in the order of their ends for each window and key.

        `horizons`: by window, the time up to which all of it is final. Batches do not matter: the
        same results give the same points of a key, whenever they come. Keys beyond `MOST_KEYS` of a
        window, in the order in which their windows ended, have none.
        """
        watched = [r for r in finals if (r.window, r.generation) in self.steps]
        for result in sorted(watched, key=lambda r: (r.end_ms, r.window, r.key)):
            step = self.steps[result.window, result.generation]
            id_ = (result.window, result.generation, result.key)
            track = self._track(id_)
            if track is None:
                continue
            yield from self._silent(id_, track, result.end_ms, step)
            track.arrive(result.end_ms)
            self.moved.add(id_)
            yield Point(*id_, result.end_ms, result.values)
        for id_, track in self.tracks.items():
            horizon, step = horizons.get(id_[0]), self.steps[id_[:2]]
            if horizon is not None:
                yield from self._silent(id_, track, horizon + 1, step)

    def _track(self, id_: TrackKey) -> Track | None:
        """The track of a key, a new one if there is room for it."""
        track, window = self.tracks.get(id_), id_[:2]
        if track is None:
            if self._keys[window] >= MOST_KEYS:
                self.crowded.add(window)
                return None
            track = self.tracks[id_] = Track()
            self._keys[window] += 1
        return track

    def _silent(self, id_: TrackKey, track: Track, end_ms: int, step: int) -> Iterator[Point]:
        for end, asleep in track.until(end_ms, step):
            self.moved.add(id_)
            yield Point(*id_, end, None, track.silent, asleep)
