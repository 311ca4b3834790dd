"""Whether a consumer keeps up, by Burrow's rules: no thresholds, only what its commits look like.

Rules and their order: LinkedIn's Burrow, core/internal/evaluator/caching.go (commit ced55ba);
its sixteen cases are tests here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple, TypeAlias

Status: TypeAlias = Literal["OK", "WARN", "STALL", "STOP", "REWIND"]
GroupStatus: TypeAlias = Literal["OK", "WARN", "ERR"]

WINDOW: Final = 10
"""Commits of a partition that are looked at (Burrow's `intervals`)."""


class Commit(NamedTuple):
    """A committed offset, when, in ms, and the lag it left (None: it was not known)."""

    offset: int
    at_ms: int
    lag: int | None


def partition_status(
    commits: Sequence[Commit],
    ends: Iterable[int],
    lag: int,
    now_ms: int,
    allowed_lag: int = 0,
) -> Status:
    """The status of a partition by its last commits, oldest first.

    `ends` are where its log ended at times of the last minutes, `lag` the present one.
    """
    if lag <= allowed_lag or not commits:
        return "OK"
    if _stopped(commits, now_ms) and not any(end <= commits[-1].offset for end in ends):
        return "STOP"
    if _rewound(commits):
        return "REWIND"
    if any(c.lag is not None and c.lag <= allowed_lag for c in commits):
        return "OK"
    if all(c.offset == commits[0].offset for c in commits):
        return "STALL"
    lags = [c.lag for c in commits if c.lag is not None]
    return "WARN" if all(later >= earlier for earlier, later in pairwise(lags)) else "OK"


def _stopped(commits: Sequence[Commit], now_ms: int) -> bool:
    """The last commit is longer ago than all of them took."""
    return now_ms - commits[-1].at_ms > commits[-1].at_ms - commits[0].at_ms


def _rewound(commits: Sequence[Commit]) -> bool:
    """It went back, and has not yet come to where it was before it did."""
    for i in range(1, len(commits)):
        reached = commits[i - 1].offset
        if commits[i].offset < reached:
            return all(c.offset < reached for c in commits[i:])
    return False


def group_status(statuses: Iterable[Status]) -> GroupStatus:
    """The worst of a group's partitions; STOP, STALL and REWIND are errors."""
    seen = set(statuses)
    if seen & {"STOP", "STALL", "REWIND"}:
        return "ERR"
    return "WARN" if "WARN" in seen else "OK"
