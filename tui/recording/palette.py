"""At most 255 colours for a film that has thousands, so that the rare ones survive."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

GROUND: Final = 50
"""So many of the colours that cover most of the screen are sure of a place."""

ROOMS: Final = (100, 100 + GROUND, 210, 255)
"""Places taken at most after each group of colours, the most important group first."""

DISTANCES: Final = (0.0, *(2 * 1.25**n for n in range(27)))
"""How unlike all others a colour must be to get a place, tried in this order."""

SIGHT: Final = np.array([2.0, 4.0, 3.0]) / 3
"""How much a difference in red, green and blue matters to the eye, roughly."""


def reduced(
    colours: NDArray[np.uint8],
    uses: NDArray[np.int64],
    words: Collection[int],
    exact: Collection[int],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a palette, shape (n <= 255, 3), and for each colour the number of its place there.

    First come colours in which words are written, then those of most pixels, all others that a
    terminal would show (`exact`), and those at the edges of letters. Within a group that is too
    large a colour gets a place if none of the more used ones is close to it. That keeps a red that
    is on the screen for one second, which counting or averaging would give away.
    """
    order = [int(number) for number in np.lexsort((*colours.T, -uses)) if uses[number]]
    others = [number for number in order if number in exact and number not in words]
    groups = (
        [number for number in order if number in words],
        others[:GROUND],
        others[GROUND:],
        [number for number in order if number not in exact],
    )
    space = colours.astype(np.float64)
    chosen: list[int] = []
    for group, room in zip(groups, ROOMS, strict=True):
        chosen = _spread(space, group, chosen, room)
    places = np.array([_distances(space[chosen], colour).argmin() for colour in space])
    return colours[chosen], places.astype(np.uint8)


def _spread(
    space: NDArray[np.float64], candidates: Iterable[int], chosen: list[int], room: int
) -> list[int]:
    """The chosen ones and as many candidates as there is room for, none too close to another."""
    picked = list(chosen)
    for distance in DISTANCES:
        picked = list(chosen)
        places = np.empty((room + 1, 3))
        places[: len(picked)] = space[picked]
        for number in candidates:
            near = _distances(places[: len(picked)], space[number])
            if len(picked) and near.min() <= distance**2:
                continue
            if len(picked) == room:
                break
            places[len(picked)] = space[number]
            picked.append(number)
        else:
            return picked
    return picked


def _distances(places: NDArray[np.float64], colour: NDArray[np.float64]) -> NDArray[np.float64]:
    squares: NDArray[np.float64] = ((places - colour) ** 2) @ SIGHT
    return squares
