"""What is wrong with a tape: where it stands, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final, NamedTuple

from tui.safe import safe

TEXT_LIMIT: Final = 300
MOST_SHOWN: Final = 20
"""Problems that one error lists; the rest is a number."""


class Place(NamedTuple):
    """A line (from 1) of a file, as people find it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{safe(self.file, TEXT_LIMIT)}:{self.line}"


class Problem(NamedTuple):
    """One thing that is wrong. `step` counts the steps of its file from 1, 0: it is in none."""

    place: Place
    text: str
    step: int = 0

    def __str__(self) -> str:
        step = f" (step {self.step})" if self.step else ""
        return f"{self.place}{step}: {safe(self.text, TEXT_LIMIT)}"


class TapeError(Exception):
    """A tape that cannot be played; the text has a line for each problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        lines = [str(problem) for problem in self.problems[:MOST_SHOWN]]
        if len(self.problems) > MOST_SHOWN:
            lines.append(f"and {len(self.problems) - MOST_SHOWN} more")
        super().__init__("\n".join(lines))


def near(name: object, known: Iterable[str]) -> str:
    """Return "; did you mean X?" for a name close to one there is, else "; there are A, B, ..."."""
    names = list(known)
    found = difflib.get_close_matches(str(name), names, 1)
    return f"; did you mean {found[0]}?" if found else f"; there are {', '.join(names)}"
