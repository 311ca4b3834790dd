"""What a person, a test or a scenario may ask of a running lab: typed, checked, journalled.

Each command gets exactly one `Reply`. Commands travel as msgpack with the class name as tag.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from streaming.lab.consumer_commands import ConsumerCommand, SetAssignor
from streaming.lab.fault_commands import LiftFaults, PlantFault
from streaming.lab.record_commands import ReadRecords, TraceRecord


class _Command(msgspec.Struct, frozen=True, tag=True):
    """Base of all commands."""


class SetRate(_Command, frozen=True, tag=True):
    """Generate `per_s` records a second over all streams (0 to 1,000,000)."""

    per_s: float


class SetShape(_Command, frozen=True, tag=True):
    """Change the rate's shape: "constant", "ramp", "diurnal", "flash_sale" or "pause"."""

    shape: str


class Inject(_Command, frozen=True, tag=True):
    """Plant an incident for `seconds`; `kind` is one of `generators.incidents.KINDS`."""

    kind: str
    seconds: float = 10.0
    intensity: float = 0.0
    """0 means the incident's own default."""


class KillConsumer(_Command, frozen=True, tag=True):
    """Send SIGKILL to one consumer process; the lab starts it again after the group moved on."""

    name: str


class AddConsumer(_Command, frozen=True, tag=True):
    """Start one more consumer process in the group."""


class KillBroker(_Command, frozen=True, tag=True):
    """Send SIGKILL to the embedded broker; the lab restarts it on its data."""


class StopTraffic(_Command, frozen=True, tag=True):
    """End generation for good; the rest of the lab goes on until it has caught up."""


class Drain(_Command, frozen=True, tag=True):
    """Wait until every acknowledged record is in the store. Replies when it is, or on time-out."""

    timeout_s: float = 60.0


class Verify(_Command, frozen=True, tag=True):
    """Recompute the truth from the log and compare; the reply's `data` is the report as JSON."""


class CopyStore(_Command, frozen=True, tag=True):
    """Copy the store to a file that other processes may read; the reply's `data` is its path.

    Whoever asked removes it when it is done with; it goes at the latest with the connection.
    """


class SampleLog(_Command, frozen=True, tag=True):
    """Write the last `records` records of a stream to a file; the reply's `data` is its path.

    One value a line, as it is in the log; whoever asked removes the file.
    """

    stream: str
    records: int


class WhatIf(_Command, frozen=True, tag=True):
    """Try the usual keys out on a stream's newest records, on these numbers of shards.

    The reply's text is a table for each view, its lines at most `width` characters long.
    """

    stream: str
    shards: tuple[int, ...]
    width: int = 80


class TryKey(_Command, frozen=True, tag=True):
    """What would this key do, on `shards` shards (0: as many as now)? Changes nothing.

    The reply's `data` is a `CandidateView` as JSON, told from the stream's newest records.
    """

    stream: str
    key: str
    shards: int = 0


class CompareKeys(_Command, frozen=True, tag=True):
    """What the usual keys would do on the stream's present shards; changes nothing.

    The reply's `data` are `CandidateView`s as JSON, told from the stream's newest records.
    """

    stream: str


class SwitchKey(_Command, frozen=True, tag=True):
    """Give a stream another key from now on, and more shards unless `shards` is 0.

    Begins a new epoch. The reply comes when records flow by the new key.
    """

    stream: str
    key: str
    shards: int = 0


class SplitShard(_Command, frozen=True, tag=True):
    """Kinesis view: split an open shard at a hash key; `at` is a number as text.

    "" means: where what the shard carries halves, by its newest records.
    """

    stream: str
    shard: int
    at: str = ""


class MergeShards(_Command, frozen=True, tag=True):
    """Kinesis view: merge an open shard with the one whose hash keys follow its own."""

    stream: str
    shard: int
    other: int


class UpdateShardCount(_Command, frozen=True, tag=True):
    """Kinesis view: scale a stream to this many open shards, as the service does it."""

    stream: str
    shards: int


class SetLimits(_Command, frozen=True, tag=True):
    """Kinesis view: what a shard takes, "today"'s numbers or the "course"'s, or "off"."""

    numbers: str


class ReadParentsFirst(_Command, frozen=True, tag=True):
    """Kinesis view: whether a child shard is read only after its parents, as the KCL does."""

    on: bool


class SetReading(_Command, frozen=True, tag=True):
    """Kinesis view with limits: as how many applications that poll each shard the lab reads.

    `readers` is 1 to 20, the lab included; with `fan_out` it reads by enhanced fan-out.
    """

    readers: int
    fan_out: bool


class SetAggregation(_Command, frozen=True, tag=True):
    """Kinesis view: pack records together as the KPL does ("kpl"), or not ("off").

    "naive" packs across shards: readers drop such packs, which shows in the dead letters.
    """

    packing: str


class SetCollection(_Command, frozen=True, tag=True):
    """Kinesis view: whether the producer puts many records by one call, or each by its own."""

    on: bool


class UseWindows(_Command, frozen=True, tag=True):
    """Other windows, detectors and alarms from now on: `windows` are `Declarations` as JSON.

    What is not final of a window that changes or goes is in no result; what is final stays.
    """

    windows: str


class WindowHistory(_Command, frozen=True, tag=True):
    """A declared window's value over time; the reply's `data` is `WindowLine`s as JSON."""

    window: str
    value: str


class Acknowledge(_Command, frozen=True, tag=True):
    """Say that somebody knows of an alarm that is in ALARM; `key` "*" means of all its keys."""

    alarm: str
    key: str = "*"


class Suppress(_Command, frozen=True, tag=True):
    """No actions of an alarm for `seconds`; states and history go on. 0 seconds ends that."""

    alarm: str
    seconds: float
    key: str = "*"


class Summary(_Command, frozen=True, tag=True):
    """The run's totals so far; the reply's `data` is the JSON that `run --json` writes.

    With `score_alarms`, how good the alarms were by what was planted is in it.
    """

    score_alarms: bool = False


class Shutdown(_Command, frozen=True, tag=True):
    """End the lab cleanly: workers hand over what they hold, the store is checkpointed."""


Command: TypeAlias = (
    SetRate
    | SetShape
    | Inject
    | KillConsumer
    | AddConsumer
    | ConsumerCommand
    | SetAssignor
    | KillBroker
    | PlantFault
    | LiftFaults
    | StopTraffic
    | Drain
    | Verify
    | CopyStore
    | SampleLog
    | WhatIf
    | TryKey
    | CompareKeys
    | SwitchKey
    | SplitShard
    | MergeShards
    | UpdateShardCount
    | SetLimits
    | ReadParentsFirst
    | SetAggregation
    | SetCollection
    | SetReading
    | UseWindows
    | WindowHistory
    | Acknowledge
    | Suppress
    | Summary
    | ReadRecords
    | TraceRecord
    | Shutdown
)


class Reply(msgspec.Struct, frozen=True):
    """The answer to a command: `ok`, what was done or why not, and data where there is some.

    `lost` says that the engine ended before it could answer: ask the next one.
    """

    ok: bool
    text: str
    data: str = ""
    lost: bool = False
