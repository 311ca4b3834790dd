"""At most 255 colours for a film that has thousands, so that the rare ones survive."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

ROOM: Final = 255
EXACT_ROOM: Final = 200
"""Places for colours that a terminal would show; the rest is for the edges of letters."""

DISTANCES: Final = (0, 2, 4, 6, 9, 13, 18, 25, 35, 50, 70, 100, 200, 800)
"""How unlike its neighbours a colour must be to get a place, tried in this order."""

SIGHT: Final = np.array([2.0, 4.0, 3.0]) / 3
"""How much a difference in red, green and blue matters to the eye, roughly."""


def reduced(
    colours: NDArray[np.uint8], uses: NDArray[np.int64], exact: set[int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a palette, shape (n <= 255, 3), and for each colour the number of its place there.

    A colour gets a place if none of the more used ones is close to it. That keeps a red that is
    on the screen for one second, which counting or averaging would give away.
    """
    order = [number for number in np.lexsort((*colours.T, -uses)) if uses[number]]
    terminal = [int(number) for number in order if int(number) in exact]
    edges = [int(number) for number in order if int(number) not in exact]
    space = colours.astype(np.float64)
    chosen = _spread(space, terminal, [], EXACT_ROOM)
    chosen = _spread(space, edges, chosen, ROOM)
    palette = colours[chosen]
    places = np.array([_distances(space[chosen], colour).argmin() for colour in space])
    return palette, places.astype(np.uint8)


def _spread(
    space: NDArray[np.float64], candidates: list[int], chosen: list[int], room: int
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
