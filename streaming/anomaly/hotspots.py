"""HOTSPOTS of Kinesis Data Analytics: dense regions among the last records.

As DBSCAN (Ester, Kriegel, Sander and Xu, 1996) with scanRadius as its epsilon and
minimumNumberOfPointsInAHotspot as its minPts, over a sliding window of windowSize records. The
service does not publish its algorithm or what `density` is; here it is a hotspot's part (0–1) of
the window's records.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from streaming.anomaly.forest import usable
from streaming.anomaly.kinesis import checked
from streaming.anomaly.modes import HOTSPOTS
from streaming.anomaly.sealed import seal, unseal

_WRITER = "hotspots 1"


class Hotspots:
    """The function over rows of some columns; O(windowSize) numbers a record, beside the search."""

    def __init__(self, columns: Sequence[str], given: Mapping[str, float]) -> None:
        """ValueError: see `kinesis.checked`."""
        values = checked(HOTSPOTS, columns, given)
        self._size = int(values["windowSize"])
        self._radius = values["scanRadius"]
        self._fewest = int(values["minimumNumberOfPointsInAHotspot"])
        self._points: NDArray[np.float64] = np.empty((0, len(columns)))
        self._near: NDArray[np.bool_] = np.empty((0, 0), dtype=np.bool_)

    def process(self, row: Sequence[float | None]) -> str | None:
        """HOTSPOTS_RESULT with the next row, None for a row that lacks a number."""
        point = [float("nan") if value is None else float(value) for value in row]
        if not usable(point):
            return None
        self._take(np.array(point))
        found = [
            {
                "density": round(len(members) / len(self._points), 6),
                "minValues": self._points[members].min(axis=0).tolist(),
                "maxValues": self._points[members].max(axis=0).tolist(),
            }
            for members in self._clusters()
        ]
        found.sort(key=lambda spot: (-float(spot["density"]), spot["minValues"]))
        return json.dumps({"hotspots": found})

    def dump(self) -> bytes:
        """The state, sealed."""
        return seal(_WRITER, msgspec.msgpack.encode(self._points.tolist()))

    def load(self, sealed: bytes) -> None:
        """Go on from a dump. Raises SnapshotDamaged."""
        points = msgspec.msgpack.decode(unseal(_WRITER, sealed), type=list[list[float]])
        for point in points:
            self._take(np.array(point))

    def _take(self, point: NDArray[np.float64]) -> None:
        points, near = self._points, self._near
        if len(points) == self._size:
            points, near = points[1:], near[1:, 1:]
        points = np.vstack((points, point))
        close = np.sqrt(((points - point) ** 2).sum(axis=1)) <= self._radius
        grown = np.empty((len(points), len(points)), dtype=np.bool_)
        grown[:-1, :-1] = near
        grown[-1, :] = grown[:, -1] = close
        self._points, self._near = points, grown

    def _clusters(self) -> list[NDArray[np.int64]]:
        core = self._near.sum(axis=1) >= self._fewest
        left = core.copy()
        clusters: list[NDArray[np.int64]] = []
        while left.any():
            members = np.zeros(len(core), dtype=np.bool_)
            edge = np.zeros(len(core), dtype=np.bool_)
            edge[int(np.argmax(left))] = True
            while edge.any():
                members |= edge
                reached = self._near[edge & core].any(axis=0)
                edge = reached & ~members
            clusters.append(np.flatnonzero(members))
            left &= ~members
        return clusters
