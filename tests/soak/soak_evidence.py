"""What the members of a group wrote down, and what it proves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from soak_member import ROW


@dataclass(frozen=True)
class Proof:
    """What was delivered. A re-read is a record given out again because nobody had committed it."""

    deliveries: int
    rereads: int
    assignments: int
    commits: int


class Evidence:
    """The files of one member."""

    def __init__(self, file: Path) -> None:
        raw = file.with_suffix(".records").read_bytes()
        self.rows = np.frombuffer(raw[: len(raw) // ROW.itemsize * ROW.itemsize], ROW)
        self.events = [
            json.loads(line)
            for line in file.with_suffix(".events").read_text().splitlines()
            if line.endswith("}")  # the last one of a killed member may be torn
        ]

    @property
    def assignments(self) -> list[dict]:
        return [event for event in self.events if "assigned" in event]

    @property
    def commits(self) -> list[tuple[float, int, int]]:
        """When a commit was acknowledged, its partition, the next offset."""
        return [
            (event["at_s"], int(partition), offset)
            for event in self.events
            for partition, offset in event.get("committed", {}).items()
        ]

    def runs(self) -> list[tuple[float, int, np.ndarray]]:
        """For each assignment its time, and for each partition the offsets read in it."""
        bounds = [event["row"] for event in self.assignments] + [len(self.rows)]
        found = []
        for event, begin, end in zip(self.assignments, bounds, bounds[1:], strict=False):
            rows = self.rows[begin:end]
            for partition in np.unique(rows["partition"]):
                offsets = rows["offset"][rows["partition"] == partition]
                found.append((event["at_s"], int(partition), offsets))
        return found


def proof(files: list[Path], partitions: int, each: int) -> Proof:
    """Check all deliveries of a group that read `each` records of every partition.

    The producer gave record i of the whole to partition i % partitions, so a log without loss,
    repeat or disorder holds id = offset * partitions + partition, whoever reads it.
    """
    members = [Evidence(file) for file in files]
    rows = np.concatenate([member.rows for member in members])
    right = rows["offset"] * partitions + rows["partition"]
    assert np.array_equal(rows["id"], right), "a record lost, repeated or out of its order"
    unique = 0
    for partition in range(partitions):
        offsets = np.unique(rows["offset"][rows["partition"] == partition])
        assert np.array_equal(offsets, np.arange(each)), f"partition {partition} was not read whole"
        unique += len(offsets)
    commits = sorted(commit for member in members for commit in member.commits)
    for member in members:
        for at_s, partition, offsets in member.runs():
            assert (np.diff(offsets) == 1).all(), "a gap or a step back within one assignment"
            known = [end for when, part, end in commits if part == partition and when < at_s]
            assert offsets[0] >= max(known, default=0), "given out again although committed"
    return Proof(
        deliveries=len(rows),
        rereads=len(rows) - unique,
        assignments=sum(len(member.assignments) for member in members),
        commits=len(commits),
    )
